"""Table of prices: those of the package, and those that a user gives instead or in addition."""

import csv
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from discern.errors import UsageError

COLUMNS = ("service", "item", "unit", "price", "memory_gb", "cores", "region", "source", "date")
"""Columns of a price table; only `memory_gb`, `cores` and `region` may be missing."""
UNDATED = "undated"
REGION = "us-east-1"
_OPTIONAL = ("memory_gb", "cores", "region")
_UNITS = (
    *("GB-second", "GB-hour", "GB-month", "GB", "hour", "month"),
    *("million requests", "thousand requests", "thousand transitions", "thousand pictures"),
)
_STALE_DAYS = 180
_MOST_BYTES = 1 << 20  # not tuned: some thousand rows
_HINT = f"The columns are {', '.join(COLUMNS)}; docs/cost.md has an example."


class CostUnknown(Exception):
    """Exception for a cost that cannot be estimated; its message is the reason."""


class PriceUnknown(CostUnknown):
    """Exception for a price that the table does not have.

    Args:
        service: service of the price.
        item: item of the price.
    """

    def __init__(self, service: str, item: str) -> None:
        super().__init__(f"price not known: give it by --prices FILE ({service},{item})")


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


class PriceTable:
    """Prices by service and item, which remembers those that were used.

    Args:
        prices: the rows; of two for the same item, the later one counts.
    """

    def __init__(self, prices: Iterable[Price]) -> None:
        self._prices: Mapping[tuple[str, str], Price] = {(each.service, each.item): each for each in prices}
        self._used: dict[tuple[str, str], Price] = {}

    def amount(self, service: str, item: str, unit: str) -> float:
        """Return the US dollars of one unit, and count the price as used.

        Raises:
            PriceUnknown: the table does not have it.
            UsageError: it has another unit.
        """
        price = self._prices.get((service, item))
        if price is None:
            raise PriceUnknown(service, item)
        if price.unit != unit:
            message = f"The price of {service},{item} has the unit {price.unit!r} instead of {unit!r}."
            raise UsageError(message, hint="Convert the price in the file of --prices.")
        self._used[service, item] = price
        return price.amount

    def has(self, service: str, item: str) -> bool:
        """Test whether the table has a price, without counting it as used."""
        return (service, item) in self._prices

    def of(self, service: str) -> list[Price]:
        """Return all prices of a service, which are not counted as used."""
        return [each for each in self._prices.values() if each.service == service]

    def __iter__(self) -> Iterator[Price]:
        return iter(self._prices.values())

    @property
    def used(self) -> tuple[Price, ...]:
        """Return the prices that were used, in the order of their first use."""
        return tuple(self._used.values())

    @property
    def as_of(self) -> str:
        """Return the oldest date of the prices that were used, or "undated" if none has one."""
        dates = [each.day for each in self.used if each.day is not None]
        return min(dates).isoformat() if dates else UNDATED

    @property
    def regions(self) -> tuple[str, ...]:
        """Return the regions of the prices that were used, in the order of the alphabet."""
        return tuple(sorted({each.region for each in self.used}))

    def warnings(self, today: date) -> list[str]:
        """Return a sentence on the age and the regions of the prices that were used, where they matter.

        Args:
            today: the current day.
        """
        old = [each for each in self.used if each.day is not None and (today - each.day).days > _STALE_DAYS]
        undated = [each for each in self.used if each.day is None]
        said = []
        if old:
            said.append(
                f"Prices older than {_STALE_DAYS} days: {_names(old)}. Check them at their sources, and give new ones "
                "by --prices FILE."
            )
        if undated:
            said.append(f"Prices whose source has no date: {_names(undated)}.")
        if len(self.regions) > 1:
            said.append(f"Prices of several regions are mixed: {', '.join(self.regions)}.")
        return said


def _names(prices: Iterable[Price]) -> str:
    return ", ".join(f"{each.service} {each.item}" for each in prices)


def load_prices(path: str | Path | None = None, *, today: date) -> PriceTable:
    """Load the price table of the package, with the rows of a user's file in place of it or in addition.

    Args:
        path: CSV file of the user; None for the package's table alone.
        today: the current day; no price may be from later.

    Raises:
        UsageError: the file cannot be read, or a row of it is invalid.
    """
    own = Path(__file__).with_name("prices.csv")
    # The package's own dates are right even where the clock is not.
    rows = [*_read(own, date.max), *(() if path is None else _read(Path(path), today))]
    return PriceTable(rows)


def _read(path: Path, today: date) -> Iterator[Price]:
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise UsageError(f"{path} is not a price table: it has more than {_MOST_BYTES >> 20} MiB.", hint=_HINT)
        reader = csv.DictReader(path.read_text(encoding="utf-8-sig").splitlines(), strict=True)
        names = [name.strip() for name in reader.fieldnames or ()]
        _check_columns(path, names)
        reader.fieldnames = names
        seen: dict[tuple[str, str], int] = {}
        for row in reader:
            where = f"{path}, line {reader.line_num}"
            price = _parse(row, where, today)
            first = seen.setdefault((price.service, price.item), reader.line_num)
            if first != reader.line_num:
                raise _invalid(where, f"{price.service},{price.item} is already in line {first}")
            yield price
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror or error}.", hint=_HINT) from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise UsageError(f"{path} is not a CSV file in UTF-8: {error}.", hint=_HINT) from error


def _check_columns(path: Path, names: list[str]) -> None:
    missing = [name for name in COLUMNS if name not in names and name not in _OPTIONAL]
    unknown = [name for name in names if name not in COLUMNS]
    if missing:
        raise UsageError(f"{path} has no column {', '.join(missing)}.", hint=_HINT)
    if unknown:
        raise UsageError(f"{path} has an unknown column: {', '.join(map(repr, unknown))}.", hint=_HINT)


def _parse(row: Mapping[str | None, str | list[str] | None], where: str, today: date) -> Price:
    if None in row or None in row.values():
        raise _invalid(where, "the number of values is not that of the columns")
    text = {str(name): str(value).strip() for name, value in row.items()}
    for name in ("service", "item", "source"):
        if not text[name]:
            raise _invalid(where, f"{name} is empty")
    if text["unit"] not in _UNITS:
        raise _invalid(where, f"unit is {text['unit']!r}, not one of {', '.join(_UNITS)}")
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
        raise _invalid(where, "memory_gb and cores of a machine must be above 0")
    return replace(
        price, region=text.get("region") or REGION, memory_gb=sizes.get("memory_gb"), cores=sizes.get("cores")
    )


def _number(text: str, name: str, where: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0 <= number < math.inf:
        raise _invalid(where, f"{name} is {text!r}, not a number of 0 or more")
    return number


def _day(text: str, where: str, today: date) -> date | None:
    if text.lower() == UNDATED:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise _invalid(where, f"date is {text!r}, not a date such as 2026-09-27 or the word {UNDATED}") from None
    if day > today:
        raise _invalid(where, f"date is {text}, which is later than today")
    return day


def _invalid(where: str, why: str) -> UsageError:
    return UsageError(f"{where}: {why}.", hint=_HINT)
