"""Figures of models that are compared on the same pictures, and of each pair of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from discern.evaluating.classification_metrics import ClassificationMetrics
from discern.evaluating.intervals import Interval
from discern.evaluating.metrics_schema import Metrics
from discern.evaluating.simplest_model import ModelPair


@dataclass(frozen=True, kw_only=True)
class ComparedModel:
    """Model of a training run, measured on the pictures that all compared runs held out.

    Attributes:
        run: absolute path of the run.
        name: name for people, different for each run.
        method: training method.
        backbone: name of the backbone.
        metrics: metrics on the common pictures; those of probabilities have no meaning.
        stated: metrics of the run, on all pictures that it held out.
        mae: mean absolute error, in units of the labels or in places of their order; None if they have neither.
        parameters: number of weights.
        megabytes: size of the bundle in MB.
        ms_per_picture: median time of one answer on one core of this machine.
        train_seconds: seconds that the run took, without what was already in its cache.
    """

    run: str
    name: str
    method: str
    backbone: str
    metrics: ClassificationMetrics
    stated: Metrics
    mae: float | None
    parameters: int
    megabytes: float
    ms_per_picture: float
    train_seconds: float

    def to_json(self) -> dict[str, Any]:
        """Return the figures in JSON-ready values."""
        accuracy, gate = self.metrics.accuracy, self.stated.negatives
        return {
            "run": self.run,
            "name": self.name,
            "method": self.method,
            "backbone": self.backbone,
            "accuracy": {name: getattr(accuracy, name) for name in ("value", "low", "high")},
            "balanced_accuracy": self.metrics.balanced_accuracy.value,
            "macro_f1": self.metrics.macro_f1.value,
            "mae": self.mae,
            "ece": self.stated.ece.value,
            "gate": None
            if gate is None
            else {name: getattr(gate, name).to_json() for name in ("auroc", "kept", "rejected")},
            "parameters": self.parameters,
            "megabytes": self.megabytes,
            "ms_per_picture": self.ms_per_picture,
            "train_seconds": self.train_seconds,
            "per_class": [
                {"label": each.label, "precision": each.precision, "recall": each.recall.value, "f1": each.f1}
                for each in self.metrics.per_class
            ],
            "confusion": self.metrics.confusion.tolist(),
        }


@dataclass(frozen=True, kw_only=True)
class ComparedPair:
    """Paired difference of two compared models, A minus B.

    Attributes:
        a: model A.
        b: model B.
        pair: their difference in accuracy, with its test.
        per_class: difference in the recall of each class, with the p-value adjusted for the number of classes.
    """

    a: ComparedModel
    b: ComparedModel
    pair: ModelPair
    per_class: Mapping[str, tuple[Interval, float | None]] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Return the differences in JSON-ready values."""
        difference = self.pair.test.difference
        return {
            "a": self.a.run,
            "b": self.b.run,
            "difference": {name: getattr(difference, name) for name in ("value", "low", "high")},
            "p": self.pair.p,
            "p_unadjusted": self.pair.test.p,
            "only_a_wrong": self.pair.only_first_wrong,
            "only_b_wrong": self.pair.only_second_wrong,
            "per_class": {
                label: {"value": each.value, "low": each.low, "high": each.high, "p": p}
                for label, (each, p) in self.per_class.items()
            },
        }
