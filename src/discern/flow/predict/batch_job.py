"""Job that classifies a batch of images and stores the predictions so that it can be resumed."""

import os
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import polars as pl

from discern.buckets.mirror import address_of
from discern.bundle import Model, load
from discern.catalog import Source
from discern.catalog.path_text import to_text
from discern.errors import CatalogError
from discern.flow.paths import resolve_path
from discern.flow.predict.answer_table import AT, MARK, row, schema
from discern.flow.predict.inputs import STANDARD_INPUT
from discern.flow.predict.resumable_output import ResumableOutput
from discern.flow.predict.resume import ResumePlan
from discern.flow.predict.sources import StdinSource, open_inputs
from discern.flow.predict.stream import predict_items
from discern.progress import Progress

STAGE = "predict"
_ROWS_A_PART = 1_000
_PROGRESS_EVERY = 16


class BatchJob:
    """Batch of images to be classified by one model.

    Args:
        bundle: path of a bundle, or a model loaded for one thread.
        inputs: path arguments, checked by `require_inputs`.

    Attributes:
        model: the model.
        source: the images.
        identity: JSON-ready identity of the job, which a resumed one must equal.
    """

    def __init__(self, bundle: str | Path | Model, inputs: Sequence[str]) -> None:
        self.model = bundle if isinstance(bundle, Model) else load(bundle, threads=1)
        self.source = open_inputs(inputs, self.model.limits)
        several = len(inputs) > 1 or list(inputs) == [STANDARD_INPUT]
        root = self.source.root if several else resolve_path(inputs[0])
        self.identity = {"bundle": self.model.fingerprint, "source": to_text(str(root))}
        self._inputs = inputs

    def run(
        self, parts: ResumableOutput, kind: str, *, threads: int | None, progress: Progress
    ) -> tuple[list[Path], int]:
        """Classify the images that have no prediction yet.

        Args:
            parts: finished predictions; the new ones are added.
            kind: output format, from `output_format`.
            threads: number of parallel threads; None for one per core.
            progress: called with the stage, items done and items in all.

        Returns:
            Paths of the Parquet files with the columns of `answer_table.schema`, in the source's order, and the number
            of predictions from before an interruption.

        Raises:
            CatalogError: there is no file.
        """
        plan = self._predict(parts, kind, threads=threads, progress=progress)
        if not plan.marks:
            raise CatalogError(
                f"There is no file in {', '.join(self._inputs)}.", hint="Pass a source that contains pictures."
            )
        return parts.settle(AT, list(plan.marks)), plan.skipped

    def _predict(self, parts: ResumableOutput, kind: str, *, threads: int | None, progress: Progress) -> ResumePlan:
        columns = schema(self.model.manifest, kind)
        parts.discard_damaged(columns)
        plan = ResumePlan(self.source, parts.columns(AT, MARK, "error"))
        rows: list[dict[str, Any]] = []
        number, total = 0, self.source.total
        progress(STAGE, number, total)
        try:
            with closing(predict_items(self.model, plan.remaining(), threads=threads)) as answers:
                for number, (at, answer) in enumerate(answers, 1):
                    rows.append(row(at, _absolute_path(self.source, at), answer, columns, mark=plan.marks[at]))
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
    return os.path.join(to_text(address_of(str(source.root))), at)  # noqa: PTH118 - faster on text


def _keep(parts: ResumableOutput, rows: list[dict[str, Any]], columns: dict[str, pl.DataType]) -> list[dict[str, Any]]:
    if rows:
        parts.add(rows, columns)
    return []
