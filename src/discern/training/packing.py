"""From a fitted head to the bundle that serves it."""

from pathlib import Path
from typing import Any

from discern.bundle import Manifest, Thresholds, attach_head, write_bundle
from discern.features import Backbone
from discern.training.card import write_card
from discern.training.config import TrainConfig
from discern.training.learning import Learned, Material


def pack(
    path: Path,
    material: Material,
    learned: Learned,
    metrics: dict[str, Any],
    config: TrainConfig,
    *,
    name: str,
    versions: dict[str, str],
) -> str:
    """Write the bundle: the backbone's own graph with the head in it, so that serving computes what training saw.

    Returns:
        The bundle's fingerprint.
    """
    backbone, final = material.backbone, learned.final
    table = material.catalog.table
    graph = attach_head(backbone.graph, final.head, final.unknown, blocks=backbone.blocks)
    manifest = Manifest(
        name=name,
        labels=material.catalog.labels,
        recipe=material.recipe,
        temperature=final.temperature,
        thresholds=Thresholds(unknown=final.t_unknown, false_rejection=config.head.false_rejection),
        unknown=final.unknown_json(),
        metrics=_kept(metrics),
        data={"fingerprint": material.catalog.fingerprint, "pictures": len(learned.learned)},
        backbone=_backbone(backbone),
        config=config.to_json(),
        versions=versions,
    )
    seen = table["content"].to_numpy()[learned.learned].tolist()
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
    return {key: metrics[key] for key in ("accuracy", "ece", "baselines", "unknown", "split", "head")}
