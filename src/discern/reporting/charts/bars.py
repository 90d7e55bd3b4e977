"""Functions that draw interval plots, stacked and paired bars, and waffle charts as SVG."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from markupsafe import Markup

from discern.reporting.charts.svg import joined, tag

if TYPE_CHECKING:
    from discern.evaluating import Interval

_WAFFLE_COLUMNS = 20
_WAFFLE_STEP = 16.0
_WAFFLE_SIDE = 13.0


def interval_plot(
    metric: "Interval | float | None",
    *,
    start: float = 0.0,
    end: float = 1.0,
    kind: str = "plain",
    mark: float | None = None,
) -> Markup:
    """Plot a metric as a dot with its confidence interval as a bar.

    Args:
        metric: value, low and high, or a value alone; None is not drawn.
        start: value at the left end of the horizontal axis.
        end: value at the right end.
        kind: CSS class.
        mark: target value, drawn as a vertical line.
    """
    value = metric if metric is None or isinstance(metric, float) else metric.value
    low, high = (None, None) if metric is None or isinstance(metric, float) else (metric.low, metric.high)

    def position(number: float) -> str:
        return f"{100 * min(1.0, max(0.0, (number - start) / ((end - start) or 1.0))):.2f}%"

    marks = [tag("line", x1="0", x2="100%", y1="10", y2="10", class_="rail")]
    if low is not None and high is not None:
        marks.append(tag("line", x1=position(low), x2=position(high), y1="10", y2="10", class_="span"))
    if mark is not None:
        marks.append(tag("line", x1=position(mark), x2=position(mark), y1="2", y2="18", class_="goal"))
    if value is not None:
        marks.append(tag("circle", cx=position(value), cy="10", r="5", class_="dot"))
    return tag("svg", joined(marks), class_=f"track {kind}", height="20", aria_hidden="true")


def stacked_bar(values: Sequence[float], *, total: float) -> Markup:
    """Draw a stacked bar with one shade per value, on an axis from 0 to `total`."""
    left, pieces = 0.0, []
    for index, value in enumerate(values):
        width = 100 * value / total if total else 0.0
        pieces.append(tag("rect", x=f"{left:.3f}%", y="0", width=f"{width:.3f}%", height="12", class_=f"shade{index}"))
        left += width
    return tag("svg", joined(pieces), class_="bar", height="12", aria_hidden="true")


def paired_bars(first: float, second: float) -> Markup:
    """Draw a pair of horizontal bars, of which the second is thin and faint."""
    pieces = [
        tag("rect", x="0", y="0", width=f"{100 * first:.3f}%", height="9", class_="shade0"),
        tag("rect", x="0", y="11", width=f"{100 * second:.3f}%", height="5", class_="baseline"),
    ]
    return tag("svg", joined(pieces), class_="bar", height="16", aria_hidden="true")


def waffle_chart(kinds: Sequence[tuple[str, int]], *, name: str) -> Markup:
    """Draw counts as a waffle chart of squares that differ in shape as well as colour."""
    squares = [kind for kind, count in kinds for _ in range(count)]
    marks = []
    for number, kind in enumerate(squares):
        row, column = divmod(number, _WAFFLE_COLUMNS)
        x, y = _WAFFLE_STEP * column + 1, _WAFFLE_STEP * row + 1
        marks.append(tag("rect", x=x, y=y, width=_WAFFLE_SIDE, height=_WAFFLE_SIDE, rx="2.5", class_=kind))
        if kind == "wrong":
            cross = f"M{x + 4:g} {y + 4:g}l5 5m0 -5l-5 5"
            marks.append(tag("path", d=cross, class_="cross"))
        if kind == "unknown":
            marks.append(tag("text", "?", x=x + _WAFFLE_SIDE / 2, y=y + 10, text_anchor="middle"))
    rows = -(-len(squares) // _WAFFLE_COLUMNS)
    box = f"0 0 {_WAFFLE_STEP * _WAFFLE_COLUMNS:g} {_WAFFLE_STEP * max(rows, 1):g}"
    return tag("svg", joined(marks), viewBox=box, class_="waffle", role="img", aria_label=name)
