"""Resumable batch prediction that writes its results to a file (`discern predict --out`)."""

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
from discern.flow.paths import resolve_output, resolve_path
from discern.flow.predict.answer_table import AT, MARK, join_parts, output_format, row, schema
from discern.flow.predict.inputs import STANDARD_INPUT, require_inputs
from discern.flow.predict.resumable_output import ResumableOutput, require_free
from discern.flow.predict.resume import ResumePlan
from discern.flow.predict.review_sheet import sheet_format, write_sheet
from discern.flow.predict.sources import StdinSource, open_inputs
from discern.flow.predict.stream import predict_items
from discern.progress import Progress, silent

STAGE = "predict"
_ROWS_A_PART = 1_000
_PROGRESS_EVERY = 16


@dataclass(frozen=True, kw_only=True)
class PredictToResult:
    """Result of `discern.predict_to`, with its output files and image counts.

    Attributes:
        out: file of the predictions.
        pictures: number of files.
        decisions: number of predictions that are `accept`, `review` and `unknown`.
        unusable: number of unusable files.
        resumed: number of predictions from before an interruption.
        sheet: review sheet; None if none was requested.
        seconds: wall time in seconds.
    """

    out: Path
    pictures: int
    decisions: dict[str, int]
    unusable: int
    resumed: int
    sheet: Path | None
    seconds: float

    def to_json(self) -> dict[str, Any]:
        """Return the result as a JSON-serialisable dictionary with absolute paths."""
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
    """Classify the images of a data source and write the predictions to a file.

    The file appears when all predictions are done. Finished predictions are stored in a hidden folder beside the file;
    the same call resumes an interrupted one. A picture whose file or archive has changed in size or modification time
    since then is predicted again, and so are the pictures of a damaged part; a deleted picture has no row. Memory grows
    only with the list of paths.

    There is one row per picture, in the source's order. `.jsonl` has the objects of `Answer.to_json`. `.parquet` and
    `.csv` have the columns `path`, `label`, `decision`, `confidence`, `unknown_score`, `set` (in CSV a JSON list),
    `looks_like`, `message`, `name`, `spoken` and `route` if the model has a names.csv, `order_value` if the labels are
    ordered, `p:LABEL` for the probability of each label, and `error` and `error_message` for unusable files. CSV is
    UTF-8 with a BOM, and formulas are prefixed with `./`. A path byte that is not UTF-8 becomes U+10FF00 + its value.

    Args:
        bundle: path of a bundle, or a model loaded for one thread.
        source: pictures in any form that `train` or `predict` takes, or a list of these. Labels are ignored, and each
            picture is predicted once.
        out: output file, .parquet, .csv or .jsonl; it must not exist.
        sheet: review sheet, .html or .png, with the least confident predictions first; None for none.
        threads: number of parallel threads; None for one per core.
        progress: called with the stage, items done and items in all.

    Raises:
        BundleError: the bundle cannot be used.
        CatalogError: the source cannot be read, or is empty.
        RunError: the file exists or cannot be written.
        UsageError: the output format is not supported, or the source is invalid.
    """
    start = time.monotonic()
    target, sheet_path = resolve_output(out), None if sheet is None else resolve_output(sheet)
    kind = output_format(target)
    inputs = require_inputs(source)
    if sheet_path is not None:
        sheet_format(sheet_path)
    require_free(target, *([] if sheet_path is None else [sheet_path]))
    model = bundle if isinstance(bundle, Model) else load(bundle, threads=1)
    opened = open_inputs(inputs, model.limits)
    root = opened.root if len(inputs) > 1 or inputs == [STANDARD_INPUT] else resolve_path(inputs[0])
    parts = ResumableOutput(target)
    with parts.locked({"bundle": model.fingerprint, "source": to_text(str(root))}):
        plan = _predict(model, opened, parts, kind, threads=threads, progress=progress)
        if not plan.marks:
            raise CatalogError(
                f"There is no file in {', '.join(inputs)}.", hint="Pass a source that contains pictures."
            )
        settled = parts.settle(AT, list(plan.marks))
        found = parts.columns("decision", "error", parts=settled)
        with ExitStack() as outputs:  # predictions are placed first, so that a failed sheet can be resumed
            if sheet_path is not None:
                path = outputs.enter_context(parts.replacing(sheet_path))
                write_sheet(path, sheet_format(sheet_path), settled, opened.root, model=model, answers=target)
            join_parts(settled, outputs.enter_context(parts.replacing(target)), kind)
    decisions = Counter(found["decision"])
    return PredictToResult(
        out=target,
        pictures=len(found),
        decisions={name: decisions[name] for name in ("accept", "review", "unknown")},
        unusable=found["error"].count(),
        resumed=plan.skipped,
        sheet=sheet_path,
        seconds=time.monotonic() - start,
    )


def _predict(
    model: Model, source: Source, parts: ResumableOutput, kind: str, *, threads: int | None, progress: Progress
) -> ResumePlan:
    """Classify the images without predictions and store the new predictions."""
    columns = schema(model.manifest, kind)
    parts.discard_damaged(columns)
    plan = ResumePlan(source, parts.columns(AT, MARK, "error"))
    rows: list[dict[str, Any]] = []
    number, total = 0, source.total
    progress(STAGE, number, total)
    try:
        with closing(predict_items(model, plan.remaining(), threads=threads)) as answers:
            for number, (at, answer) in enumerate(answers, 1):
                rows.append(row(at, _absolute_path(source, at), answer, columns, mark=plan.marks[at]))
                if len(rows) == _ROWS_A_PART:
                    rows = _keep(parts, rows, columns)
                if number % _PROGRESS_EVERY == 0:
                    progress(STAGE, plan.skipped + number, total)
            progress(STAGE, plan.skipped + number, total)
    finally:
        _keep(parts, rows, columns)
    return plan


def _absolute_path(source: Source, at: str) -> str:
    if isinstance(source, StdinSource):
        return at
    return os.path.join(to_text(str(source.root)), at)  # noqa: PTH118 - faster on text


def _keep(parts: ResumableOutput, rows: list[dict[str, Any]], columns: dict[str, pl.DataType]) -> list[dict[str, Any]]:
    if rows:
        parts.add(rows, columns)
    return []
