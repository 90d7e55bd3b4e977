"""Functions that format numbers, dates and lists of names as text for reports."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from discern.evaluating.difference_text import format_points

if TYPE_CHECKING:
    from discern.evaluating import CalibrationError, Interval, PolicyMetrics

NBSP = "\N{NO-BREAK SPACE}"
DASH = "\N{EN DASH}"
MINUS = "\N{MINUS SIGN}"


def percent(share: float | None, *, digits: int = 1) -> str:
    """Format a share as a percentage, such as `91.2 %`, or None as a dash.

    A share below 1 is never rounded up to 100 %.
    """
    if share is None:
        return DASH
    rounded = round(100 * share, digits)
    if rounded >= 100 > 100 * share:
        rounded = 100 - 10**-digits
    return f"{rounded:.{digits}f}{NBSP}%" if rounded < 100 else f"100{NBSP}%"


INTERVAL_LEVEL = percent(0.95, digits=0)


def percentage_points(difference: float | None) -> str:
    """Format a difference of shares in percentage points, such as `+4.8`."""
    if difference is None:
        return DASH
    return format_points(difference).replace("-", MINUS)


def count(number: float | None) -> str:
    """Format a count with thousands separators, and a weighted one with one decimal."""
    if number is None:
        return DASH
    # Weights of copies, such as thirds, do not add up to a whole number exactly.
    rounded = round(float(number), 1)
    return f"{rounded:,.0f}" if rounded.is_integer() else f"{rounded:,.1f}"


def plural(number: float, one: str, many: str = "") -> str:
    """Format a count with its noun, such as `2 pictures`."""
    return f"{count(number)} {one if number == 1 else many or one + 's'}"


def three_decimals(number: float | None) -> str:
    """Format a number with three decimals, or None as a dash."""
    return DASH if number is None else f"{number:.3f}"


def two_decimals(number: float | None) -> str:
    """Format a number with two decimals, or None as a dash."""
    return DASH if number is None else f"{number:.2f}".replace("-", MINUS)


def interval_text(metric: "Interval", number: Callable[[float], str] = two_decimals) -> str:
    """Format an interval, such as `0.20 to 0.40`, or return the reason why it is undefined.

    Args:
        metric: the interval.
        number: formats one end.
    """
    low, high = metric.low, metric.high
    if low is None or high is None:
        return metric.note or "no interval"
    return percent_interval(metric) if number is percent else f"{number(low)} to {number(high)}"


def chance_level(ece: "CalibrationError") -> str:
    """Describe the calibration error that a perfectly calibrated model shows by chance; empty if it is unknown."""
    mean = "" if ece.chance is None else percent(ece.chance)
    if ece.null95 is None:
        return mean and f"chance alone gives {mean} on average"
    return f"chance alone gives up to {percent(ece.null95)}" + (f", {mean} on average" if mean else "")


def percent_interval(metric: "Interval") -> str:
    """Format an interval of a share in percent, or return the reason why it is undefined."""
    low, high = metric.low, metric.high
    if low is None or high is None:
        return metric.note or "no interval"
    first = percent(low).removesuffix(f"{NBSP}%")
    return f"{first} to {percent(high)}"


def nested(values: Mapping[str, Any] | None, *keys: str) -> Mapping[str, Any]:
    """Return the mapping at a path of keys in nested JSON values, or an empty mapping."""
    found: Any = values
    for key in keys:
        found = found.get(key) if isinstance(found, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def duration(seconds: float | None) -> str:
    """Format a number of seconds as text, such as `2 min 05 s`, or None as a dash."""
    if seconds is None:
        return DASH
    if seconds < 90:
        return f"{seconds:.1f}{NBSP}s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}{NBSP}min {rest:02d}{NBSP}s"


def timestamp(stamp: object) -> str:
    """Format an ISO 8601 time as `2026-11-21 11:30 UTC`, and any other value as its text."""
    try:
        when = datetime.fromisoformat(str(stamp))
    except ValueError:
        return str(stamp)
    return f"{when:%Y-%m-%d %H:%M} {when.tzname() or ''}".strip()


def join_names(names: list[str], *, most: int = 6) -> str:
    """Join names with commas and "and", and replace those beyond `most` by their number."""
    if len(names) > most:
        return f"{', '.join(names[:most])} and {len(names) - most} more"
    return " and ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else "".join(names)


def exceeds_error_limit(policy: "PolicyMetrics") -> bool:
    """Return True if nothing is accepted because the tested groups or pictures exceed the error limit.

    The number of further groups that would be needed is then not shown, as more pictures alone may not suffice.
    """
    if policy.t_accept is not None:
        return False
    limit = policy.max_error or 0
    return (policy.picture_error or 0) > limit or (policy.wrong or 0) > limit * (policy.groups or 0)
