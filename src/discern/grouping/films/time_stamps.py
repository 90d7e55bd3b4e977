"""Function that finds the time in a file name, such as that of a phone's picture or of a screenshot."""

import re
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

_YEAR, _TWO = r"(?:19|20)\d\d", r"\d\d"
_DATES = (
    rf"(?P<year>{_YEAR})(?P<dash>[-_.: ]?)(?P<month>{_TWO})(?P=dash)(?P<day>{_TWO})",
    rf"(?P<day>{_TWO})(?P<dash>[-_.])(?P<month>{_TWO})(?P=dash)(?P<year>{_YEAR})",
)
_TIME = (
    r"(?:\D{0,4}?)(?P<hour>\d\d|(?<=\D)\d(?=[-_.:h]))[-_.: h]?(?P<minute>\d\d)[-_.: m]?(?P<second>\d\d)s?"
    r"(?:[._-]?(?P<fraction>\d{3}|(?<![_-])\d{6})(?!\d))?(?!\d)(?:\s?(?P<half>[ap])\.?\s?m\b\.?)?"
)
_STAMPS = tuple(re.compile(rf"(?<!\d){date}{_TIME}") for date in _DATES)
# From 2001 to 2033, in seconds, with a fraction or in thousandths of it.
_EPOCH = re.compile(r"(?<![\d.])(?P<second>1\d{9})(?:(?P<fraction>\d{9}|\d{6}|\d{3})|\.(?P<decimals>\d{1,9}))?(?![\d])")
_START = datetime(1970, 1, 1, tzinfo=UTC)


class Stamp(NamedTuple):
    """Time in a name, in milliseconds since 1970 by the clock of whatever wrote it, and its place."""

    time: int
    start: int
    end: int


def find_stamp(stem: str) -> Stamp | None:
    """Find a date with a time to the second, or the seconds since 1970, in a name in lower case."""
    for pattern in _STAMPS:
        found = pattern.search(stem)
        seconds = _seconds(found) if found else None
        if found and seconds is not None:
            return Stamp(seconds * 1000 + _thousandths(found["fraction"]), *found.span())
    found = _EPOCH.search(stem)
    if not found:
        return None
    part = _thousandths(found["fraction"] or found["decimals"])
    return Stamp(int(found["second"]) * 1000 + part, *found.span())


def _seconds(found: re.Match[str]) -> int | None:
    year, month, day, hour, minute, second = (
        int(found[name]) for name in ("year", "month", "day", "hour", "minute", "second")
    )
    if found["half"] and hour <= 12:
        hour = hour % 12 + 12 * (found["half"] == "p")
    if month > 12 >= day:
        day, month = month, day
    try:
        time = datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    except ValueError:
        return None
    return (time - _START) // timedelta(seconds=1)


def _thousandths(digits: str | None) -> int:
    return int((digits or "")[:3].ljust(3, "0"))
