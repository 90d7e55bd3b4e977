"""From a fitted head to the bundle that serves it."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from discern.bundle import Manifest, write_bundle
from discern.bundle.onnx_graph import attach_head
from discern.evaluating import Metrics
from discern.features import Backbone
from discern.training.accept_policy import AcceptPolicy
from discern.training.card import write_card
from discern.training.config import TrainConfig
from discern.training.fit import FitResult, TrainingData


@dataclass(frozen=True, kw_only=True)
class Provenance:
    """How a bundle came about.

    Attributes:
        name: what the model is called.
        config: what was asked for.
        versions: of the libraries that made it.
        names: what labels are called, and where things of them go.
        faults: how many findings each check has.
        group: int `[N]`, which pictures of the catalog are not independent.
    """

    name: str
    config: TrainConfig
    versions: dict[str, str]
    names: dict[str, dict[str, str]] = field(default_factory=dict)
    faults: dict[str, int] = field(default_factory=dict)
    group: np.ndarray


def pack(
    path: Path,
    material: TrainingData,
    learned: FitResult,
    decided: AcceptPolicy,
    metrics: Metrics,
    *,
    origin: Provenance,
) -> str:
    """Write the bundle: the backbone's own graph with the head in it, so that serving computes what training saw.

    Returns:
        The bundle's fingerprint.
    """
    backbone, final = material.backbone, learned.final
    table = material.catalog.table
    graph = attach_head(backbone.graph, final.head, final.unknown, blocks=backbone.blocks)
    manifest = Manifest(
        name=origin.name,
        labels=material.catalog.labels,
        recipe=material.recipe,
        temperature=final.temperature,
        ordered=bool(material.catalog.order),
        names=origin.names,
        thresholds=decided.thresholds,
        policy=decided.policy(),
        unknown=final.unknown_json(),
        metrics=metrics.for_bundle(),
        data=_data(material, learned.learned, origin),
        backbone=_backbone(backbone),
        config=origin.config.to_json(),
        versions=origin.versions,
    )
    seen = table["content"].to_numpy()[learned.learned].tolist()
    seen += material.negative_content
    return write_bundle(path, graph=graph, manifest=manifest, seen=seen, card=write_card(manifest))


def _data(material: TrainingData, learned: np.ndarray, origin: Provenance) -> dict[str, Any]:
    """What the head learned from, for whoever wants to know what it may know."""
    labels, label, group = material.catalog.labels, material.catalog.label_index[learned], origin.group[learned]
    kinds, counts = np.unique(material.catalog.table["format"].to_numpy()[learned].astype(str), return_counts=True)
    return {
        "fingerprint": material.catalog.fingerprint,
        "pictures": len(learned),
        "groups": len(np.unique(group)),
        "negatives": len(material.negative_content),
        "per_class": {
            name: {"pictures": int(np.sum(label == number)), "groups": len(np.unique(group[label == number]))}
            for number, name in enumerate(labels)
        },
        "formats": dict(zip(kinds.tolist(), counts.tolist(), strict=True)),
        "faults": origin.faults,
    }


def _backbone(backbone: Backbone) -> dict[str, Any]:
    return {
        "name": backbone.name,
        "size": backbone.size,
        "key": backbone.key,
        "pretraining": backbone.pretraining,
        "licence": backbone.licence,
    }
