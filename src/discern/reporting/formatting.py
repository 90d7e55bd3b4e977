"""Numbers in words and figures that a person reads without a manual."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from discern.evaluating import Interval, PolicyMetrics

NARROW = "\N{NO-BREAK SPACE}"
NONE = "\N{EN DASH}"
MINUS = "\N{MINUS SIGN}"


def percent(share: float | None, *, digits: int = 1) -> str:
    """A share as `91.2 %`; a dash where there is none. A share short of 1 is never rounded up to 100 %."""
    if share is None:
        return NONE
    rounded = round(100 * share, digits)
    if rounded >= 100 > 100 * share:
        rounded = 100 - 10**-digits
    return f"{rounded:.{digits}f}{NARROW}%" if rounded < 100 else f"100{NARROW}%"


def points(share: float | None) -> str:
    """A difference of shares in percentage points, with its sign: `+4.8`."""
    if share is None:
        return NONE
    rounded = round(100 * share, 1)
    return f"{rounded:+.1f}".replace("-", MINUS) if rounded else "0.0"


def count(number: float | None) -> str:
    """A count with thousands set apart; at most one decimal where weights make it a fraction."""
    if number is None:
        return NONE
    return f"{number:,.0f}" if float(number).is_integer() else f"{number:,.1f}"


def plural(number: float, one: str, many: str = "") -> str:
    """`1 picture`, `2 pictures`."""
    return f"{count(number)} {one if number == 1 else many or one + 's'}"


def decimal(number: float | None) -> str:
    """A figure that is no share, with three decimals."""
    return NONE if number is None else f"{number:.3f}"


def steps(number: float | None) -> str:
    """A mean of counts, such as steps on a scale, with two decimals."""
    return NONE if number is None else f"{number:.2f}".replace("-", MINUS)


def ends(metric: "Interval", say: Callable[[float], str] = steps) -> str:
    """The ends of an interval, each said by `say`, or why there are none."""
    low, high = metric.low, metric.high
    if low is None or high is None:
        return metric.note or "no interval"
    return interval(metric) if say is percent else f"{say(low)} to {say(high)}"


def part(facts: Mapping[str, Any] | None, *names: str) -> Mapping[str, Any]:
    """A nested part of JSON-like facts, empty where any step is missing or null."""
    found: Any = facts
    for name in names:
        found = found.get(name) if isinstance(found, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def interval(metric: "Interval") -> str:
    """The ends of a share's interval, `88.9 to 93.1 %`, or why there are none."""
    low, high = metric.low, metric.high
    if low is None or high is None:
        return metric.note or "no interval"
    first = percent(low).removesuffix(f"{NARROW}%")
    return f"{first} to {percent(high)}"


def seconds(length: float | None) -> str:
    """A length of time as a person says it."""
    if length is None:
        return NONE
    if length < 90:
        return f"{length:.1f}{NARROW}s"
    minutes, rest = divmod(round(length), 60)
    return f"{minutes}{NARROW}min {rest:02d}{NARROW}s"


def moment(stamp: object) -> str:
    """An ISO 8601 time as `2026-11-21 11:30 UTC`; anything else as it is."""
    try:
        when = datetime.fromisoformat(str(stamp))
    except ValueError:
        return str(stamp)
    return f"{when:%Y-%m-%d %H:%M} {when.tzname() or ''}".strip()


def listed(names: list[str], *, most: int = 6) -> str:
    """Names joined with commas; beyond `most` only their number is said."""
    if len(names) > most:
        return f"{', '.join(names[:most])} and {len(names) - most} more"
    return " and ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else "".join(names)


def errs_too_often(policy: "PolicyMetrics") -> bool:
    """True if more pictures would not help: even the surest predictions are wrong more often than the limit."""
    return policy.t_accept is None and (policy.wrong or 0) > (policy.max_error or 0) * (policy.groups or 0)
