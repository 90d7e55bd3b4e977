"""Functions that describe a model for `GET /model`, the web page and `discern show`."""

from collections.abc import Sequence
from typing import Any

from discern.bundle import Model

_PUBLISHED = (
    "name",
    "version",
    "fingerprint",
    "labels",
    "ordered",
    "names",
    "thresholds",
    "policy",
    "metrics",
    "backbone",
    "recipe",
    "card",
)


def model_info(model: Model) -> dict[str, Any]:
    """Return the metadata of a model as a JSON-serialisable dictionary.

    `thresholds` holds `unknown`, `accept` and `label_set`; `card` is Markdown.
    """
    manifest = model.manifest
    return {
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
        "card": model.card,
    }


def describe_model(name: str, model: Model, models: Sequence[str]) -> dict[str, Any]:
    """Return the public metadata of a served model, without training data and configuration.

    Args:
        name: the name that the model is served under.
        model: the model.
        models: the names of all served models.
    """
    info = model_info(model)
    published = {key: info[key] for key in _PUBLISHED} | {"name": name, "models": list(models)}
    # On the wire since the first version; `discern show` calls it label_set.
    published["thresholds"] = {"set" if key == "label_set" else key: value for key, value in info["thresholds"].items()}
    return published | ({"aliases": model.manifest.aliases} if model.manifest.aliases else {})
