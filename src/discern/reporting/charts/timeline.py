"""Functions that plot the confidence of predictions over time as SVG, with gaps in time at a fixed width."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from statistics import median
from typing import NamedTuple

from markupsafe import Markup

from discern.reporting.charts.svg import Frame, tag, ticks

MARKS: Mapping[str, str] = {
    "accept": "m-2.5,0a2.5,2.5 0 1,0 5,0a2.5,2.5 0 1,0 -5,0",
    "review": "m-2.5,-2.5h5v5h-5z",
    "unknown": "m-2.5,-2.5l5,5m0,-5l-5,5",
    "": "m-2,0l2,-2.5l2,2.5l-2,2.5z",
}
"""Path of the mark of each decision, which differ in shape as well as colour; "" for a prediction without one."""

_GAP_STEPS = 20  # medians; not tuned: random arrivals have no such pause among ten thousand
_LEAST_GAP = 60.0  # seconds; not tuned
_MOST_DRAWN = 6
_GAP_WIDTH = 16.0
_EQUAL_SHARE = 0.25  # of the width is dealt equally, so that a short burst can be seen
_LABEL_WIDTH, _LAST_LABEL_WIDTH = 84.0, 110.0  # the last one stands left of its tick
_DAY, _LONG = 86_400.0, 60 * 86_400.0


class TimeGap(NamedTuple):
    """Pause between predictions that is far longer than the other ones."""

    start: datetime
    end: datetime

    @property
    def length(self) -> timedelta:
        """Return the length of the pause."""
        return self.end - self.start


class TimedPoint(NamedTuple):
    """Prediction in a chart over time; `decision` is "" for one without a decision."""

    time: datetime
    confidence: float
    decision: str


@dataclass(frozen=True, kw_only=True)
class TimelineChart:
    """Chart of confidence over time, with the position of each point in its coordinates."""

    drawing: Markup
    places: tuple[tuple[float, float], ...]


def find_gaps(times: Sequence[datetime]) -> list[TimeGap]:
    """Find the pauses among times in ascending order that are far longer than the median one."""
    steps = [(later - earlier).total_seconds() for earlier, later in pairwise(times)]
    usual = [step for step in steps if step > 0]
    if len(usual) < 2:
        return []
    least = max(_GAP_STEPS * median(usual), _LEAST_GAP)
    return [TimeGap(*pair) for pair, step in zip(pairwise(times), steps, strict=True) if step > least]


def timeline(
    points: Sequence[TimedPoint], gaps: Sequence[TimeGap], *, lines: Sequence[tuple[str, float, str]]
) -> TimelineChart:
    """Plot the confidence of predictions over time.

    Args:
        points: the predictions in ascending order of time; at least one.
        gaps: pauses between them, of which the longest are drawn at a fixed width.
        lines: thresholds, each with its CSS class, value and label.
    """
    low = min([each.confidence for each in points] + [value for _, value, _ in lines])
    frame = Frame(width=400.0, height=210.0, up=(max(0.0, min(0.9, low - 0.03)), 1.0))
    axis = _TimeAxis.fitted(frame, points[0].time, points[-1].time, gaps)
    places = [(axis.x(each.time), frame.y(each.confidence)) for each in points]
    limits, names = _thresholds(frame, lines)
    marks = [*frame.axes([], ticks(*frame.up), across=axis.name, up="confidence"), *axis.marks(frame)]
    for decision, mark in MARKS.items():
        own = [place for place, each in zip(places, points, strict=True) if each.decision == decision]
        if own:
            path = "".join(f"M{x:.1f},{y:.1f}{mark}" for x, y in own)
            marks.append(tag("path", d=path, class_=f"mark {decision or 'plain'}"))
    marks += [*limits, *names]
    marks.append(tag("circle", r="7", cx="-20", cy="-20", class_="here"))
    drawing = frame.drawing(
        marks, name="Confidence over time; the control below opens each point", kind="chart timeline"
    )
    return TimelineChart(drawing=drawing, places=tuple((round(x, 1), round(y, 1)) for x, y in places))


def draw_mark(decision: str) -> Markup:
    """Draw the mark of a decision for the legend."""
    mark = tag("path", d=f"M0,0{MARKS[decision]}", class_=f"mark {decision or 'plain'}")
    return tag("svg", mark, viewBox="-3 -3 6 6", class_="timeline", aria_hidden="true")


def _thresholds(frame: Frame, lines: Sequence[tuple[str, float, str]]) -> tuple[list[Markup], list[Markup]]:
    """Draw the lines of thresholds, and their names, which lie above the marks."""
    left, right = frame.left, frame.left + frame.width
    drawn, names = [], []
    for number, (kind, value, name) in enumerate(lines):
        y = frame.y(value)
        # At opposite ends and sides of the lines, which may be close to each other.
        x, anchor, shift = (left + 4, "start", -5) if number % 2 == 0 else (right - 4, "end", 13)
        drawn.append(tag("line", x1=left, x2=right, y1=y, y2=y, class_=kind))
        names.append(tag("text", name, x=x, y=y + shift, text_anchor=anchor, class_=f"{kind}-label"))
    return drawn, names


class _Piece(NamedTuple):
    """Time between two gaps, with its left edge and width in the chart."""

    start: datetime
    end: datetime
    left: float
    width: float


@dataclass(frozen=True, kw_only=True)
class _TimeAxis:
    """Horizontal axis of times that consists of pieces between gaps."""

    pieces: tuple[_Piece, ...]

    @classmethod
    def fitted(cls, frame: Frame, start: datetime, end: datetime, gaps: Sequence[TimeGap]) -> "_TimeAxis":
        drawn = sorted(sorted(gaps, key=lambda gap: gap.length)[-_MOST_DRAWN:])
        starts, ends = [start, *(gap.end for gap in drawn)], [*(gap.start for gap in drawn), end]
        lengths = [(last - first).total_seconds() for first, last in zip(starts, ends, strict=True)]
        room, total = frame.width - _GAP_WIDTH * len(drawn), sum(lengths)
        left, pieces = frame.left, []
        for first, last, length in zip(starts, ends, lengths, strict=True):
            equal = 1 / len(lengths)
            share = equal if total == 0 else _EQUAL_SHARE * equal + (1 - _EQUAL_SHARE) * length / total
            pieces.append(_Piece(first, last, left, room * share))
            left += room * share + _GAP_WIDTH
        return cls(pieces=tuple(pieces))

    @property
    def name(self) -> str:
        first, last = self.pieces[0].start, self.pieces[-1].end
        day = f"{first:%Y-%m-%d}" + ("" if first.date() == last.date() else f" to {last:%Y-%m-%d}")
        return f"time (UTC), {day}"

    def x(self, time: datetime) -> float:
        piece = next(each for each in self.pieces if time <= each.end)
        length = (piece.end - piece.start).total_seconds()
        share = 0.5 if length == 0 else (time - piece.start).total_seconds() / length
        return piece.left + piece.width * share

    def marks(self, frame: Frame) -> list[Markup]:
        """Draw the times, and the gaps as bands."""
        marks = []
        for before, after in pairwise(self.pieces):
            title = tag("title", f"no captured answer for {describe_length(after.start - before.end)}")
            x = before.left + before.width
            marks.append(tag("rect", title, x=x, y=frame.top, width=_GAP_WIDTH, height=frame.height, class_="gap"))
        for x, anchor, label in self._labels(frame):
            marks.append(tag("line", x1=x, x2=x, y1=frame.bottom, y2=frame.bottom + 4, class_="tick"))
            marks.append(tag("text", label, x=x, y=frame.bottom + 18, text_anchor=anchor))
        return marks

    def _labels(self, frame: Frame) -> Iterator[tuple[float, str, str]]:
        """Return the place, the anchor and the text of each label, in the coarsest form that tells them apart."""
        places = list(self._places(frame))
        for form in self._forms():
            texts = [form(time) for _, _, time in places]
            if len(set(texts)) == len(texts):
                break
        former = ""
        for (x, anchor, _), text in zip(places, texts, strict=True):
            if text != former:
                yield x, anchor, text
            former = text

    def _places(self, frame: Frame) -> Iterator[tuple[float, str, datetime]]:
        free = frame.left - _LABEL_WIDTH
        for time in self._times():
            x = self.x(time)
            anchor = "end" if x > frame.left + frame.width - _LABEL_WIDTH / 3 else "middle"
            if x - free >= (_LABEL_WIDTH if anchor == "middle" else _LAST_LABEL_WIDTH):
                free = x
                yield x, anchor, time

    def _times(self) -> list[datetime]:
        return [
            piece.start + (piece.end - piece.start) * step / max(steps, 1)
            for piece in self.pieces
            for steps in [int(piece.width / _LAST_LABEL_WIDTH)]
            for step in range(steps + 1)
        ]

    def _forms(self) -> list[Callable[[datetime], str]]:
        """Return forms of labels that are short enough, from the coarsest to the finest."""
        seconds = (self.pieces[-1].end - self.pieces[0].start).total_seconds()
        if seconds > _LONG:
            return [lambda time: f"{time:%Y-%m-%d}"]
        if self.pieces[0].start.date() != self.pieces[-1].end.date():
            return [lambda time: f"{time:%m-%d %H:%M}"]
        finer: list[Callable[[datetime], str]] = [
            lambda time: f"{time:%H:%M:%S}",
            lambda time: f"{time:%H:%M:%S.%f}"[:-5],
            lambda time: f"{time:%H:%M:%S.%f}"[:-4],
        ]
        return finer if seconds <= _DAY / 24 else [lambda time: f"{time:%H:%M}", *finer]


def describe_length(length: timedelta) -> str:
    """Format the length of a pause in the two largest units, such as `3 h 20 min`."""
    seconds = round(length.total_seconds())
    units = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))
    found = []
    for size, unit in units:
        number, seconds = divmod(seconds, size)
        if number:
            found.append(f"{number:,}\N{NO-BREAK SPACE}{unit}")
    return " ".join(found[:2]) or "0\N{NO-BREAK SPACE}s"
