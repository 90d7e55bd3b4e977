"""What a model says of itself at every door."""

from typing import Any

from discern.bundle import Model


def describe_model(name: str, model: Model, models: list[str]) -> dict[str, Any]:
    """What is known of a model.

    Args:
        name: what it is asked for by.
        model: the model.
        models: the names of all that can be asked.
    """
    manifest = model.manifest
    thresholds = manifest.thresholds
    return {
        "name": name,
        "version": manifest.version,
        "fingerprint": model.fingerprint,
        "labels": list(manifest.labels),
        "ordered": manifest.ordered,
        "names": manifest.names,
        "thresholds": {"unknown": thresholds.unknown, "accept": thresholds.accept, "set": thresholds.label_set},
        "policy": manifest.policy,
        "metrics": manifest.metrics,
        "backbone": manifest.backbone,
        "recipe": manifest.recipe.to_json(),
        "card": model.card,
        "models": models,
    }
