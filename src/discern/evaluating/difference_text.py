"""Functions that format differences of shares in percentage points, in sentences."""

from discern.evaluating.intervals import Interval


def format_points(difference: float) -> str:
    """Format a difference of shares in percentage points with its sign.

    >>> format_points(0.048), format_points(-0.012), format_points(-0.0001)
    ('+4.8', '-1.2', '0.0')
    """
    rounded = round(100 * difference, 1)
    return f"{rounded:+.1f}" if rounded else "0.0"


def describe_points(difference: Interval) -> str:
    """Describe a difference of shares in percentage points with its interval, such as "+2.5 points [-1.7, +6.6]"."""
    points = "" if difference.value is None else f"{format_points(difference.value)} points"
    if difference.value is None or difference.low is None or difference.high is None:
        return ", ".join(filter(None, [points, difference.note or "no interval"]))
    return f"{points} [{format_points(difference.low)}, {format_points(difference.high)}]"
