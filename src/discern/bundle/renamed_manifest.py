"""Manifest of a model whose class labels were renamed."""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from discern.bundle.manifest import Manifest

RENAMED = "renamed"
"""Key of `Manifest.config` with the fingerprint and the labels of each bundle that was renamed, the first one first."""


def rename_manifest(
    manifest: Manifest,
    renamed: Mapping[str, str],
    *,
    fingerprint: str,
    names: Mapping[str, Mapping[str, str]],
    aliases: Mapping[str, list[str]],
) -> Manifest:
    """Return a manifest with other labels, in every value that contains labels.

    Args:
        manifest: manifest of the bundle.
        renamed: new label of each label, in the order of the labels.
        fingerprint: fingerprint of the bundle, to be recorded.
        names: `name`, `spoken` and `route` of new labels.
        aliases: other names of new labels.
    """
    data = {name: value for name, value in manifest.data.items() if name != "aliases"}
    if "per_class" in data:
        data["per_class"] = _rename_keys(data["per_class"], renamed)
    if aliases:
        data["aliases"] = dict(aliases)
    origin = {"fingerprint": fingerprint, "labels": dict(renamed)}
    return replace(
        manifest,
        labels=tuple(renamed[label] for label in manifest.labels),
        names={label: dict(each) for label, each in names.items()},
        metrics=_rename_metrics(manifest.metrics, renamed),
        data=data,
        config=manifest.config | {RENAMED: [*manifest.config.get(RENAMED, ()), origin]},
        members={},
    )


def _rename_metrics(metrics: Mapping[str, Any], renamed: Mapping[str, str]) -> dict[str, Any]:
    found = dict(metrics)
    if accuracy := found.get("accuracy"):
        leak_free = accuracy["leak_free"]
        few = {"few_groups": _rename_keys(leak_free["few_groups"], renamed)} if leak_free.get("few_groups") else {}
        found["accuracy"] = accuracy | {"leak_free": leak_free | few}
    if ordered := found.get("ordered"):
        found["ordered"] = ordered | {
            "labels": [renamed.get(label, label) for label in ordered.get("labels") or ()],
            "constant": renamed.get(ordered.get("constant"), ordered.get("constant")),
        }
    if split := found.get("split"):
        found["split"] = split | {
            "unjudged": [renamed.get(label, label) for label in split.get("unjudged") or ()],
            "reason": split.get("reason") and _rename_quoted(split["reason"], renamed),
        }
    return found


def _rename_keys(values: Mapping[str, Any], renamed: Mapping[str, str]) -> dict[str, Any]:
    return {renamed.get(label, label): value for label, value in values.items()}


def _rename_quoted(sentence: str, renamed: Mapping[str, str]) -> str:
    """Rename the labels that stand in single quotes in a sentence."""
    quoted = re.compile("'(" + "|".join(map(re.escape, sorted(renamed, key=len, reverse=True))) + ")'")
    return quoted.sub(lambda found: f"'{renamed[found[1]]}'", sentence)
