"""`discern predict --out`: answers to all pictures of a source, as a file."""

import os
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack, closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import polars as pl

from discern.bundle import Model, load
from discern.catalog import Source
from discern.catalog.path_text import to_text
from discern.errors import CatalogError
from discern.flow.paths import resolve_path
from discern.flow.predict.answer_table import AT, MARK, join_parts, output_format, row, schema
from discern.flow.predict.inputs import STANDARD_INPUT, require_inputs
from discern.flow.predict.resumable_output import ResumableOutput, require_free
from discern.flow.predict.resume import ResumePlan
from discern.flow.predict.review_sheet import sheet_format, write_sheet
from discern.flow.predict.sources import StdinSource, open_inputs
from discern.flow.predict.stream import answer_items
from discern.progress import Progress, silent

STAGE = "answer"
_ROWS_A_PART = 1_000
_PROGRESS_EVERY = 16


@dataclass(frozen=True, kw_only=True)
class PredictToResult:
    """What came of answering a source.

    Attributes:
        out: the file of answers.
        pictures: how many files it is about.
        decisions: how many of them are `accept`, `review` and `unknown`.
        unusable: how many are no picture that can be used.
        resumed: how many had been answered before an interruption.
        sheet: the page or picture of the doubtful ones; None where none was asked for.
        seconds: how long it took.
    """

    out: Path
    pictures: int
    decisions: dict[str, int]
    unusable: int
    resumed: int
    sheet: Path | None
    seconds: float

    def to_json(self) -> dict[str, Any]:
        """Plain values; paths are absolute."""
        return asdict(self) | {"out": str(self.out), "sheet": None if self.sheet is None else str(self.sheet)}


def predict_to(
    bundle: str | Path | Model,
    source: str | Path | Sequence[str | Path],
    out: str | Path,
    *,
    sheet: str | Path | None = None,
    threads: int | None = None,
    progress: Progress = silent,
) -> PredictToResult:
    """Answer every picture of a source into a file, which is there when all are answered.

    What is answered is kept in a hidden folder beside the file; the same call goes on where an interrupted one was.
    A picture whose file, or archive, has another size or another time of its last change since then is answered anew,
    and one that is gone has no row. Memory does not grow with the number of pictures but for their names.

    The file has one row, or line, a picture, in the source's order. `.jsonl` has the objects of `Answer.to_json`.
    `.parquet` and `.csv` have the columns `path`, `label`, `decision`, `confidence`, `unknown_score`, `set` (in CSV a
    JSON list), `looks_like`, `message`, `name`, `spoken` and `route` where the model has been told, `order_value` where
    the labels are ordered, `p:LABEL` with the probability of each label, `error` and `error_message` for a file that is
    no usable picture. CSV is UTF-8 with a mark that Excel needs; text that a spreadsheet would run as a formula gets
    `./` before it. A byte of a path that is no UTF-8, which such files cannot hold, is the character U+10FF00 and
    its value.

    Args:
        bundle: a bundle's path, or a model loaded for one thread.
        source: pictures in any form that `train` takes, or what `predict` takes: files, folders, patterns, "-" for
            standard input, or a list of these. Labels do not matter, and each picture is answered once.
        out: the file: .parquet, .csv or .jsonl; never one that is there already.
        sheet: also show the answers that are for a person, the least sure first: .html or .png.
        threads: how many pictures are decoded and answered at once; None: one per core.
        progress: is told how far the work is.

    Raises:
        BundleError: the bundle cannot be used.
        CatalogError: the source cannot be read, or is empty.
        RunError: there is such a file already, or it cannot be written.
        UsageError: a file of no such form, or a source that is none.
    """
    begun = time.monotonic()
    target, shown = resolve_path(out), None if sheet is None else resolve_path(sheet)
    kind = output_format(target)
    words = require_inputs([source] if isinstance(source, str | Path) else source)
    if shown is not None:
        sheet_format(shown)
    require_free(target, *([] if shown is None else [shown]))
    model = bundle if isinstance(bundle, Model) else load(bundle, threads=1)
    opened = open_inputs(words, model.limits)
    about = opened.root if len(words) > 1 or words == [STANDARD_INPUT] else resolve_path(words[0])
    parts = ResumableOutput(target)
    with parts.held({"bundle": model.fingerprint, "source": to_text(str(about))}):
        course = _answer(model, opened, parts, kind, threads=threads, progress=progress)
        if not course.marks:
            raise CatalogError(f"{', '.join(words)} is empty: there is no file in it.", hint="Point at pictures.")
        settled = parts.settle(AT, list(course.marks))
        found = pl.scan_parquet(settled).select("decision", "error").collect()
        with ExitStack() as both:  # the answers take their place first, so that what fails can go on
            if shown is not None:
                path = both.enter_context(parts.replacing(shown))
                write_sheet(path, sheet_format(shown), settled, opened.root, model=model, answers=target)
            join_parts(settled, both.enter_context(parts.replacing(target)), kind)
    decisions = Counter(found["decision"])
    return PredictToResult(
        out=target,
        pictures=len(found),
        decisions={name: decisions[name] for name in ("accept", "review", "unknown")},
        unusable=found["error"].count(),
        resumed=course.kept,
        sheet=shown,
        seconds=time.monotonic() - begun,
    )


def _answer(
    model: Model, source: Source, parts: ResumableOutput, kind: str, *, threads: int | None, progress: Progress
) -> ResumePlan:
    """Answer what is not answered yet."""
    columns = schema(model.manifest, kind)
    course = ResumePlan(source, parts.columns(AT, MARK, "error"))
    rows: list[dict[str, Any]] = []
    number, total = 0, source.total
    progress(STAGE, number, total)
    try:
        with closing(answer_items(model, course.left(), threads=threads)) as answers:
            for number, (at, answer) in enumerate(answers, 1):
                rows.append(row(at, _place(source, at), answer, columns, mark=course.marks[at]))
                if len(rows) == _ROWS_A_PART:
                    rows = _keep(parts, rows, columns)
                if number % _PROGRESS_EVERY == 0:
                    progress(STAGE, course.kept + number, total)
            progress(STAGE, course.kept + number, total)
    finally:
        _keep(parts, rows, columns)
    return course


def _place(source: Source, at: str) -> str:
    """The absolute path, as text; a list may name pictures by theirs."""
    if isinstance(source, StdinSource):
        return at
    return os.path.join(to_text(str(source.root)), at)  # noqa: PTH118 - a hundred thousand paths are quicker as text


def _keep(parts: ResumableOutput, rows: list[dict[str, Any]], columns: dict[str, pl.DataType]) -> list[dict[str, Any]]:
    if rows:
        parts.add(rows, columns)
    return []
