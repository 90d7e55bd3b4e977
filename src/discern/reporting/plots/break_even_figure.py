"""Figure of the monthly costs of several ways to deploy a model by its answers a day."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from discern.reporting.charts.svg import Frame, tag
from discern.reporting.plots.slide import COLOURS, draw_slide

_FRAME = Frame(left=62.0, top=50.0, width=300.0, height=168.0)
_LEAST_DOLLARS = 0.01
_LABEL_GAP = 13.0
_MOST_LABELS = 7  # beside each other
_LONG, _MILLION = 5, 6  # powers of ten whose labels are shortened


@dataclass(frozen=True, kw_only=True)
class CostLine:
    """Costs of one way to deploy a model.

    Attributes:
        name: name of the way.
        points: answers a day and US dollars a month, by rising answers.
    """

    name: str
    points: Sequence[tuple[float, float]]


@dataclass(frozen=True, kw_only=True)
class Crossing:
    """Point at which two ways cost the same.

    Attributes:
        answers: answers a day.
        dollars: US dollars a month.
    """

    answers: float
    dollars: float


def draw_break_even(
    lines: Sequence[CostLine], crossings: Sequence[Crossing], *, title: str, under: str, current: float
) -> str:
    """Draw the costs as SVG, both axes in powers of ten.

    Args:
        lines: up to four ways to deploy.
        crossings: points to mark.
        title: title of the figure.
        under: line under the title.
        current: answers a day to mark.
    """
    answers = [math.log10(at) for line in lines for at, _ in line.points]
    amounts = [_height(amount) for line in lines for _, amount in line.points]
    across = (math.floor(min(answers)), math.ceil(max(answers)))
    up = (math.floor(min(amounts)), max(math.ceil(max(amounts)), math.floor(min(amounts)) + 1))
    frame = Frame(left=_FRAME.left, top=_FRAME.top, width=_FRAME.width, height=_FRAME.height, across=across, up=up)
    powers = range(across[0], across[1] + 1)
    every = 1 + (len(powers) > _MOST_LABELS)
    columns = [(float(power), _thousands(power) if power % every == 0 else "") for power in powers]
    rows = range(up[0], up[1] + 1)
    marks = frame.axes(columns, rows, across="answers a day", up="US dollars a month", number=_dollars)
    marks.append(_vertical(frame, math.log10(current)))
    for line, colour in zip(lines, COLOURS, strict=False):
        shown = [(at, amount) for at, amount in line.points if amount >= _LEAST_DOLLARS]
        path = " ".join(f"{frame.x(math.log10(at)):.1f},{frame.y(_height(amount)):.1f}" for at, amount in shown)
        marks.append(tag("polyline", points=path, fill="none", stroke=colour, stroke_width="1.8"))
    marks += [_crossing(frame, each) for each in crossings]
    return draw_slide(title, under, [*marks, *_labels(frame, lines)])


def _height(amount: float) -> float:
    return math.log10(max(amount, _LEAST_DOLLARS))


def _vertical(frame: Frame, at: float) -> Markup:
    x = frame.x(at)
    return tag("line", x1=x, x2=x, y1=frame.top, y2=frame.bottom, stroke="#555", stroke_dasharray="3 3")


def _crossing(frame: Frame, point: Crossing) -> Markup:
    x, y = frame.x(math.log10(point.answers)), frame.y(_height(point.dollars))
    title = tag("title", f"{point.answers:,.0f} answers a day, ${point.dollars:,.2f} a month")
    return tag("circle", title, cx=x, cy=y, r="4", fill="#fff", stroke="#111", stroke_width="1.4")


def _labels(frame: Frame, lines: Sequence[CostLine]) -> list[Markup]:
    """Label each line at its right end, apart from each other."""
    ends = sorted((frame.y(_height(line.points[-1][1])), index) for index, line in enumerate(lines[: len(COLOURS)]))
    marks, last = [], -math.inf
    for y, index in ends:
        last = max(y, last + _LABEL_GAP)
        x = frame.left + frame.width + 6
        marks.append(tag("text", lines[index].name, x=x, y=last + 3, style=f"fill: {COLOURS[index]}"))
    return marks


def _thousands(power: int) -> str:
    return f"{10**power:,}" if power < 6 else f"{10 ** (power - 6):,} m"


def _dollars(power: float) -> str:
    if power >= _LONG:
        return f"${10 ** (power - 3):,.0f} k" if power < _MILLION else f"${10 ** (power - _MILLION):,.0f} m"
    return f"${10**power:,.0f}" if power >= 0 else f"${10**power:.2f}"
