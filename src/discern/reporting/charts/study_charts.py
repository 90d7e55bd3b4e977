"""Functions that draw the trials of a search for training options as SVG."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import Any

import numpy as np
from markupsafe import Markup

from discern.evaluating.study_trials import TrialRow
from discern.reporting.charts.svg import Frame, joined, tag

_FEW = 0.25
_FAR = 3.0
_TICKS = 5
_AXIS_HEIGHT, _TOP, _LEFT, _WIDTH, _WIDEST = 230.0, 34.0, 80.0, 700.0, 220.0
_UNUSED = 34.0


def number_text(value: float) -> str:
    """Format a number in three to four digits, such as `0.0312`, `12.5` or `1.2e-05`."""
    return f"{value:.4g}" if abs(value) < 1000 else f"{value:,.0f}"


def value_ticks(first: float, last: float) -> list[float]:
    """Return about five round values that cover a range."""
    rough = (last - first) / _TICKS
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * each for each in (1, 2, 5, 10) if power * each >= rough)
    start = math.ceil(first / step - 1e-9)
    return [round(step * index, 12) for index in range(start, math.floor(last / step + 1e-9) + 1)]


def study_history(trials: Sequence[TrialRow], *, best: int, measure: str, maximise: bool) -> Markup:
    """Plot the value of each trial, and the best value so far.

    Args:
        trials: the trials, of which those with a value are drawn.
        best: number of the best one.
        measure: name of the measure.
        maximise: True if higher values are better.
    """
    done = [row for row in trials if row.state == "done" and row.value is not None]
    values = np.array([row.value for row in done], np.float64)
    low, high = _range(values, maximise=maximise)
    last = max(row.number for row in trials)
    frame = Frame(width=560.0, height=240.0, across=(-0.5, max(last, 1) + 0.5), up=(low, high))
    columns = [(float(number), str(number)) for number in _spaced(last)]
    marks = frame.axes(columns, value_ticks(low, high), across="trial", up=measure, number=number_text)
    so_far = accumulate(values.tolist(), max if maximise else min)
    steps = [(row.number, value) for row, value in zip(done, so_far, strict=True)]
    marks.append(frame.within([tag("polyline", points=_stairs(frame, steps, last), class_="route strong")]))
    for row, value in zip(done, values, strict=True):
        drawn = float(np.clip(value, low, high))
        kind = "dot chosen-trial" if row.number == best else "dot default-trial" if row.is_default else "dot faint"
        marks.append(
            tag(
                "circle",
                tag("title", describe_trial(row, measure)),
                cx=frame.x(row.number),
                cy=frame.y(drawn),
                r="6" if row.number == best else "4.5",
                class_=kind,
                data_trial=row.number,
            )
        )
    for row in trials:
        if row.state == "pruned":
            x, y = frame.x(row.number), frame.top + 8
            title = tag("title", f"trial {row.number}: pruned")
            marks.append(
                tag(
                    "path",
                    title,
                    d=f"M{x - 4:.1f} {y - 4:.1f}l8 8m0 -8l-8 8",
                    class_="pruned-trial",
                    data_trial=row.number,
                )
            )
    return frame.drawing(
        marks, name=f"{measure} of each trial, and the best so far; the table has the numbers", kind="chart study"
    )


def describe_trial(row: TrialRow, measure: str) -> str:
    """Describe a trial in a line."""
    params = ", ".join(f"{name} {_text(value)}" for name, value in row.params.items())
    told = row.state if row.value is None else f"{measure} {number_text(row.value)}"
    default = ", the default options" if row.is_default else ""
    return f"trial {row.number}{default}: {told}" + (f" with {params}" if params else "")


def has_far_values(trials: Sequence[TrialRow], *, maximise: bool) -> bool:
    """Return True if a completed trial is so much worse than most that it lies at the edge of the figures."""
    values = np.array([row.value for row in trials if row.state == "done" and row.value is not None], np.float64)
    low, high = _range(values, maximise=maximise)
    return bool(np.any((values < low) | (values > high)))


def parallel_coordinates(
    trials: Sequence[TrialRow],
    *,
    options: Sequence[str],
    logarithmic: Sequence[str],
    best: int,
    measure: str,
    maximise: bool,
) -> Markup:
    """Plot each completed trial as a line across an axis for each option and one for the measure.

    Args:
        trials: the trials.
        options: names of the searched options, in the order of the axes.
        logarithmic: those with a logarithmic scale.
        best: number of the best trial.
        measure: name of the measure.
        maximise: True if higher values are better.
    """
    done = [row for row in trials if row.state == "done" and row.value is not None]
    values = [float(row.value or 0.0) for row in done]
    axes = [
        _Axis.of(name, [row.params.get(name) for row in done], logarithmic=name in logarithmic)
        for name in options
        if any(name in row.params for row in done)
    ]
    low, high = _range(np.array(values), maximise=maximise)
    drawn = [min(max(value, low), high) for value in values]
    axes.append(
        _Axis.of(measure, drawn, logarithmic=False).with_edges({low: "≤ ", high: "≥ "} if drawn != values else {})
    )
    column = min(_WIDEST, _WIDTH / (len(axes) - 1))
    marks = [mark for place, axis in enumerate(axes) for mark in axis.marks(_LEFT + column * place)]
    order = sorted(range(len(done)), key=lambda place: values[place], reverse=maximise)
    few = set(order[: max(1, math.ceil(_FEW * len(done)))])
    lines = []
    for place in reversed(order):  # the best on top
        row = done[place]
        points = " ".join(f"{_LEFT + column * number:.1f},{axis.y(place):.1f}" for number, axis in enumerate(axes))
        kind = "trial-line best" if row.number == best else "trial-line good" if place in few else "trial-line"
        title = tag("title", describe_trial(row, measure))
        lines.append(tag("polyline", title, points=points, class_=kind, data_trial=row.number))
    below = _UNUSED if any(None in axis.places for axis in axes) else 0.0
    box = f"0 0 {2 * _LEFT + column * (len(axes) - 1):.0f} {_TOP + _AXIS_HEIGHT + below + 20:.0f}"
    name = "Options of each trial as a line; the table has the numbers"
    return tag("svg", joined([*marks, *lines]), viewBox=box, class_="chart study parallel", role="img", aria_label=name)


@dataclass(frozen=True, kw_only=True)
class _Axis:
    """Axis of an option: the place of each trial from 0 (bottom) to 1, and its labels."""

    name: str
    places: tuple[float | None, ...]
    labels: tuple[tuple[float, str], ...]

    @classmethod
    def of(cls, name: str, values: Sequence[Any], *, logarithmic: bool) -> "_Axis":
        known = [value for value in values if value is not None]
        numeric = all(isinstance(value, int | float) and not isinstance(value, bool) for value in known)
        if not numeric or len(set(known)) <= 4:
            order = sorted(set(known)) if numeric else sorted(set(known), key=str)
            place = {value: (index + 0.5) / len(order) for index, value in enumerate(order)}
            labels = tuple((place[value], _text(value)) for value in order)
            return cls(name=name, places=tuple(None if v is None else place[v] for v in values), labels=labels)
        scale = math.log if logarithmic else float
        low, high = scale(min(known)), scale(max(known))
        places = tuple(None if v is None else (scale(v) - low) / ((high - low) or 1.0) for v in values)
        return cls(name=name, places=places, labels=((0.0, _text(min(known))), (1.0, _text(max(known)))))

    def with_edges(self, marks: Mapping[float, str]) -> "_Axis":
        """Return the axis with marks before the labels of values, where others lie beyond them."""
        known = {_text(value): mark for value, mark in marks.items()}
        return replace(self, labels=tuple((place, known.get(text, "") + text) for place, text in self.labels))

    def y(self, place: int) -> float:
        """Return the vertical position of a trial; one without the option lies below the axis."""
        share = self.places[place]
        return _TOP + _AXIS_HEIGHT + _UNUSED if share is None else _TOP + _AXIS_HEIGHT * (1 - share)

    def marks(self, x: float) -> list[Markup]:
        bottom = _TOP + _AXIS_HEIGHT
        marks = [
            tag("line", x1=x, x2=x, y1=_TOP, y2=bottom, class_="tick"),
            tag("text", self.name, x=x, y=_TOP - 18, text_anchor="middle", class_="axis"),
        ]
        for share, text in self.labels:
            y = _TOP + _AXIS_HEIGHT * (1 - share)
            marks.append(tag("line", x1=x - 4, x2=x, y1=y, y2=y, class_="tick"))
            marks.append(tag("text", text, x=x - 8, y=y + 4, text_anchor="end", class_="value-label"))
        if None in self.places:
            marks.append(tag("text", "not used", x=x - 8, y=bottom + _UNUSED + 4, text_anchor="end"))
        return marks


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return number_text(value) if isinstance(value, int | float) else str(value)


def _range(values: np.ndarray, *, maximise: bool) -> tuple[float, float]:
    """Return the range of the drawn values; those much worse than most lie at its edge."""
    best, worst = (values.max(), values.min()) if maximise else (values.min(), values.max())
    typical = abs(float(np.median(values)) - best)
    reach = min(abs(worst - best), _FAR * typical) if typical else abs(worst - best)
    reach = float(reach) or max(abs(float(best)) * 0.05, 1e-3)
    ends = sorted((float(best), float(best) - reach if maximise else float(best) + reach))
    return ends[0] - 0.06 * reach, ends[1] + 0.06 * reach


def _stairs(frame: Frame, steps: Sequence[tuple[float, float]], last: float) -> str:
    corners = []
    for (x, y), (following, _) in zip(steps, [*steps[1:], (last + 0.5, 0.0)], strict=True):
        corners += [f"{frame.x(x):.1f},{frame.y(y):.1f}", f"{frame.x(following):.1f},{frame.y(y):.1f}"]
    return " ".join(corners)


def _spaced(last: int) -> list[int]:
    step = next(each for each in (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, max(last, 1)) if last / each <= 10)
    return list(range(0, last + 1, step))
