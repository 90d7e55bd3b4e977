"""Figures of models that are compared on the same pictures, and of each pair of them."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from discern.evaluating.classification_metrics import ClassificationMetrics
from discern.evaluating.intervals import Interval
from discern.evaluating.metrics_schema import Metrics
from discern.evaluating.simplest_model import ModelPair, is_significant


@dataclass(frozen=True, kw_only=True)
class AnswerCost:
    """Cost of the answers of a model.

    Attributes:
        target: way to deploy.
        per_day: answers a day.
        per_month: US dollars a month; None if a price is not known.
        prices_as_of: date of the oldest price.
    """

    target: str
    per_day: float
    per_month: float | None
    prices_as_of: str


@dataclass(frozen=True, kw_only=True)
class TrainTime:
    """Time that a training takes with an empty cache.

    Attributes:
        seconds: seconds with those of the cached features.
        measured: seconds that the run took.
        cached: number of pictures whose features the run found in its cache; None if the run does not state it.
        cached_seconds: seconds of these, estimated from the backbone's speed; None if that is not known.
    """

    seconds: float
    measured: float
    cached: int | None
    cached_seconds: float | None

    @property
    def is_complete(self) -> bool:
        """Return True if the seconds include the features of all pictures."""
        return self.cached == 0 or self.cached_seconds is not None


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
        multiply_adds: multiplications with additions for one picture.
        megabytes: size of the bundle in MB.
        ms_per_picture: median time of one answer on one core of this machine.
        training: time of its training.
        cost: cost of its answers.
        validation: accuracy on the common pictures of the training parts, by models fitted without them; None if the
            runs do not state it.
    """

    run: str
    name: str
    method: str
    backbone: str
    metrics: ClassificationMetrics
    stated: Metrics
    mae: float | None
    parameters: int
    multiply_adds: int
    megabytes: float
    ms_per_picture: float
    training: TrainTime
    cost: AnswerCost
    validation: Interval | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the figures in JSON-ready values."""
        accuracy, gate = self.metrics.accuracy, self.stated.negatives
        return {
            "run": self.run,
            "name": self.name,
            "method": self.method,
            "backbone": self.backbone,
            "accuracy": _ends(accuracy),
            "validation_accuracy": None if self.validation is None else _ends(self.validation),
            "balanced_accuracy": self.metrics.balanced_accuracy.value,
            "macro_f1": self.metrics.macro_f1.value,
            "mae": self.mae,
            "ece": self.stated.ece.value,
            "log_loss": None if self.stated.classification is None else self.stated.classification.log_loss.value,
            "gate": None
            if gate is None
            else {name: getattr(gate, name).to_json() for name in ("auroc", "kept", "rejected")},
            "parameters": self.parameters,
            "multiply_adds": self.multiply_adds,
            "megabytes": self.megabytes,
            "ms_per_picture": self.ms_per_picture,
            "train_seconds": self.training.seconds,
            "measured_seconds": self.training.measured,
            "cached_pictures": self.training.cached,
            "cost": asdict(self.cost),
            "per_class": [
                {
                    "label": each.label,
                    "pictures": each.support,
                    "precision": each.precision,
                    "recall": each.recall.value,
                    "f1": each.f1,
                }
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
            "difference": _ends(difference),
            "p": self.pair.p,
            "p_unadjusted": self.pair.test.p,
            "clear": self.pair.is_clear,
            "only_a_wrong": self.pair.only_first_wrong,
            "only_b_wrong": self.pair.only_second_wrong,
            "per_class": {
                label: {**_ends(each), "p": p, "clear": is_significant(p)}
                for label, (each, p) in self.per_class.items()
            },
        }


def _ends(interval: Interval) -> dict[str, float | None]:
    return {name: getattr(interval, name) for name in ("value", "low", "high")}
