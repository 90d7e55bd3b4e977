"""Functions that name, sort and count the captured answers of an endpoint."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from discern.bundle import Model
from discern.catalog.formats.captured_traffic import Capture, Traffic, read_traffic
from discern.reporting.captured_page import ACCEPT, PLAIN
from discern.reporting.charts.timeline import TimeGap, find_gaps

_LAST = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class NamedAnswer:
    """Captured answer with a confidence and a label.

    Attributes:
        path: catalog path of the picture.
        time: time of the request in UTC; None if it is not known.
        label: its label; `class N` if only its position N is known.
        confidence: largest probability.
        decision: `accept`, `review` or `unknown`; "" if the answer has none.
    """

    path: str
    time: datetime | None
    label: str
    confidence: float
    decision: str


@dataclass(frozen=True, kw_only=True)
class CapturedSummary:
    """Captured answers of an endpoint, and what is counted in them.

    Attributes:
        traffic: what was read.
        answers: the answers with a confidence, in order of time; those without a time last.
        lines: name, value and number of answers at or above it, for each threshold.
        gaps: pauses that are far longer than the usual time between answers.
        notes: what else a reader has to know.
    """

    traffic: Traffic
    answers: tuple[NamedAnswer, ...]
    lines: tuple[tuple[str, float, int], ...]
    gaps: tuple[TimeGap, ...]
    notes: tuple[str, ...]

    @property
    def decisions(self) -> dict[str, int]:
        """Return the number of answers by decision, the most frequent first."""
        return dict(Counter(each.decision for each in self.answers).most_common())

    @property
    def classes(self) -> dict[str, int]:
        """Return the number of answers by label, the most frequent first."""
        return dict(Counter(each.label for each in self.answers).most_common())


def summarise(source: Path, model: Model | None, threshold: float | None, *, shown: str) -> CapturedSummary:
    """Read the captured answers of a folder or a file, and count them.

    Args:
        source: the folder or the file.
        model: model whose accept threshold is compared, and whose labels name the probabilities; None for none.
        threshold: plain threshold to compare; None for none.
        shown: name of the source in messages.

    Raises:
        CatalogError: the source cannot be read, or has no captured request.
    """
    traffic = read_traffic(source, shown=shown)
    answers = sorted(_named(traffic, model), key=lambda each: each.time or _LAST)
    thresholds = [(ACCEPT, None if model is None else model.manifest.thresholds.accept), (PLAIN, threshold)]
    lines = [
        (name, value, sum(each.confidence >= value for each in answers))
        for name, value in thresholds
        if value is not None
    ]
    return CapturedSummary(
        traffic=traffic,
        answers=tuple(answers),
        lines=tuple(lines),
        gaps=tuple(find_gaps([each.time for each in answers if each.time is not None])),
        notes=tuple(_notes(traffic, model)),
    )


def _named(traffic: Traffic, model: Model | None) -> Iterator[NamedAnswer]:
    for each in traffic.captures:
        if each.answer is not None:
            answer, label = each.answer, each.answer.label
            if label is None and model is not None and answer.classes == len(model.labels):
                label = model.labels[answer.position or 0]
            yield NamedAnswer(
                path=each.path,
                time=each.time,
                label=f"class {answer.position}" if label is None else label,
                confidence=answer.confidence,
                decision=answer.decision or "",
            )


def _notes(traffic: Traffic, model: Model | None) -> Iterator[str]:
    captures = traffic.captures
    found = {
        "{} no answer with a confidence": [each for each in captures if each.answer is None],
        "{} no picture that can be read": [each for each in captures if each.problem],
        "{} no time and {} listed last": [each for each in captures if each.answer is not None and each.time is None],
        "{} only the hour that the folder names": [each for each in captures if each.by_folder],
    }
    for sentence, those in found.items():
        if those:
            has = f"{len(those):,} captured {'request has' if len(those) == 1 else 'requests have'}"
            yield f"{sentence.format(has, 'is' if len(those) == 1 else 'are')}, such as {those[0].path}."
    if traffic.damaged:
        number, first = len(traffic.damaged), traffic.damaged[0][0]
        yield f"{number:,} damaged {'line or file was' if number == 1 else 'lines or files were'} left out: {first}."
    if traffic.others:
        number, first = len(traffic.others), traffic.others[0]
        yield f"{number:,} .jsonl {'file' if number == 1 else 'files'} without captured requests left out: {first}."
    if model is not None:
        yield from _notes_on_model(captures, model)


def _notes_on_model(captures: list[Capture], model: Model) -> Iterator[str]:
    answers = [each.answer for each in captures if each.answer is not None]
    if model.manifest.thresholds.accept is None:
        yield "The bundle accepts no prediction, so it has no accept threshold."
    if others := sum(each.model not in ("", model.fingerprint) for each in answers):
        are, them = ("answer is", "it") if others == 1 else ("answers are", "them")
        yield f"{others:,} {are} of another model than the bundle, whose thresholds do not apply to {them}."
    if unlike := sum(each.label is None and each.classes != len(model.labels) for each in answers):
        have = "answer does not have" if unlike == 1 else "answers do not have"
        yield f"{unlike:,} {have} one probability for each of the bundle's {len(model.labels)} labels."
