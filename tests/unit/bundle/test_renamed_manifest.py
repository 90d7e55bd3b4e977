"""A renamed manifest has the new labels in every place that holds labels."""

import json
from typing import Any

from discern.bundle.manifest import Manifest
from discern.bundle.renamed_manifest import RENAMED, rename_manifest
from tests.unit.bundle.factories import make_manifest

NEW = {"red": "rot", "green": "grün", "blue": "red"}
METRICS: dict[str, Any] = {
    "accuracy": {"leak_free": {"value": 0.5, "low": None, "high": None, "few_groups": {"green": 2, "blue": 3}}},
    "ordered": {"labels": ["red", "green", "blue"], "constant": "green"},
    "split": {"unjudged": ["blue"], "reason": "Nearly all pictures of 'red', 'blue' would be in it."},
}
DATA = {"per_class": {label: {"pictures": 1, "groups": 1} for label in NEW}, "aliases": {"green": ["1"]}}


def rename(manifest: Manifest) -> Manifest:
    return rename_manifest(manifest, NEW, fingerprint="ab" * 32, names={}, aliases={"rot": ["0"]})


def test_no_value_keeps_an_old_label() -> None:
    made = rename(make_manifest(labels=tuple(NEW), ordered=True, metrics=METRICS, data=DATA))
    assert made.labels == ("rot", "grün", "red")
    assert made.metrics["accuracy"]["leak_free"]["few_groups"] == {"grün": 2, "red": 3}
    assert made.metrics["ordered"] == {"labels": ["rot", "grün", "red"], "constant": "grün"}
    assert made.metrics["split"]["unjudged"] == ["red"]
    assert made.metrics["split"]["reason"] == "Nearly all pictures of 'rot', 'red' would be in it."
    assert list(made.data["per_class"]) == ["rot", "grün", "red"]
    assert made.aliases == {"rot": ["0"]}
    rest = json.dumps([made.metrics, made.data, made.names])
    assert "green" not in rest
    assert "blue" not in rest
    Manifest.from_bytes(made.to_bytes())


def test_each_origin_is_recorded() -> None:
    first = rename(make_manifest(labels=tuple(NEW)))
    again = rename_manifest(
        first, {label: label.upper() for label in first.labels}, fingerprint="cd" * 32, names={}, aliases={}
    )
    assert [each["fingerprint"][:2] for each in again.config[RENAMED]] == ["ab", "cd"]
    assert again.config[RENAMED][0]["labels"] == NEW
    assert again.aliases == {}


def test_manifests_without_metrics_can_be_renamed() -> None:
    made = rename(make_manifest(labels=tuple(NEW), metrics={}, data={}))
    assert (made.metrics, made.data) == ({}, {"aliases": {"rot": ["0"]}})
