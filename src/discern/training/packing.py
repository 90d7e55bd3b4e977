"""From a fitted head to the bundle that serves it."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from discern.bundle import Manifest, attach_head, write_bundle
from discern.features import Backbone
from discern.training.card import write_card
from discern.training.config import TrainConfig
from discern.training.deciding import Decided
from discern.training.learning import Learned, Material

_OF_SETS = ("asked", "threshold", "basis", "guaranteed", "coverage", "size")


@dataclass(frozen=True, kw_only=True)
class Origin:
    """How a bundle came about.

    Attributes:
        name: what the model is called.
        config: what was asked for.
        versions: of the libraries that made it.
        names: what labels are called, and where things of them go.
    """

    name: str
    config: TrainConfig
    versions: dict[str, str]
    names: dict[str, dict[str, str]] = field(default_factory=dict)


def pack(
    path: Path, material: Material, learned: Learned, decided: Decided, metrics: dict[str, Any], *, origin: Origin
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
        metrics=_kept(metrics),
        data={
            "fingerprint": material.catalog.fingerprint,
            "pictures": len(learned.learned),
            "negatives": len(material.negative_content),
        },
        backbone=_backbone(backbone),
        config=origin.config.to_json(),
        versions=origin.versions,
    )
    seen = table["content"].to_numpy()[learned.learned].tolist()
    seen += material.negative_content
    return write_bundle(path, graph=graph, manifest=manifest, seen=seen, card=write_card(manifest))


def _backbone(backbone: Backbone) -> dict[str, Any]:
    return {
        "name": backbone.name,
        "size": backbone.size,
        "key": backbone.key,
        "pretraining": backbone.pretraining,
        "licence": backbone.licence,
    }


def _kept(metrics: dict[str, Any]) -> dict[str, Any]:
    """The figures that travel with the model: its numbers, not its confusions."""
    kept = {
        key: metrics[key] for key in ("accuracy", "ece", "baselines", "unknown", "ordered", "gate", "split", "head")
    }
    sets = metrics["conformal"]
    return kept | {"conformal": sets and {key: sets[key] for key in _OF_SETS}}
