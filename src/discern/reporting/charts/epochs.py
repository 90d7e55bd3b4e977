"""Function that plots what a training reached after each epoch."""

import math
from collections.abc import Callable, Sequence

from markupsafe import Markup

from discern.reporting.charts.svg import Frame, tag

_MOST_TICKS = 6


def epoch_curves(
    train: Sequence[tuple[int, float]],
    held_out: Sequence[tuple[int, float]],
    *,
    best: int,
    up: str,
    number: Callable[[float], str],
    most: float = math.inf,
) -> Markup:
    """Plot a measure of the training pictures and of the held-out pictures by epoch, with the best epoch marked.

    Args:
        train: epoch and value of the training pictures.
        held_out: epoch and value of the held-out pictures, at least one.
        best: the best epoch.
        up: name of the measure.
        number: formats a value.
        most: largest possible value.
    """
    values = [value for _, value in (*train, *held_out)]
    rows = _round_numbers(min(values), max(values))
    last = max(epoch for epoch, _ in held_out)
    bottom, top = min(rows[0], *values), min(max(rows[-1], *values), max(most, *values))
    frame = Frame(width=330.0, height=200.0, across=(0.0, float(max(last, 1))), up=(bottom, top))
    columns = [(float(epoch), str(epoch)) for epoch in _whole_numbers(last)]
    x = frame.x(best)
    marks = [
        *frame.axes(columns, [each for each in rows if bottom <= each <= top], across="epoch", up=up, number=number),
        tag("line", x1=x, x2=x, y1=frame.top, y2=frame.bottom, class_="chosen"),
        tag("polyline", points=_points(frame, train), class_="bound"),
        tag("polyline", points=_points(frame, held_out), class_="route strong"),
    ]
    for epoch, value in held_out:
        if epoch == best:
            label = tag("title", f"epoch {epoch}, the best: {number(value)}")
            marks.append(tag("circle", label, cx=x, cy=frame.y(value), r="5", class_="dot"))
    return frame.drawing(marks, name=f"{up.capitalize()} by epoch; the table below has the numbers")


def _points(frame: Frame, points: Sequence[tuple[int, float]]) -> str:
    return " ".join(f"{frame.x(epoch):.1f},{frame.y(value):.1f}" for epoch, value in points)


def _round_numbers(low: float, high: float) -> list[float]:
    """Return two to seven round numbers that cover a range."""
    low = min(low, high - 0.05 * max(abs(high), 0.02))
    width = high - low
    power = 10.0 ** math.floor(math.log10(width / _MOST_TICKS))
    step = next(power * each for each in (1, 2, 5, 10, 20) if width / (power * each) <= _MOST_TICKS - 1)
    return [step * index for index in range(math.floor(low / step), math.ceil(high / step) + 1)]


def _whole_numbers(last: int) -> list[int]:
    step = next(
        each * 10**power for power in range(9) for each in (1, 2, 5) if last / (each * 10**power) <= _MOST_TICKS
    )
    return list(range(0, last + 1, step))
