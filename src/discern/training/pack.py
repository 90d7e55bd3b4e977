"""Functions that export a fitted classifier to a bundle."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from discern.bundle import Manifest, PictureHashes, write_bundle
from discern.bundle.reference_pictures import ReferencePictures
from discern.evaluating import Metrics
from discern.features import Backbone
from discern.training.accept_policy import AcceptPolicy
from discern.training.card import write_card
from discern.training.config import TrainConfig
from discern.training.data import TrainingData
from discern.training.methods import FitResult


@dataclass(frozen=True, kw_only=True)
class Provenance:
    """Data, software and settings from which a bundle was made.

    Attributes:
        name: name of the model.
        config: settings of the training.
        versions: versions of the libraries that made it.
        names: display names and routes of labels.
        aliases: other names of labels.
        faults: number of findings by check.
        group: int `[N]`, group of each picture of the catalog.
    """

    name: str
    config: TrainConfig
    versions: dict[str, str]
    names: dict[str, dict[str, str]] = field(default_factory=dict)
    aliases: dict[str, list[str]] = field(default_factory=dict)
    faults: dict[str, int] = field(default_factory=dict)
    group: np.ndarray


def pack(
    path: Path,
    data: TrainingData,
    result: FitResult,
    policy: AcceptPolicy,
    metrics: Metrics,
    *,
    provenance: Provenance,
    recorded: bytes | None = None,
    reference: ReferencePictures | None = None,
) -> str:
    """Write a fitted classifier to a bundle file and return its fingerprint.

    The bundle contains the finished graph with the manifest, the card, and hashes of the training pictures and of those
    that set the thresholds. Its golden vectors may have been recorded before by `record_golden`; the pictures to detect
    drift are of `make_reference`.
    """
    manifest = Manifest(
        name=provenance.name,
        labels=data.catalog.labels,
        recipe=data.recipe,
        temperature=result.temperature,
        ordered=bool(data.catalog.order),
        names=provenance.names,
        thresholds=policy.thresholds,
        policy=policy.to_json(),
        unknown=dict(result.unknown),
        metrics=metrics.for_bundle(),
        data=_describe_data(data, result.train_rows, provenance),
        backbone=describe_backbone(result.backbone or data.backbone),
        config=_resolve(provenance.config, policy),
        versions=provenance.versions,
    )
    seen = PictureHashes(*data.catalog.hashes(result.train_rows)) + data.negative_hashes
    return write_bundle(
        path,
        graph=result.graph,
        manifest=manifest,
        seen=seen.content,
        seen_pixels=seen.pixels,
        set_thresholds=PictureHashes(*data.catalog.hashes(_threshold_rows(result, policy))),
        card=write_card(manifest),
        recorded=recorded,
        reference=reference,
    )


def _resolve(config: TrainConfig, policy: AcceptPolicy) -> dict[str, Any]:
    """Return the settings with the error limit that was found, as earlier versions read a number."""
    limit = None if policy.risk_control is None else policy.risk_control.risk
    return config.to_json() | {"at_most_wrong": limit}


def _threshold_rows(result: FitResult, policy: AcceptPolicy) -> np.ndarray:
    """Return the catalog rows outside the training set whose predictions set the policy or the prediction sets."""
    if policy.risk_control is None and policy.conformal is None:
        return np.empty(0, np.int64)
    return np.setdiff1d(result.held_out.rows, result.train_rows)


def _describe_data(data: TrainingData, rows: np.ndarray, provenance: Provenance) -> dict[str, Any]:
    """Summarise the training data as JSON-ready values for the bundle."""
    labels, label, group = data.catalog.labels, data.catalog.label_index[rows], provenance.group[rows]
    formats, counts = np.unique(data.catalog.table["format"].to_numpy()[rows].astype(str), return_counts=True)
    return {
        "fingerprint": data.catalog.fingerprint,
        "pictures": len(rows),
        "groups": len(np.unique(group)),
        "negatives": len(data.negative_hashes.content),
        "per_class": {
            name: {"pictures": int(np.sum(label == number)), "groups": len(np.unique(group[label == number]))}
            for number, name in enumerate(labels)
        },
        "formats": dict(zip(formats.tolist(), counts.tolist(), strict=True)),
        "faults": provenance.faults,
        **({"aliases": provenance.aliases} if provenance.aliases else {}),
    }


def describe_backbone(backbone: Backbone) -> dict[str, Any]:
    """Describe a backbone as JSON-ready values for the bundle."""
    return {
        "name": backbone.name,
        "size": backbone.size,
        "key": backbone.key,
        "pretraining": backbone.pretraining,
        "licence": backbone.licence,
    }
