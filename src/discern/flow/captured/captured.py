"""Function that lists and plots the captured answers of an endpoint (`discern captured`)."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from discern.bundle import Model, load
from discern.display.displayed import Displayed
from discern.errors import UsageError
from discern.flow.captured.captured_pictures import make_pictures
from discern.flow.captured.captured_source import CapturedSource, open_captured
from discern.flow.captured.captured_summary import CapturedSummary, NamedAnswer, summarise
from discern.flow.new_page import new_page
from discern.progress import Progress, silent
from discern.reporting.captured_page import CapturedPage, CapturedPoint, write_captured_page
from discern.reporting.charts.timeline import TimeGap
from discern.reporting.gallery import PageImage

MAX_POINTS = 10_000
"""Answers that a page draws, at most; not tuned: more marks than this hide each other."""

_NO_IMAGE = PageImage(uri="", alt="", width=0, height=0)


@dataclass(frozen=True, kw_only=True, repr=False)
class CapturedResult(Displayed):
    """Result of `discern.captured`, with the answers and what is counted in them.

    Attributes:
        source: folder or file of the captured requests, or their address in a bucket.
        page: page that was written; None for none.
        files: number of files with captured requests.
        records: number of captured requests.
        answers: the answers with a confidence, in order of time: `path`, `time`, `label`, `confidence`, `decision`.
        decisions: number of answers by decision; those without one are under "none".
        classes: number of answers by label.
        thresholds: value, and number of answers at or above it, of `accept` (the bundle's) and `plain`.
        gaps: pauses that are far longer than the usual time between answers: `from`, `to` and `seconds`.
        damaged: path and reason of each line, or file, that could not be read.
        notes: what else a reader has to know.
    """

    source: Path | str
    page: Path | None
    files: int
    records: int
    answers: tuple[dict[str, Any], ...]
    decisions: dict[str, int]
    classes: dict[str, int]
    thresholds: dict[str, dict[str, Any]]
    gaps: tuple[dict[str, Any], ...]
    damaged: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the result as a JSON-serialisable dictionary.

        Keys:
            source: absolute path of the folder or file, or the address in a bucket.
            page: absolute path of the page; null for none.
            files: number of files with captured requests.
            records: number of captured requests.
            answers: list of answers with a confidence, in order of time: `path` of the picture, `time`, `label`,
                `confidence`, `decision`.
            decisions: number of answers by decision; those without one are under `none`.
            classes: number of answers by label.
            thresholds: `value` and `passed`, the number of answers at or above it, of `accept` and `plain`.
            gaps: pauses in time: `from`, `to` and `seconds`.
            damaged: lines, or files, that could not be read: `path` and `message`.
            notes: what else a reader has to know.
        """
        return {
            "source": str(self.source),
            "page": None if self.page is None else str(self.page),
            "files": self.files,
            "records": self.records,
            "answers": list(self.answers),
            "decisions": self.decisions,
            "classes": self.classes,
            "thresholds": self.thresholds,
            "gaps": list(self.gaps),
            "damaged": [{"path": path, "message": why} for path, why in self.damaged],
            "notes": list(self.notes),
        }


def captured(
    source: str | Path,
    *,
    out: str | Path | None = None,
    bundle: str | Path | None = None,
    threshold: float | None = None,
    progress: Progress = silent,
) -> CapturedResult:
    """List and plot the captured answers of an endpoint, such as those of a SageMaker endpoint with data capture.

    Answers are predictions of a Discern server, or arrays of probabilities. Nothing is classified again.

    Args:
        source: folder that data capture writes to, with its nested folders, or one file of it; also in a bucket, as
            `s3://BUCKET/PREFIX`, read with the credentials of the environment.
        out: HTML page to write, a new file; None for none.
        bundle: bundle whose accept threshold is compared, and whose labels name the probabilities; None for none.
        threshold: plain threshold of the confidence to compare, in [0, 1]; None for none.
        progress: called with the stage, items done and items in all.

    Raises:
        BundleError: the bundle cannot be used.
        CatalogError: the source does not exist, or has no captured request.
        RunError: the page exists.
        UsageError: an option is invalid, or the bucket cannot be read.
    """
    page = None if out is None else new_page(out)
    if threshold is not None and not 0 <= threshold <= 1:
        raise UsageError(f"Invalid threshold: {threshold}.", hint="Pass a confidence from 0 to 1, such as .93.")
    model = None if bundle is None else load(bundle)
    with open_captured(source, progress) as opened:
        found = summarise(opened.path, model, threshold, shown=opened.address)
        if page is not None:
            _write(page, opened, found, model, progress)
    thresholds = {name.split()[0]: {"value": value, "passed": passed} for name, value, passed in found.lines}
    return CapturedResult(
        source=opened.address if opened.address.startswith("s3://") else opened.path,
        page=page,
        files=len(found.traffic.files),
        records=found.traffic.records,
        answers=tuple(map(_as_row, found.answers)),
        decisions={name or "none": number for name, number in found.decisions.items()},
        classes=found.classes,
        thresholds=thresholds,
        gaps=tuple(map(_as_gap, found.gaps)),
        damaged=tuple(found.traffic.damaged),
        notes=found.notes,
    )


def _as_row(answer: NamedAnswer) -> dict[str, Any]:
    time = None if answer.time is None else answer.time.isoformat()
    return asdict(answer) | {"time": time, "decision": answer.decision or None}


def _as_gap(gap: TimeGap) -> dict[str, Any]:
    return {"from": gap.start.isoformat(), "to": gap.end.isoformat(), "seconds": gap.length.total_seconds()}


def _write(page: Path, source: CapturedSource, found: CapturedSummary, model: Model | None, progress: Progress) -> None:
    names = {} if model is None else {label: model.manifest.label_names.name(label) for label in model.labels}
    drawn, notes = _select(found.answers), list(found.notes)
    if len(drawn) < len(found.answers):
        notes.append(
            f"The chart and the list have {len(drawn):,} of the answers: the least confident ones, and others evenly "
            "over time. All are counted."
        )
    images = make_pictures(source.path, {each.path for each in drawn}, progress=progress)
    points = [
        CapturedPoint(
            path=each.path,
            time=each.time,
            confidence=each.confidence,
            label=names.get(each.label, each.label),
            decision=each.decision,
            image=replace(images.get(each.path, _NO_IMAGE), alt=each.path),
        )
        for each in drawn
    ]
    write_captured_page(
        page,
        CapturedPage(
            title=source.name,
            points=points,
            answers=len(found.answers),
            decisions=found.decisions,
            classes={names.get(label, label): number for label, number in found.classes.items()},
            lines=found.lines,
            gaps=found.gaps,
            notes=notes,
            damaged=found.traffic.damaged,
        ),
    )


def _select(answers: Sequence[NamedAnswer]) -> list[NamedAnswer]:
    """Select the answers that are drawn: all, or the least confident ones and others evenly over time."""
    if len(answers) <= MAX_POINTS:
        return list(answers)
    by_confidence = sorted(range(len(answers)), key=lambda position: answers[position].confidence)
    chosen, rest = by_confidence[: MAX_POINTS // 2], sorted(by_confidence[MAX_POINTS // 2 :])
    even = {rest[len(rest) * number // (MAX_POINTS // 2)] for number in range(MAX_POINTS // 2)}
    return [answers[position] for position in sorted({*chosen, *even})]
