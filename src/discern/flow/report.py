"""Functions that write the HTML report of a training run."""

from collections.abc import Collection, Sequence

import numpy as np

from discern.bundle import Model, decide_all, load
from discern.bundle.archive import FILE
from discern.catalog import Catalog
from discern.evaluating import Metrics
from discern.flow.prepare import Prepared
from discern.flow.run import Run
from discern.picture import load_input
from discern.reporting import NegativeTable, PredictionTable, write_report
from discern.training import AcceptPolicy, FitResult, HeldOutPredictions, TrainingData


def write_page(run: Run, prepared: Prepared, result: FitResult, policy: AcceptPolicy, metrics: Metrics) -> None:
    """Write the HTML report of a training run to `report.html`."""
    model = load(run.path(FILE))
    viewer = _ModelViewer(prepared.catalog, model)
    facts = run.facts | {
        "data": {"fingerprint": prepared.catalog.fingerprint, "root": run.facts["source"]},
        "backbone": model.manifest.backbone,
        "recipe": model.manifest.recipe.to_json(),
        "bundle": {"fingerprint": model.fingerprint},
    }
    with run.writing("report.html") as page:
        write_report(
            page,
            catalog=prepared.catalog,
            findings=prepared.findings,
            predictions=_prediction_table(prepared.catalog, result.held_out, policy, metrics.split.unevaluated),
            metrics=metrics,
            run=facts,
            pictures=viewer.pixels,
            negative_scores=_negative_scores(result),
            negatives=_negative_tables(prepared.data, result, policy, metrics.split.unevaluated, model),
            evidence=viewer.evidence,
            title=run.folder.name,
        )


class _ModelViewer:
    """Viewer that provides preprocessed images and evidence maps for the HTML report."""

    def __init__(self, catalog: Catalog, model: Model) -> None:
        self.catalog, self.model = catalog, model

    def pixels(self, row: int) -> np.ndarray:
        """Return the preprocessed image of a catalog row as a uint8 array."""
        return load_input(self.catalog.read_one(row), self.model.manifest.recipe)

    def evidence(self, rows: Sequence[int]) -> list[np.ndarray]:
        """Return the evidence maps of the images in the given catalog rows."""
        return list(self.model.run(np.stack([self.pixels(row) for row in rows]))["evidence"])


def _negative_scores(result: FitResult) -> np.ndarray | None:
    return None if result.negatives is None else result.negatives.excess + result.t_unknown


def _negative_tables(
    data: TrainingData, result: FitResult, policy: AcceptPolicy, unjudged: Collection[str], model: Model
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
                pictures=_ModelViewer(pictures.catalog, model).pixels,
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
