"""Functions that write the captured answers of an endpoint as an HTML file."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from discern.reporting.charts.timeline import (
    MARKS,
    TimedPoint,
    TimeGap,
    TimelineChart,
    describe_length,
    draw_mark,
    timeline,
)
from discern.reporting.display_names import DisplayNames
from discern.reporting.formatting import count, percent, plural, timestamp
from discern.reporting.gallery import PageImage
from discern.reporting.render_html import write_page
from discern.reporting.sections.dataset import count_bars

ACCEPT, PLAIN = "accept threshold", "plain threshold"
MAX_LISTED = 500
_MAX_SHOWN = 24
_SHORT_PERIOD = timedelta(hours=1)  # not tuned
_MAX_DAMAGED = 50
_DECISIONS = {"accept": "accepted", "review": "for review", "unknown": "unknown", "": "without a decision"}


@dataclass(frozen=True, kw_only=True)
class CapturedPoint:
    """Captured answer as it is shown on the page.

    Attributes:
        path: path of the picture.
        time: time of the request in UTC; None if it is not known.
        confidence: largest probability.
        label: its label, or a name for it.
        decision: `accept`, `review` or `unknown`; "" if the answer has no decision.
        image: the picture, made small.
    """

    path: str
    time: datetime | None
    confidence: float
    label: str
    decision: str
    image: PageImage

    @property
    def text(self) -> str:
        """Return the answer in words."""
        when = "without a time" if self.time is None else f"{self.time:%Y-%m-%d %H:%M:%S} UTC"
        decision = f", {_DECISIONS[self.decision]}" if self.decision else ""
        return f"{self.label}, {percent(self.confidence)}{decision}, {when}"


@dataclass(frozen=True, kw_only=True)
class CapturedPage:
    """Contents of the page of captured answers.

    Attributes:
        title: name of the source.
        points: answers that are drawn and listed, in order of time.
        answers: number of all answers that can be used.
        decisions: number of answers by decision.
        classes: number of answers by label.
        lines: name, value and number of answers at or above it, for each threshold.
        gaps: pauses in time.
        notes: what a reader has to know of the source.
        damaged: path and reason of lines that cannot be read.
    """

    title: str
    points: Sequence[CapturedPoint]
    answers: int
    decisions: Mapping[str, int]
    classes: Mapping[str, int]
    lines: Sequence[tuple[str, float, int]]
    gaps: Sequence[TimeGap]
    notes: Sequence[str]
    damaged: Sequence[tuple[str, str]]


def write_captured_page(path: Path, page: CapturedPage) -> None:
    """Write the page of captured answers as a self-contained HTML file.

    Raises:
        UnreadableFile: the file cannot be written.
    """
    lowest, chart = sorted(page.points, key=lambda each: each.confidence), _chart(page)
    write_page(
        path,
        "captured.html",
        names=DisplayNames({}),
        anchors={},
        title=page.title,
        page=page,
        sentences=_sentences(page),
        chart=None if chart is None else chart.drawing,
        marks=[{"name": _DECISIONS[name], "drawing": draw_mark(name)} for name in MARKS if name in page.decisions],
        opened=_opened(page, chart),
        thresholds=[
            (name, f"{value:.3g}", count(passed), percent(passed / max(page.answers, 1)))
            for name, value, passed in page.lines
        ],
        decisions=count_bars(Counter({_DECISIONS[name]: number for name, number in page.decisions.items()})),
        classes=count_bars(Counter(page.classes)),
        gaps=[(timestamp(gap.start), timestamp(gap.end), describe_length(gap.length)) for gap in page.gaps],
        lowest=lowest[:_MAX_SHOWN],
        listed=page.points[:MAX_LISTED],
        decision_names=_DECISIONS,
        damaged=page.damaged[:_MAX_DAMAGED],
    )


def _sentences(page: CapturedPage) -> list[str]:
    timed = [each.time for each in page.points if each.time is not None]
    found = [f"{plural(page.answers, 'captured answer')} with a confidence"]
    if timed:
        found[0] += f", {_period(timed[0], timed[-1])}"
    found[0] += "."
    found += [
        f"{count(passed)} of {count(page.answers)} are at or above the {name} of {value:.3g}"
        + (", which stops none of them." if passed == page.answers > 0 else ".")
        for name, value, passed in page.lines
    ]
    return [*found, *page.notes]


def _period(start: datetime, end: datetime) -> str:
    """Return the time from the first to the last answer in words, to the second if it is short."""
    first, last = (f"{each:%Y-%m-%d %H:%M:%S} UTC" for each in (start, end))
    if end - start >= _SHORT_PERIOD:
        first, last = timestamp(start), timestamp(end)
    return f"at {first}" if first == last else f"from {first} to {last}"


def _chart(page: CapturedPage) -> TimelineChart | None:
    points = [TimedPoint(each.time, each.confidence, each.decision) for each in page.points if each.time is not None]
    if not points:
        return None
    lines = [
        ("accept-limit" if name == ACCEPT else "limit", value, f"{name}: {value:.3g}") for name, value, _ in page.lines
    ]
    return timeline(points, page.gaps, lines=lines)


def _opened(page: CapturedPage, chart: TimelineChart | None) -> dict[str, Any] | None:
    """Return the points for the script that opens them; each picture is in it once."""
    if chart is None:
        return None
    pictures: dict[str, int] = {}
    timed = [each for each in page.points if each.time is not None]
    return {
        "first": min(range(len(timed)), key=lambda position: timed[position].confidence),
        "points": [
            [*place, each.text, each.path, pictures.setdefault(each.image.uri, len(pictures)) if each.image.uri else -1]
            for each, place in zip(timed, chart.places, strict=True)
        ],
        "pictures": list(pictures),
    }
