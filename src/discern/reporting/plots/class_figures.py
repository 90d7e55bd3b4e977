"""Functions that draw the number of pictures and the range of a measure of each class on a slide."""

from collections.abc import Callable, Sequence

from markupsafe import Markup

from discern.catalog.label_text import show_label
from discern.reporting.charts.svg import tag
from discern.reporting.formatting import count, plural
from discern.reporting.plots.class_counts import NO_PART, ClassCounts
from discern.reporting.plots.class_grid import MOST_CLASSES, ClassGrid, ClassRow
from discern.reporting.plots.distribution import Distribution, Spread
from discern.reporting.plots.slide import COLOURS, HEIGHT, WIDTH, draw_slide

_TOP, _BOTTOM = 50.0, HEIGHT - 12
_AXIS_HEIGHT = 26.0
# Not tuned: width of a tick's label and its blank, in units of its font size.
_TICK_LETTERS = 4.0
_TICK_FONT = 8.5
_LEGEND_LETTER = 4.9


def draw_class_counts(counts: ClassCounts, *, in_order: bool, name: str) -> str:
    """Draw the number of pictures of each class, stacked by part.

    Args:
        counts: the numbers.
        in_order: keep the order of the labels; else the most frequent class is the first.
        name: name of the data set.
    """
    labels = list(counts.classes) if in_order else sorted(counts.classes, key=counts.total, reverse=True)
    shown, left_out = _shown(labels, counts.total)
    grid = ClassGrid(labels=list(map(show_label, shown)), top=_TOP, bottom=_BOTTOM, end=3.6)
    most = max(max(map(counts.total, shown), default=1), 1)
    marks = []
    for row, label in zip(grid, shown, strict=True):
        left = row.left
        for place, number in enumerate(counts.classes[label]):
            width = row.width * number / most
            marks.append(_bar(left, width, row.middle, 0.7 * grid.step, COLOURS[min(place, len(COLOURS) - 1)]))
            left += width
        marks += [grid.name(row), grid.text(count(counts.total(label)), row, x=left + 2.5)]
    pictures = plural(sum(map(counts.total, labels)), "picture")
    under = f"{pictures} in {plural(len(labels), 'class', 'classes')} of {name}{left_out}"
    return draw_slide("Pictures per class", under, [*marks, *_legend(counts)])


def draw_class_ranges(distribution: Distribution, *, name: str) -> str:
    """Draw the range, middle half and median of a measure for each class.

    Args:
        distribution: the distribution.
        name: name of the data set.
    """
    by_class = distribution.by_class
    shown, left_out = _shown(list(by_class), lambda label: by_class[label].median)
    grid = ClassGrid(labels=list(map(show_label, shown)), top=_TOP, bottom=_BOTTOM - _AXIS_HEIGHT)
    marks = _axes(distribution, grid)
    for row, label in zip(grid, shown, strict=True):
        marks.append(grid.name(row))
        marks += _range(distribution, by_class[label], row, grid.step)
    title = f"{distribution.measure.title} by class"
    under = f"smallest to largest (line), middle half (bar) and median (dot) of each class of {name}{left_out}"
    return draw_slide(title, under, marks)


def _range(distribution: Distribution, spread: Spread, row: ClassRow, step: float) -> list[Markup]:
    left, width, middle = row.left, row.width, row.middle
    values = (spread.smallest, spread.lower_quartile, spread.median, spread.upper_quartile, spread.largest)
    first, low, median, high, last = (left + width * distribution.place(value) for value in values)
    return [
        tag("line", x1=first, x2=last, y1=middle, y2=middle, class_="reach"),
        _bar(low - 0.4, high - low + 0.8, middle, min(0.5 * step, 8.0), COLOURS[0]),
        tag("circle", cx=median, cy=middle, r=min(0.36 * step, 3.4), class_="middle"),
    ]


def _bar(left: float, width: float, middle: float, height: float, colour: str) -> Markup:
    return tag("rect", x=left, y=middle - height / 2, width=width, height=height, fill=colour)


def _axes(distribution: Distribution, grid: ClassGrid) -> list[Markup]:
    """Draw the grid lines and tick labels of each column, and one label of the axis."""
    marks = []
    bottom, font = grid.top + grid.rows * grid.step, min(_TICK_FONT, grid.font + 1.5)
    for left, width in grid.bars():
        for value, text in distribution.ticks(least_gap=min(_TICK_LETTERS * font / width, 0.9)):
            x = left + width * distribution.place(value)
            marks.append(tag("line", x1=x, x2=x, y1=grid.top, y2=bottom, class_="grid"))
            marks.append(tag("text", text, x=x, y=bottom + 9, text_anchor="middle", style=f"font-size:{font:.1f}px"))
    axis = distribution.measure.axis
    return [*marks, tag("text", axis, x=WIDTH / 2, y=bottom + 24, text_anchor="middle", class_="axis")]


def _shown(labels: Sequence[str], value: Callable[[str], float]) -> tuple[Sequence[str], str]:
    """Return the classes for which there is space, with a note on those left out: those with middle values."""
    if len(labels) <= MOST_CLASSES:
        return labels, ""
    ordered = sorted(labels, key=value, reverse=True)
    half = MOST_CLASSES // 2
    more = len(labels) - 2 * half
    return [*ordered[:half], *ordered[-half:]], f"; {count(more)} with values between these are in the JSON file"


def _legend(counts: ClassCounts) -> list[Markup]:
    """Draw the colour, name and number of pictures of each part from the right."""
    marks, right = [], WIDTH - 16
    for place in reversed(range(len(counts.parts))):
        text = f"{counts.parts[place] or NO_PART} {count(counts.in_part(place, counts.classes))}"
        marks.append(tag("text", text, x=right, y=24, text_anchor="end", style="font-size:9px"))
        right -= _LEGEND_LETTER * len(text) + 3
        marks.append(tag("rect", x=right - 8, y=16.5, width=8, height=8, fill=COLOURS[min(place, len(COLOURS) - 1)]))
        right -= 20
    return marks
