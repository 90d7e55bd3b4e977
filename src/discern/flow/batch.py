"""`discern predict --out`: answers to all pictures of a source, as a file."""

import os
import time
from collections import Counter
from contextlib import ExitStack, closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import polars as pl

from discern.bundle import Model, load
from discern.catalog import Source
from discern.catalog.naming import to_text
from discern.catalog.scanning import open_source
from discern.errors import CatalogError
from discern.flow.doubtful import sheet_kind, write_sheet
from discern.flow.places import place
from discern.flow.run import is_own
from discern.flow.streaming import answer_items
from discern.flow.tabling import AT, join_parts, kind_of, row, schema
from discern.flow.unfinished import Unfinished, require_free
from discern.progress import Progress, silent

STAGE = "answer"
_ROWS_A_PART = 1_000
_TOLD_EVERY = 16


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
    source: str | Path,
    out: str | Path,
    *,
    sheet: str | Path | None = None,
    threads: int | None = None,
    progress: Progress = silent,
) -> PredictToResult:
    """Answer every picture of a source into a file, which is there when all are answered.

    What is answered is kept in a hidden folder beside the file; the same call goes on where an interrupted one was.
    Memory does not grow with the number of pictures but for their names.

    The file has one row, or line, a picture, in the source's order. `.jsonl` has the objects of `Answer.to_json`.
    `.parquet` and `.csv` have the columns `path`, `label`, `decision`, `confidence`, `unknown_score`, `set` (in CSV a
    JSON list), `looks_like`, `message`, `name`, `spoken` and `route` where the model has been told, `order_value` where
    the labels are ordered, `p:LABEL` with the probability of each label, `error` and `error_message` for a file that is
    no usable picture. CSV is UTF-8 with a mark that Excel needs; text that a spreadsheet would run as a formula gets
    `./` before it.

    Args:
        bundle: a bundle's path, or a model loaded for one thread.
        source: pictures in any form that `train` takes; labels do not matter.
        out: the file: .parquet, .csv or .jsonl; never one that is there already.
        sheet: also show the answers that are for a person, the least sure first: .html or .png.
        threads: how many pictures are decoded and answered at once; None: one per core.
        progress: is told how far the work is.

    Raises:
        BundleError: the bundle cannot be used.
        CatalogError: the source cannot be read, or is empty.
        RunError: there is such a file already, or it cannot be written.
        UsageError: a file of no such form.
    """
    begun = time.monotonic()
    target, shown = place(out), None if sheet is None else place(sheet)
    kind = kind_of(target)
    if shown is not None:
        sheet_kind(shown)
        require_free(shown)
    model = bundle if isinstance(bundle, Model) else load(bundle, threads=1)
    opened = open_source(place(source), model.limits, is_own)
    parts = Unfinished(target)
    with parts.held({"bundle": model.fingerprint, "source": to_text(str(place(source)))}):
        resumed = _answer(model, opened, parts, kind, threads=threads, progress=progress)
        decisions, errors = Counter(parts.column("decision")), parts.column("error")
        if not len(errors):
            raise CatalogError(f"{source} is empty: there is no file in it.", hint="Point at pictures.")
        with ExitStack() as both:  # the answers take their place first, so that what fails can go on
            if shown is not None:
                path = both.enter_context(parts.replacing(shown))
                write_sheet(path, parts.parts(), opened.root, model=model, answers=target)
            join_parts(parts.parts(), both.enter_context(parts.replacing(target)), kind)
    return PredictToResult(
        out=target,
        pictures=len(errors),
        decisions={name: decisions[name] for name in ("accept", "review", "unknown")},
        unusable=len(errors) - errors.null_count(),
        resumed=resumed,
        sheet=shown,
        seconds=time.monotonic() - begun,
    )


def _answer(
    model: Model, source: Source, parts: Unfinished, kind: str, *, threads: int | None, progress: Progress
) -> int:
    """Answer what is not answered yet; gives how many were."""
    columns = schema(model.manifest, kind)
    done = set(parts.column(AT))
    before = len(done)
    root = os.path.join(to_text(str(source.root)), "")  # noqa: PTH118 - as text
    rows: list[dict[str, Any]] = []
    number, total = before, source.total
    progress(STAGE, number, total)
    items = (item for item in source.items() if item.path not in done)
    try:
        with closing(answer_items(model, items, threads=threads)) as answers:
            for number, (at, answer) in enumerate(answers, before + 1):
                rows.append(row(at, root + at, answer, columns))
                if len(rows) == _ROWS_A_PART:
                    rows = _keep(parts, rows, columns)
                if number % _TOLD_EVERY == 0:
                    progress(STAGE, number, total)
            progress(STAGE, number, total)
    finally:
        _keep(parts, rows, columns)
    return before


def _keep(parts: Unfinished, rows: list[dict[str, Any]], columns: dict[str, pl.DataType]) -> list[dict[str, Any]]:
    if rows:
        parts.add(rows, columns)
    return []
