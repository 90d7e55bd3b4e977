"""Bars: a figure with its interval, parts of a whole, a hundred pictures as squares."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from markupsafe import Markup

from discern.reporting.charts.svg import joined, tag

if TYPE_CHECKING:
    from discern.evaluating import Interval

_COLUMNS = 20
_STEP = 16.0
_SIDE = 13.0


def interval_track(
    metric: "Interval | float | None",
    *,
    start: float = 0.0,
    end: float = 1.0,
    kind: str = "plain",
    mark: float | None = None,
) -> Markup:
    """A figure as a dot with its interval as a bar on a track from `start` to `end`; words stand beside it in HTML.

    Args:
        metric: value, low and high, or a value alone; what is None is not drawn.
        start: the value at the left end.
        end: the value at the right end.
        kind: a class for the style sheet.
        mark: a value to reach, drawn as a line across.
    """
    value = metric if metric is None or isinstance(metric, float) else metric.value
    low, high = (None, None) if metric is None or isinstance(metric, float) else (metric.low, metric.high)

    def place(number: float) -> str:
        return f"{100 * min(1.0, max(0.0, (number - start) / ((end - start) or 1.0))):.2f}%"

    marks = [tag("line", x1="0", x2="100%", y1="10", y2="10", class_="rail")]
    if low is not None and high is not None:
        marks.append(tag("line", x1=place(low), x2=place(high), y1="10", y2="10", class_="span"))
    if mark is not None:
        marks.append(tag("line", x1=place(mark), x2=place(mark), y1="2", y2="18", class_="goal"))
    if value is not None:
        marks.append(tag("circle", cx=place(value), cy="10", r="5", class_="dot"))
    return tag("svg", joined(marks), class_=f"track {kind}", height="20", aria_hidden="true")


def stacked_bar(values: Sequence[float], *, total: float) -> Markup:
    """Values beside each other in one bar, each its own shade, as long as their sum is of `total`."""
    left, pieces = 0.0, []
    for place, value in enumerate(values):
        width = 100 * value / total if total else 0.0
        pieces.append(tag("rect", x=f"{left:.3f}%", y="0", width=f"{width:.3f}%", height="12", class_=f"shade{place}"))
        left += width
    return tag("svg", joined(pieces), class_="bar", height="12", aria_hidden="true")


def paired_bars(first: float, second: float) -> Markup:
    """Two shares of a whole above each other, the first strong, the second faint."""
    pieces = [
        tag("rect", x="0", y="0", width=f"{100 * first:.3f}%", height="9", class_="shade0"),
        tag("rect", x="0", y="11", width=f"{100 * second:.3f}%", height="5", class_="rival"),
    ]
    return tag("svg", joined(pieces), class_="bar", height="16", aria_hidden="true")


def hundred(kinds: Sequence[tuple[str, int]], *, name: str) -> Markup:
    """A hundred squares, so many of each kind after the other; a kind has its own shape, not its colour alone."""
    places = [kind for kind, count in kinds for _ in range(count)]
    marks = []
    for number, kind in enumerate(places):
        row, column = divmod(number, _COLUMNS)
        x, y = _STEP * column + 1, _STEP * row + 1
        marks.append(tag("rect", x=x, y=y, width=_SIDE, height=_SIDE, rx="2.5", class_=kind))
        if kind == "wrong":
            cross = f"M{x + 4:g} {y + 4:g}l5 5m0 -5l-5 5"
            marks.append(tag("path", d=cross, class_="cross"))
        if kind == "unknown":
            marks.append(tag("text", "?", x=x + _SIDE / 2, y=y + 10, text_anchor="middle"))
    rows = -(-len(places) // _COLUMNS)
    box = f"0 0 {_STEP * _COLUMNS:g} {_STEP * max(rows, 1):g}"
    return tag("svg", joined(marks), viewBox=box, class_="hundred", role="img", aria_label=name)
