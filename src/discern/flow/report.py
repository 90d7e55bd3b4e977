"""Functions that write the HTML report of a training run."""

from collections.abc import Collection, Sequence
from concurrent.futures import Future
from functools import partial
from pathlib import Path

import numpy as np

from discern.bundle import Model, Runtime, decide_all
from discern.bundle.archive import FILE, unpack
from discern.catalog import Catalog
from discern.errors import BundleError
from discern.evaluating import Metrics
from discern.flow.prepare import Prepared
from discern.flow.run import Run
from discern.parallel import ThreadExecutor
from discern.picture import Recipe, load_input, restore_shape
from discern.reporting import NegativeTable, PredictionTable, write_report
from discern.training import AcceptPolicy, FitResult, HeldOutPredictions, TrainingData, describe_backbone


def write_page(
    run: Run,
    prepared: Prepared,
    result: FitResult,
    policy: AcceptPolicy,
    metrics: Metrics,
    *,
    fingerprint: str,
    runtime: Runtime,
) -> None:
    """Write the HTML report of a training run to `report.html`.

    Args:
        run: run whose bundle is read back and checked.
        prepared: pictures of the run.
        result: fitted classifier.
        policy: accept policy.
        metrics: metrics of the run.
        fingerprint: fingerprint that the bundle must have.
        runtime: engine that has loaded the bundle's graph, and recorded its golden vectors.

    Raises:
        BundleError: the bundle of the run cannot be used.
    """
    facts = run.facts | {
        "data": {"fingerprint": prepared.catalog.fingerprint, "root": run.facts["source"]},
        "backbone": dict(sorted(describe_backbone(result.backbone or prepared.data.backbone).items())),
        "recipe": prepared.data.recipe.to_json(),
        "bundle": {"fingerprint": fingerprint},
    }
    with ThreadExecutor(1) as executor, run.writing("report.html") as page:
        # The bundle is read and checked while the page is built.
        viewer = _ModelViewer(prepared, executor.submit(_read_back, run.path(FILE), fingerprint, runtime))
        write_report(
            page,
            catalog=prepared.catalog,
            findings=prepared.findings,
            predictions=_prediction_table(prepared.catalog, result.held_out, policy, metrics.split.unevaluated),
            metrics=metrics,
            run=facts,
            pictures=viewer.pixels,
            negative_scores=_negative_scores(result),
            negatives=_negative_tables(prepared.data, result, policy, metrics.split.unevaluated),
            evidence=viewer.evidence,
            title=run.facts["name"],
        )
        viewer.model()


def _read_back(path: Path, fingerprint: str, runtime: Runtime) -> Model:
    model = Model(unpack(path), runtime=runtime)
    if model.fingerprint != fingerprint:
        raise BundleError(f"{path} was replaced while its report was written.", hint="Run the same command again.")
    return model


class _ModelViewer:
    """Viewer that provides preprocessed images and evidence maps for the HTML report."""

    def __init__(self, prepared: Prepared, loading: Future[Model]) -> None:
        self._data, self._loading = prepared.data, loading
        self._contents = prepared.catalog.table["content"].to_list()

    def model(self) -> Model:
        """Wait for the model of the bundle."""
        return self._loading.result()

    def pixels(self, row: int) -> np.ndarray:
        """Return the preprocessed image of a catalog row as a uint8 array, without padding and in its own shape."""
        return _in_own_shape(self._data.catalog, self._data.recipe, row, self._input(row))

    def evidence(self, rows: Sequence[int]) -> list[np.ndarray]:
        """Return the evidence maps of the images in the given catalog rows."""
        # One after the other: they share the processor's caches, which a batch exceeds (two thirds of the time).
        return [self.model().run(self._input(row)[None])["evidence"][0] for row in rows]

    def _input(self, row: int) -> np.ndarray:
        kept = self._data.inputs.get(self._contents[row])
        return load_input(self._data.catalog.read_one(row), self._data.recipe) if kept is None else kept


def _load_row(catalog: Catalog, recipe: Recipe, row: int) -> np.ndarray:
    return _in_own_shape(catalog, recipe, row, load_input(catalog.read_one(row), recipe))


def _in_own_shape(catalog: Catalog, recipe: Recipe, row: int, pixels: np.ndarray) -> np.ndarray:
    width, height = catalog.table.select("width", "height").row(row)
    return restore_shape(pixels, recipe, (width, height))


def _negative_scores(result: FitResult) -> np.ndarray | None:
    return None if result.negatives is None else result.negatives.excess + result.t_unknown


def _negative_tables(
    data: TrainingData, result: FitResult, policy: AcceptPolicy, unjudged: Collection[str]
) -> list[NegativeTable]:
    negatives = result.negatives
    if negatives is None:
        return []
    decisions = negatives.decisions(
        accept=policy.thresholds.accept, unjudged=np.isin(data.catalog.labels, list(unjudged))
    )
    tables, start = [], 0
    for pictures in data.negative_pictures:
        own = slice(start, start + len(pictures.rows))
        start = own.stop
        tables.append(
            NegativeTable(
                catalog=pictures.catalog,
                rows=pictures.rows,
                predicted=negatives.label[own],
                confidence=negatives.confidence[own],
                decision=decisions[own],
                pictures=partial(_load_row, pictures.catalog, data.recipe),
            )
        )
    return tables


def _prediction_table(
    catalog: Catalog, held_out: HeldOutPredictions, policy: AcceptPolicy, unjudged: Collection[str]
) -> PredictionTable:
    return PredictionTable(
        rows=held_out.rows,
        truth=catalog.label_index[held_out.rows],
        probabilities=held_out.probabilities,
        unknown_score=held_out.unknown_score,
        decision=decide_all(
            held_out.probabilities,
            held_out.unknown_score,
            unknown=held_out.t_unknown,
            accept=policy.thresholds.accept,
            unjudged=np.isin(catalog.labels, list(unjudged)),
        ),
    )
