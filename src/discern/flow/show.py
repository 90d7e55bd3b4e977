"""`discern show`, and the page that a training leaves behind."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from discern.bundle import Model, decide_all, load
from discern.bundle.archive import FILE
from discern.catalog import Catalog
from discern.evaluating import Metrics
from discern.flow.prepare import Prepared
from discern.flow.run import Run
from discern.picture import load_input
from discern.reporting import PredictionTable, write_report
from discern.training import AcceptPolicy, FitResult, HeldOutPredictions


def show(bundle: str | Path) -> dict[str, Any]:
    """Say what is known of a bundle, without answering anything.

    Returns:
        Plain values, by name.

    Keys:
        path: the bundle's absolute path.
        name: the model's name, that of its run.
        version: the model's version.
        fingerprint: 64 hexadecimal digits that no other bundle has.
        labels: the classes, in order.
        ordered: whether their order means something.
        names: what people call some labels, and where things of them go: `name`, `spoken`, `route`.
        metrics: the figures of its training.
        recipe: how a picture becomes numbers.
        backbone: name, size, views, licence, and the data it was pretrained on.
        temperature: what the probabilities were calibrated by.
        thresholds: where the decision changes, `unknown` and `accept`, and from where a label is in an answer's set,
            `label_set`; null: never.
        policy: the promise about errors among accepted answers; null: nothing is accepted.
        unknown: how strangers are told: candidate and settings.
        data: fingerprint and size of the pictures it was trained on.
        config: what was asked for.
        versions: the libraries that made it.
        seen: how many pictures it was trained on.

    Raises:
        BundleError: no bundle, a damaged one, or one of a newer form.
    """
    model = load(bundle)
    manifest = model.manifest
    return {
        "path": str(Path(bundle).absolute()),
        "name": manifest.name,
        "version": manifest.version,
        "fingerprint": model.fingerprint,
        "labels": list(manifest.labels),
        "ordered": manifest.ordered,
        "names": manifest.names,
        "metrics": manifest.metrics,
        "recipe": manifest.recipe.to_json(),
        "backbone": manifest.backbone,
        "temperature": manifest.temperature,
        "thresholds": {name: getattr(manifest.thresholds, name) for name in ("unknown", "accept", "label_set")},
        "policy": manifest.policy,
        "unknown": manifest.unknown,
        "data": manifest.data,
        "config": manifest.config,
        "versions": manifest.versions,
        "seen": len(model.seen),
    }


def write_page(run: Run, prepared: Prepared, learned: FitResult, decided: AcceptPolicy, metrics: Metrics) -> None:
    """Write the run's report.html."""
    model = load(run.path(FILE))
    shower = _Shower(prepared.catalog, model)
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
            predictions=_answers(prepared.catalog, learned.honest, decided),
            metrics=metrics,
            run=facts,
            pictures=shower.pixels,
            negative_scores=_strangers(learned),
            evidence=shower.evidence,
            title=run.folder.name,
        )


class _Shower:
    """Pictures as the model sees them, and where in them each label speaks."""

    def __init__(self, catalog: Catalog, model: Model) -> None:
        self.catalog, self.model = catalog, model

    def pixels(self, row: int) -> np.ndarray:
        """The picture of a row as the graph takes it, uint8 `[size, size, 3]`."""
        return load_input(self.catalog.read_one(row), self.model.manifest.recipe)

    def evidence(self, rows: Sequence[int]) -> list[np.ndarray]:
        """For each row the evidence map of every label, float32 `[h, w, K]`."""
        return list(self.model.run(np.stack([self.pixels(row) for row in rows]))["evidence"])


def _strangers(learned: FitResult) -> np.ndarray | None:
    """The unknown scores of negatives, as if each had met the shipped threshold."""
    excess = learned.final.negative_excess
    return None if excess is None else excess + learned.final.t_unknown


def _answers(catalog: Catalog, held: HeldOutPredictions, decided: AcceptPolicy) -> PredictionTable:
    return PredictionTable(
        rows=held.rows,
        truth=catalog.label_index[held.rows],
        probabilities=held.probabilities,
        unknown_score=held.unknown_score,
        decision=decide_all(
            held.probabilities, held.unknown_score, unknown=held.t_unknown, accept=decided.thresholds.accept
        ),
    )
