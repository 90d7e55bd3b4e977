"""Functions that write the HTML report of a training run."""

from collections.abc import Collection, Sequence

import numpy as np

from discern.bundle import Model, Runtime, decide_all
from discern.bundle.archive import FILE, unpack
from discern.catalog import Catalog
from discern.evaluating import Metrics
from discern.flow.prepare import Prepared
from discern.flow.run import Run
from discern.picture import load_input
from discern.reporting import PredictionTable, write_report
from discern.training import AcceptPolicy, FitResult, HeldOutPredictions


def write_page(
    run: Run, prepared: Prepared, result: FitResult, policy: AcceptPolicy, metrics: Metrics, *, runtime: Runtime
) -> None:
    """Write the HTML report of a training run to `report.html`.

    The bundle is read back and verified; `runtime` is the engine on which its golden vectors were recorded.
    """
    model = Model(unpack(run.path(FILE)), runtime=runtime)
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
