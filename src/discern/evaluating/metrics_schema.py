"""Dataclasses that define the contents of `metrics.json`, the metrics of a training run."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Self

from discern.display.displayed import Displayed
from discern.errors import DataError
from discern.evaluating.calibration import CalibrationError
from discern.evaluating.classification_metrics import ClassificationMetrics
from discern.evaluating.count_metrics import CountMetrics
from discern.evaluating.intervals import UNDEFINED, Interval
from discern.evaluating.json_fields import decode_fields, encode_fields, key, optional
from discern.evaluating.ordinal_metrics import OrderedLabelMetrics
from discern.evaluating.policy_metrics import PolicyMetrics
from discern.evaluating.prediction_set_metrics import ConformalMetrics
from discern.evaluating.unlike_metrics import UnlikeAccuracy, UnlikeEvidence

FORMAT = 1
_BUNDLED = ("accuracy", "ece", "baselines", "unknown", "ordered", "gate", "split", "head")
_BUNDLED_SETS = ("asked", "threshold", "basis", "guaranteed", "coverage", "size")


@dataclass(frozen=True, kw_only=True)
class LeakFreeAccuracy(Interval):
    """Accuracy on images without a duplicate, near-duplicate or group member in the training data.

    Attributes:
        method: "test-part" or "grouped-cv".
        estimates: "bundle", measured on the shipped model itself, or "recipe", on models fitted the same way.
        classes: number of classes among the held-out pictures.
        few_groups: number of independent groups of each evaluated class with fewer than five; its accuracy is
            pessimistic, as the models that it was measured on lacked a large part of its groups. None if there is none.
    """

    method: str | None = None
    estimates: str | None = None
    classes: int | None = None
    few_groups: Mapping[str, int] | None = field(default=None, metadata=optional())

    def to_json(self) -> dict[str, Any]:
        """Convert the accuracy to the JSON-ready values of `metrics.json`."""
        return encode_fields(self)


@dataclass(frozen=True, kw_only=True)
class AccuracyDifference(Interval):
    """Difference between random-split and leak-free accuracy on the same images.

    Attributes:
        pictures: number of these.
    """

    pictures: int | None = None


@dataclass(frozen=True, kw_only=True)
class AccuracyMetrics:
    """Accuracy of a classifier on leak-free, random and given splits.

    Attributes:
        leak_free: on independent pictures.
        random_split: by cross-validation over random folds, which ignores groups, on the same pictures; if the method
            trains a network, on one random fold.
        given_split: on the given parts, leaks included; None without given parts.
        difference: of `random_split` to `leak_free`.
        unlike: on pictures whose look-alikes were not learned; None in files of earlier versions.
    """

    leak_free: LeakFreeAccuracy = LeakFreeAccuracy()
    random_split: Interval = field(default=UNDEFINED, metadata=key("naive"))
    given_split: Interval | None = field(default=None, metadata=key("given"))
    difference: AccuracyDifference = AccuracyDifference()
    unlike: UnlikeAccuracy | None = field(default=None, metadata=optional())

    def to_json(self) -> dict[str, Any]:
        """Convert the accuracies to the JSON-ready values of `metrics.json`."""
        return encode_fields(self)


@dataclass(frozen=True, kw_only=True)
class UnknownThreshold:
    """Threshold of the out-of-distribution score, with its false rejection rate.

    Attributes:
        t_unknown: threshold of the shipped model.
        false_rejection: share of held-out known pictures above the threshold, which was set on other pictures.
        rejection: the same with its interval; None in files of earlier versions.
    """

    t_unknown: float | None = None
    false_rejection: float | None = None
    rejection: Interval | None = field(default=None, metadata=key("false_rejection_interval") | optional())


@dataclass(frozen=True, kw_only=True)
class NegativeMetrics:
    """Metrics of out-of-distribution detection on images of none of the classes.

    Attributes:
        negatives: number of negatives.
        tuned: of these, those that the unknown score was tuned on.
        scored: of these, those that it was measured on.
        kept: share of known pictures not called unknown.
        rejected: share of negatives called unknown.
        auroc: area under the ROC curve of the unknown score.
        accepted: share of negatives accepted as one of the classes.
        reviewed: share of negatives that a person is to review; None in files of earlier versions.
    """

    negatives: int | None = None
    tuned: int | None = None
    scored: int | None = None
    kept: Interval = UNDEFINED
    rejected: Interval = UNDEFINED
    auroc: Interval = UNDEFINED
    accepted: Interval = UNDEFINED
    reviewed: Interval | None = field(default=None, metadata=optional())


@dataclass(frozen=True, kw_only=True)
class FixMetrics:
    """Number of images changed by fixes, and accuracy against the original labels.

    Attributes:
        dropped: number of pictures removed.
        relabelled: number of pictures with another label.
        accuracy_before: leak-free accuracy of the same predictions, against the labels before the fixes.
    """

    dropped: int = 0
    relabelled: int = 0
    accuracy_before: Interval = field(default=UNDEFINED, metadata=key("accuracy_as_it_came"))


@dataclass(frozen=True, kw_only=True)
class SplitMetrics:
    """Summary of the train/test split or cross-validation used for evaluation.

    Attributes:
        method: "test-part" or "grouped-cv".
        reason: why, in a sentence.
        leaks: pictures left out of training because they would have leaked.
        unevaluated: labels without a held-out picture, and so without metrics.
        pictures: number of pictures by part, and those unused and unreadable.
    """

    method: str | None = None
    reason: str | None = None
    leaks: int | None = None
    unevaluated: tuple[str, ...] = field(default=(), metadata=key("unjudged"))
    pictures: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class LearningCurvePoint:
    """Accuracy of a classifier at one training set size.

    Attributes:
        share: share of the training groups.
        pictures: number of training pictures.
        groups: number of training groups.
        accuracy: on the pictures held out.
    """

    share: float
    pictures: int
    groups: int | None
    accuracy: Interval


@dataclass(frozen=True, kw_only=True)
class LearningCurveAdvice:
    """Recommended range of additional groups to collect for one class.

    Attributes:
        label: the class.
        fewest: fewest groups to add.
        most: most groups to add.
    """

    label: str
    fewest: int
    most: int


@dataclass(frozen=True, kw_only=True)
class LearningCurve:
    """Learning curve of accuracy over the number of training groups.

    Attributes:
        points: one for each share, rising.
        flat: True if the second half of the groups brought no measurable gain.
        sentence: the gain in words; None if flat.
        advice: the classes that gained most; empty if flat.
    """

    points: tuple[LearningCurvePoint, ...] = ()
    flat: bool | None = None
    sentence: str | None = None
    advice: tuple[LearningCurveAdvice, ...] = ()


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Metrics(Displayed):
    """Metrics of one training run, as stored in `metrics.json`.

    Attributes:
        format: version of `metrics.json`.
        accuracy: by three ways of splitting.
        ece: debiased expected calibration error.
        classification: all metrics of the held-out predictions; None in a bundle, which does not carry them.
        baselines: accuracy of simple classifiers on the same pictures, by name.
        unknown: threshold of the unknown score.
        policy: the accept policy; None if no error limit was stated.
        conformal: prediction sets; None if no coverage was stated.
        ordered: None if the labels have no order.
        counts: None if a label is not a number.
        negatives: None without negatives.
        fixes: None if no fixes were applied.
        split: the split in numbers.
        head: description of the fitted head, JSON-ready.
        names: label to `name`, `spoken` and `route`.
        hints: options that the data suggest, in sentences.
        learning_curve: None if it could not be measured.
        unlike: evidence for `accuracy.unlike`; None in files of earlier versions.
        missing: JSON keys of the parts that a file or bundle does not have; to tell them from null ones.
    """

    format: int = FORMAT
    accuracy: AccuracyMetrics = AccuracyMetrics()
    ece: CalibrationError = field(default=CalibrationError())
    classification: ClassificationMetrics | None = field(default=None, metadata=key("figures"))
    baselines: Mapping[str, Interval] = field(default_factory=dict)
    unknown: UnknownThreshold = UnknownThreshold()
    policy: PolicyMetrics | None = None
    conformal: ConformalMetrics | None = None
    ordered: OrderedLabelMetrics | None = None
    negatives: NegativeMetrics | None = field(default=None, metadata=key("gate"))
    fixes: FixMetrics | None = None
    split: SplitMetrics = SplitMetrics()
    head: Mapping[str, Any] = field(default_factory=dict)
    names: Mapping[str, Mapping[str, str | None]] = field(default_factory=dict)
    hints: tuple[str, ...] = ()
    learning_curve: LearningCurve | None = None
    counts: CountMetrics | None = field(default=None, metadata=optional())
    unlike: UnlikeEvidence | None = field(default=None, metadata=optional())
    missing: frozenset[str] = field(default=frozenset(), metadata=key(None))

    def _brief(self) -> dict[str, Any]:
        pictures = None if self.classification is None else self.classification.pictures
        return {"accuracy": self.accuracy.leak_free.value, "ece": self.ece.value, "pictures": pictures}

    def to_json(self) -> dict[str, Any]:
        """Convert the metrics to JSON-ready values, without the parts listed in `missing`."""
        return {name: value for name, value in encode_fields(self).items() if name not in self.missing}

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> Self:
        """Create `Metrics` from the output of `to_json`.

        Keys of newer versions are ignored; parts that older versions did not write are empty and listed in `missing`.

        Raises:
            DataError: a newer format, or a value of the wrong type; the message names its key.
        """
        try:
            metrics = decode_fields(cls, plain)
        except ValueError as error:
            raise DataError(f"These metrics are damaged: {error}", hint="Train again.") from error
        if metrics.format > FORMAT:
            raise DataError(
                f"These metrics have format {metrics.format}, but only format {FORMAT} can be read.",
                hint="Upgrade Discern, or train again.",
            )
        return replace(metrics, missing=frozenset(encode_fields(metrics)) - frozenset(plain))

    def for_bundle(self) -> dict[str, Any]:
        """Return the metrics that a bundle contains as JSON-ready values, without those by class."""
        plain = self.to_json()
        sets, curve = plain["conformal"], plain.get("learning_curve")
        return {name: plain[name] for name in _BUNDLED} | {
            "conformal": sets and {name: sets[name] for name in _BUNDLED_SETS},
            "learning_curve": curve and {"sentence": curve["sentence"]},
        }
