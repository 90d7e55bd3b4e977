"""Table of prices: those of the package, and those that a user gives instead or in addition."""

import csv
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import date
from pathlib import Path

from discern.errors import UsageError
from discern.shipping.price_row import (
    COLUMNS,
    HINT,
    MACHINES,
    REGION,
    UNDATED,
    Price,
    check_columns,
    invalid_row,
    is_blank,
    parse_price,
)

__all__ = ["COLUMNS", "REGION", "UNDATED", "CostUnknown", "Price", "PriceTable", "PriceUnknown", "load_prices"]


_OWN = Path(__file__).with_name("prices.csv")
_NOT_IN_PACKAGE = frozenset(  # prices that estimates use, and of which the package has no source
    [
        *(("fargate", "memory"), ("rekognition", "custom-labels-inference")),
        *(("azure-custom-vision", "prediction"), ("vertex-ai", "automl-image-deployment")),
    ]
)
_STALE_DAYS = 180
_MOST_BYTES = 1 << 20  # not tuned: some thousand rows


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


class PriceTable:
    """Prices by service and item, which remembers those that were used.

    Args:
        prices: the rows; of two for the same item, the later one counts.
        given: the rows of them that a user gave.
    """

    def __init__(self, prices: Iterable[Price], given: Iterable[Price] = ()) -> None:
        self._given = tuple(given)
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
        """Return sentences on the age and regions of the prices that were used, and on those without effect.

        Args:
            today: the current day.
        """
        old = [each for each in self.used if each.day is not None and (today - each.day).days > _STALE_DAYS]
        undated = [each for each in self.used if each.day is None]
        said = _ineffective(self._given)
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


def _ineffective(given: Collection[Price]) -> list[str]:
    """Return a sentence for the given prices that no estimate uses, and one for machines that cannot be compared."""
    if not given:
        return []
    own = {(each.service, each.item) for each in _read(_OWN, date.max)} | _NOT_IN_PACKAGE
    unknown = [each for each in given if each.service not in MACHINES and (each.service, each.item) not in own]
    sizeless = [each for each in given if each.service in MACHINES and not (each.memory_gb and each.cores)]
    said = []
    if unknown:
        said.append(f"Prices of the file that no estimate uses: {_names(unknown)}. Check their names.")
    if sizeless:
        said.append(f"Machines of the file without memory_gb or cores, which are not compared: {_names(sizeless)}.")
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
    given = [] if path is None else list(_read(Path(path), today))
    if path is not None and not given:
        raise UsageError(f"{path} has no prices.", hint=HINT)
    # The package's own dates are right even where the clock is not.
    return PriceTable([*_read(_OWN, date.max), *given], given)


def _read(path: Path, today: date) -> Iterator[Price]:
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise UsageError(f"{path} is not a price table: it has more than {_MOST_BYTES >> 20} MiB.", hint=HINT)
        reader = csv.DictReader(path.read_text(encoding="utf-8-sig").splitlines(), strict=True)
        names = [name.strip() for name in reader.fieldnames or ()]
        check_columns(path, names)
        reader.fieldnames = names
        seen: dict[tuple[str, str], int] = {}
        for row in reader:
            if is_blank(row):
                continue
            where = f"{path}, line {reader.line_num}"
            price = parse_price(row, where, today)
            first = seen.setdefault((price.service, price.item), reader.line_num)
            if first != reader.line_num:
                raise invalid_row(where, f"{price.service},{price.item} is already in line {first}")
            yield price
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror or error}.", hint=HINT) from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise UsageError(f"{path} is not a CSV file in UTF-8: {error}.", hint=HINT) from error
