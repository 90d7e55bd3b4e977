"""Row of a price table, and the rules for a CSV file of such rows."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from discern.errors import UsageError

COLUMNS = ("service", "item", "unit", "price", "memory_gb", "cores", "region", "source", "date")
"""Columns of a price table; only `memory_gb`, `cores` and `region` may be missing."""
MACHINES = {"sagemaker": ("hour", "month"), "sagemaker-notebook": ("hour",), "lightsail": ("hour", "month")}
"""Services whose items are machines, with the units of their prices."""
UNDATED = "undated"
REGION = "us-east-1"
HINT = f"The columns are {', '.join(COLUMNS)}; docs/cost.md has an example."
_OPTIONAL = ("memory_gb", "cores", "region")
_UNITS = (
    *("GB-second", "GB-hour", "GB-month", "GB", "hour", "month"),
    *("million requests", "thousand requests", "thousand transitions", "thousand pictures"),
)
_SEPARATORS = {";": "semicolons", "\t": "tabs"}
_NUMBER = re.compile(r"(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?", re.ASCII)
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_LEAST_SIZE, _MOST = 0.01, 1e6


@dataclass(frozen=True, kw_only=True)
class Price:
    """One row of the table.

    Attributes:
        service: service, such as "lambda".
        item: item of the service that is paid for.
        unit: unit of the price, such as "GB-second".
        amount: US dollars a unit.
        memory_gb: memory of a machine in GB; None for other items.
        cores: cores that a machine may keep busy all the time; None for other items.
        region: region of the price.
        source: page or interface that states the price.
        day: day on which the source was read; None if that is not known.
    """

    service: str
    item: str
    unit: str
    amount: float
    memory_gb: float | None = None
    cores: float | None = None
    region: str = REGION
    source: str
    day: date | None = None


def is_blank(row: Mapping[Any, str | list[str] | None]) -> bool:
    """Test whether a row has no text, as those that spreadsheets add at the end."""
    return not any(value.strip() if isinstance(value, str) else value for value in row.values())


def check_columns(path: Path, names: list[str]) -> None:
    """Check the columns of a file.

    Raises:
        UsageError: one is missing, unknown or repeated.
    """
    for separator, name in _SEPARATORS.items():
        if len(names) == 1 and separator in names[0]:
            raise UsageError(f"{path} has {name} between its columns, not commas.", hint=HINT)
    if repeated := sorted({name for name in names if names.count(name) > 1}):
        raise UsageError(f"{path} has a repeated column: {', '.join(map(repr, repeated))}.", hint=HINT)
    missing = [name for name in COLUMNS if name not in names and name not in _OPTIONAL]
    unknown = [name for name in names if name not in COLUMNS]
    if missing:
        raise UsageError(f"{path} has no column {', '.join(missing)}.", hint=HINT)
    if unknown:
        raise UsageError(f"{path} has an unknown column: {', '.join(map(repr, unknown))}.", hint=HINT)


def parse_price(row: Mapping[str | None, str | list[str] | None], where: str, today: date) -> Price:
    """Parse a row of a file.

    Args:
        row: text by column.
        where: file and line, for messages.
        today: the current day; no price may be from later.

    Raises:
        UsageError: it is invalid.
    """
    if None in row or None in row.values():
        raise invalid_row(where, "the number of values is not that of the columns")
    text = {str(name): str(value).strip() for name, value in row.items()}
    for name in ("service", "item", "source"):
        if not text[name]:
            raise invalid_row(where, f"{name} is empty")
    if text["unit"] not in _UNITS:
        raise invalid_row(where, f"unit is {text['unit']!r}, not one of {', '.join(_UNITS)}")
    price = Price(
        service=text["service"].lower(),
        item=text["item"].lower(),
        unit=text["unit"],
        amount=_number(text["price"], "price", where),
        source=text["source"],
        day=_day(text["date"], where, today),
    )
    sizes = {name: _number(text[name], name, where) for name in ("memory_gb", "cores") if text.get(name)}
    if 0 in sizes.values():
        raise invalid_row(where, "memory_gb and cores of a machine must be above 0")
    if any(size < _LEAST_SIZE for size in sizes.values()):
        raise invalid_row(where, f"memory_gb and cores of a machine must be {_LEAST_SIZE:g} or more")
    if price.unit not in MACHINES.get(price.service, _UNITS):
        raise invalid_row(
            where, f"unit is {price.unit!r}, not {' or '.join(MACHINES[price.service])}, as for a machine"
        )
    return replace(
        price, region=text.get("region") or REGION, memory_gb=sizes.get("memory_gb"), cores=sizes.get("cores")
    )


def _number(text: str, name: str, where: str) -> float:
    if not _NUMBER.fullmatch(text) or float(text) > _MOST:
        raise invalid_row(where, f"{name} is {text!r}, not a number from 0 to {_MOST:,.0f} such as 0.25")
    return float(text)


def _day(text: str, where: str, today: date) -> date | None:
    if text.lower() == UNDATED:
        return None
    try:
        day = date.fromisoformat(text if _DAY.fullmatch(text) else "")
    except ValueError:
        raise invalid_row(where, f"date is {text!r}, not a date such as 2026-09-27 or the word {UNDATED}") from None
    if day > today:
        raise invalid_row(where, f"date is {text}, which is later than today")
    return day


def invalid_row(where: str, why: str) -> UsageError:
    """Return the error for a row."""
    return UsageError(f"{where}: {why}.", hint=HINT)
