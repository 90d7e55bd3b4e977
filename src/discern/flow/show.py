"""Functions that describe model bundles (`discern show`)."""

from pathlib import Path
from typing import Any

from discern.bundle import load
from discern.bundle.url_paths import local_path
from discern.inference.model_info import model_info


def show(bundle: str | Path) -> dict[str, Any]:
    """Return the description of a model bundle.

    Args:
        bundle: path of a bundle.

    Returns:
        JSON-ready values.

    Keys:
        path: absolute path of the bundle.
        name: name of the model, that of its run.
        version: version of the model.
        fingerprint: unique fingerprint, 64 hexadecimal digits.
        labels: the classes, in order.
        ordered: whether the labels form an ordinal scale.
        names: `name`, `spoken` and `route` of labels.
        metrics: metrics of its training run.
        recipe: preprocessing of pictures.
        backbone: name, input size, views, licence and pretraining data of the backbone.
        temperature: temperature that calibrates the probabilities.
        thresholds: scores at which the decision changes, `unknown` and `accept`, and the minimum probability of a label
            in the prediction set, `label_set`; null for never.
        policy: accept policy; null if nothing is accepted.
        unknown: method and settings of the unknown score.
        data: fingerprint and number of the training pictures.
        config: options of the training run.
        versions: versions of the libraries that trained it.
        seen: number of training pictures.

    Raises:
        BundleError: the file is not a bundle, is damaged, or has a newer format.
    """
    model = load(bundle)
    info = model_info(model)
    del info["card"]
    return {"path": str(Path(local_path(str(bundle))).absolute())} | info | {"seen": len(model.seen)}
