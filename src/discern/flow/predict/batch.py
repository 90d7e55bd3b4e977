"""Resumable batch prediction that writes its results to a file (`discern predict --out`)."""

import time
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from discern.bundle import Model
from discern.display.displayed import Displayed
from discern.flow.bucket_outputs import writes_to_buckets
from discern.flow.paths import resolve_output
from discern.flow.predict.answer_table import join_parts, output_format
from discern.flow.predict.batch_job import BatchJob
from discern.flow.predict.inputs import require_inputs
from discern.flow.predict.resumable_output import ResumableOutput, require_free
from discern.flow.predict.review_sheet import sheet_format, write_sheet
from discern.progress import Progress, silent


@dataclass(frozen=True, kw_only=True, repr=False)
class PredictToResult(Displayed):
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


@writes_to_buckets("out", "sheet")
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
    job = BatchJob(bundle, inputs)
    parts = ResumableOutput(target)
    with parts.locked(job.identity):
        settled, resumed = job.run(parts, kind, threads=threads, progress=progress)
        found = parts.columns("decision", "error", parts=settled)
        with ExitStack() as outputs:  # predictions are placed first, so that a failed sheet can be resumed
            if sheet_path is not None:
                path = outputs.enter_context(parts.replacing(sheet_path))
                write_sheet(path, sheet_format(sheet_path), settled, job.source.root, model=job.model, answers=target)
            join_parts(settled, outputs.enter_context(parts.replacing(target)), kind)
    decisions = Counter(found["decision"])
    return PredictToResult(
        out=target,
        pictures=len(found),
        decisions={name: decisions[name] for name in ("accept", "review", "unknown")},
        unusable=found["error"].count(),
        resumed=resumed,
        sheet=sheet_path,
        seconds=time.monotonic() - start,
    )
