"""Functions that compute overall and per-class classification metrics and rank confusions."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Self

import numpy as np

from discern.display.displayed import Displayed
from discern.errors import UsageError
from discern.evaluating.calibration import Calibration, evaluate_calibration
from discern.evaluating.group_variance import GroupVariance, Members
from discern.evaluating.intervals import Interval, loss_interval, mean_variance, share_interval, share_of
from discern.evaluating.json_fields import decode, decode_fields, encode_fields, optional

MOST_CONFUSED = 20
_SUM_TOLERANCE = 1e-3
_NOT_HELD_OUT = Interval(note="no held-out picture")


@dataclass(frozen=True, kw_only=True)
class ClassMetrics:
    """Precision, recall and F1 score of one class, each None if undefined.

    Attributes:
        label: the class.
        support: total weight of its pictures.
        groups: number of independent groups among them; 0 if there are no pictures.
        precision: of the predictions of this class, the share that is correct.
        recall: of its pictures, the share that is predicted correctly.
        f1: harmonic mean of both.
        precision_interval: the precision with its interval; None in files of earlier versions.
        f1_interval: the F1 score, likewise.
    """

    label: str
    support: float
    groups: int
    precision: float | None
    recall: Interval
    f1: float | None
    precision_interval: Interval | None = field(default=None, metadata=optional())
    f1_interval: Interval | None = field(default=None, metadata=optional())


@dataclass(frozen=True, kw_only=True)
class ConfusedPair:
    """Pair of a true class and a different predicted class, with its number of confusions.

    Attributes:
        truth: the true class.
        predicted: the predicted class.
        count: total weight of these pictures.
        share: their share of the true class.
    """

    truth: str
    predicted: str
    count: float
    share: float


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class ClassificationMetrics(Displayed):
    """Classification metrics of held-out images, computed by `evaluate_predictions`.

    Attributes:
        pictures: number of evaluated pictures.
        weight: sum of their weights; copies count as one picture.
        groups: number of independent groups.
        classes: number of labels that occur.
        labels: all labels, in the order of `confusion`.
        accuracy: share of correct predictions.
        balanced_accuracy: mean recall of the classes that occur.
        macro_f1: mean F1 score of these.
        log_loss: log loss in nats.
        brier: Brier score, summed over the classes, in [0, 2].
        uncalibrated_log_loss: log loss before temperature scaling; None outside training.
        uncalibrated_brier: Brier score likewise.
        calibration: calibration error and reliability curve.
        per_class: metrics of each label.
        confusion: weights of the pictures by true label (rows) and predicted label (columns).
        confused: confused pairs of labels, most frequent first.
    """

    pictures: int
    weight: float
    groups: int
    classes: int
    labels: tuple[str, ...]
    accuracy: Interval
    balanced_accuracy: Interval
    macro_f1: Interval
    log_loss: Interval
    brier: Interval
    uncalibrated_log_loss: Interval | None
    uncalibrated_brier: Interval | None
    calibration: Calibration
    per_class: tuple[ClassMetrics, ...]
    confusion: np.ndarray
    confused: tuple[ConfusedPair, ...]

    def _brief(self) -> dict[str, Any]:
        names = ("accuracy", "balanced_accuracy", "macro_f1")
        return {"pictures": self.pictures} | {name: getattr(self, name).value for name in names}

    def to_json(self) -> dict[str, Any]:
        """Convert the classification metrics to JSON-ready values."""
        plain = {
            name: _plain(value)
            for name, value in vars(self).items()
            if name not in ("calibration", "confusion", "per_class", "confused")
        }
        return {
            **plain,
            **self.calibration.to_json(),
            "per_class": [encode_fields(each) for each in self.per_class],
            "confusion": [[_as_count(count) for count in row] for row in self.confusion.tolist()],
            "confused": [asdict(each) for each in self.confused],
        }

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> Self:
        """Create `ClassificationMetrics` from the output of `to_json`.

        Raises:
            ValueError: a value is missing or has the wrong type; the message names its key.
        """
        confusion = decode(tuple[tuple[float, ...], ...], plain.get("confusion"), at="figures.confusion")
        return decode_fields(
            cls,
            plain,
            at="figures",
            calibration=Calibration.from_json(plain),
            confusion=np.array(confusion, np.float64).reshape(len(confusion), len(confusion)),
        )


def evaluate_predictions(
    truth: np.ndarray,
    probabilities: np.ndarray,
    *,
    labels: Sequence[str],
    groups: np.ndarray,
    weights: np.ndarray | None = None,
    uncalibrated: np.ndarray | None = None,
    seed: int = 0,
) -> ClassificationMetrics:
    """Compute the classification metrics of held-out predictions.

    Intervals are at 95 % and respect groups. Balanced accuracy and macro-F1 average over the classes that occur in
    `truth`; `classes` is their number. The log loss is in nats, clipped at the precision of the type as in
    scikit-learn; the Brier score sums over all classes (Brier 1950), so it lies in [0, 2].

    Args:
        truth: int [N], indices into `labels`.
        probabilities: float [N, K], rows in [0, 1] that sum to 1.
        labels: the K classes.
        groups: [N], dependent pictures share a value.
        weights: float [N], 0 or more; None for 1 each. Those of identical pictures should sum to 1.
        uncalibrated: float [N, K], probabilities before temperature scaling, for comparison.
        seed: random seed of the calibration error's interval and simulation.

    Raises:
        UsageError: no pictures, wrong shapes, an index outside `labels`, or rows that do not sum to 1.
    """
    target = _checked_truth(truth, len(labels))
    _check_probabilities(probabilities, target, labels)
    if uncalibrated is not None:
        _check_probabilities(uncalibrated, target, labels)
    members = Members.of(len(target), groups, weights)
    if members.count == 0:
        raise UsageError(
            "There is nothing to evaluate: all weights are 0.", hint="Pass at least one picture with a weight above 0."
        )
    predicted = probabilities.argmax(axis=1)
    confidence = np.minimum(probabilities[np.arange(len(target)), predicted], 1.0)
    tally = _Tally(target, predicted, members, classes=len(labels))
    log_loss, brier = _evaluate_losses(probabilities, target, members)
    uncalibrated_losses = (None, None) if uncalibrated is None else _evaluate_losses(uncalibrated, target, members)
    confusion = tally.confusion()
    return ClassificationMetrics(
        pictures=int((members.weight > 0).sum()),
        weight=float(members.weight.sum()),
        groups=members.count,
        classes=int(tally.present.sum()),
        labels=tuple(labels),
        **tally.overall(),
        log_loss=log_loss,
        brier=brier,
        uncalibrated_log_loss=uncalibrated_losses[0],
        uncalibrated_brier=uncalibrated_losses[1],
        calibration=evaluate_calibration(
            confidence, predicted == target, groups=groups, weights=members.weight, seed=seed
        ),
        per_class=tally.per_class(labels),
        confusion=confusion,
        confused=rank_confusions(confusion, labels),
    )


def rank_confusions(
    confusion: np.ndarray, labels: Sequence[str], *, most: int = MOST_CONFUSED
) -> tuple[ConfusedPair, ...]:
    """Return the most frequent confusions of a confusion matrix with true classes in rows."""
    off = confusion * (1 - np.eye(len(labels)))
    worst = np.argsort(-off, axis=None, kind="stable")[:most]
    pairs = [divmod(int(place), len(labels)) for place in worst if off.flat[place] > 0]
    return tuple(
        ConfusedPair(
            truth=labels[row],
            predicted=labels[column],
            count=_as_count(off[row, column]),
            share=float(off[row, column] / confusion[row].sum()),
        )
        for row, column in pairs
    )


class _Tally:
    """Correct and predicted images of each class."""

    def __init__(self, truth: np.ndarray, predicted: np.ndarray, members: Members, *, classes: int) -> None:
        self._truth, self._predicted, self._members = truth, predicted, members
        self._hit = (truth == predicted).astype(np.float64)
        self._classes, self._weight = classes, members.weight
        self._support = np.bincount(truth, self._weight, minlength=classes)
        self._hits = np.bincount(truth, self._weight * self._hit, minlength=classes)
        self._called = np.bincount(predicted, self._weight, minlength=classes)
        self.present = self._support > 0

    def overall(self) -> dict[str, Interval]:
        """Compute the accuracy and the averages over classes with their intervals."""
        balanced, by_recall = self._macro(self._support, 1.0, self._truth)
        macro_f1, by_f1 = self._macro(self._support + self._called, 2.0, self._truth, self._predicted)
        # The number of groups must not depend on the predictions: too few are too few by either metric.
        by_f1 = replace(by_f1, groups=min(by_f1.groups, by_recall.groups))
        return {
            "accuracy": share_of(self._hit, self._members),
            "balanced_accuracy": share_interval(balanced, by_recall),
            "macro_f1": share_interval(macro_f1, by_f1),
        }

    def _macro(self, size: np.ndarray, gain: float, *labels: np.ndarray) -> tuple[float, GroupVariance]:
        """Compute the mean over classes of `gain` times the hits by `size`, to which an image adds for each label."""
        safe = np.where(size > 0, size, 1.0)
        score = gain * self._hits / safe
        value = float(np.clip(score[self.present].mean(), 0.0, 1.0))
        each = np.where(self.present, 1 / safe, 0.0) / self.present.sum()
        members = self._members
        label = np.concatenate(labels)
        twice = Members(
            group=np.tile(members.group, len(labels)), weight=np.tile(members.weight, len(labels)), count=members.count
        )
        share, residual = twice.weight * each[label], np.tile(self._hit, len(labels)) - score[label]
        return value, GroupVariance.of(share, residual, twice, strata=label)

    def per_class(self, labels: Sequence[str]) -> tuple[ClassMetrics, ...]:
        own, named = (self._rows_by_label(of) for of in (self._truth, self._predicted))
        return tuple(self._class_metrics(place, label, own[place], named[place]) for place, label in enumerate(labels))

    def _rows_by_label(self, of: np.ndarray) -> list[np.ndarray]:
        rows = np.flatnonzero(self._weight > 0)
        rows = rows[np.argsort(of[rows], kind="stable")]
        return np.split(rows, np.searchsorted(of[rows], np.arange(1, self._classes)))

    def _class_metrics(self, place: int, label: str, own: np.ndarray, named: np.ndarray) -> ClassMetrics:
        """Compute the metrics of a class from the rows of its pictures and of the predictions that name it."""
        members = self._members.of_rows(own)
        precision, f1 = Interval(note="no prediction of this class"), _NOT_HELD_OUT
        if members.count and len(named):
            precision = share_of(self._hit[named], self._members.of_rows(named))
        if members.count:
            f1 = self._f1(np.concatenate([own, named]), members)
        return ClassMetrics(
            label=label,
            support=_as_count(self._support[place]),
            groups=members.count,
            precision=precision.value,
            recall=share_of(self._hit[own], members) if members.count else _NOT_HELD_OUT,
            f1=f1.value,
            precision_interval=precision if members.count else _NOT_HELD_OUT,
            f1_interval=f1,
        )

    def _f1(self, rows: np.ndarray, own: Members) -> Interval:
        """Compute F1 as the share of hits among the pictures of a class and the predictions that name it."""
        value, variance = mean_variance(self._hit[rows], self._members.of_rows(rows))
        # As for the mean over classes: the number of groups must not depend on the predictions.
        variance = replace(variance, groups=min(variance.groups, own.effective_groups()))
        return share_interval(float(np.clip(value, 0.0, 1.0)), variance)

    def confusion(self) -> np.ndarray:
        size = self._classes
        counts = np.bincount(self._truth * size + self._predicted, self._weight, minlength=size * size)
        return counts.reshape(size, size)


def _evaluate_losses(probabilities: np.ndarray, truth: np.ndarray, members: Members) -> tuple[Interval, Interval]:
    """Compute the log loss and the Brier score.

    The pseudo-group has the most probable label if it is right, and the second if it is wrong.
    """
    first = probabilities.argmax(axis=1)
    rest = probabilities.copy()
    rest[np.arange(len(first)), first] = -1
    right, wrong = (_losses(probabilities, labels) for labels in (first, rest.argmax(axis=1)))
    losses = zip(_losses(probabilities, truth), right, wrong, (np.inf, 2.0), strict=True)
    log_loss, brier = (
        loss_interval(
            *mean_variance(loss, members),
            pseudo=(float(np.average(low, weights=members.weight)), float(np.average(high, weights=members.weight))),
            most=most,
        )
        for loss, low, high, most in losses
    )
    return log_loss, brier


def _losses(probabilities: np.ndarray, truth: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Compute the log loss and Brier score of each prediction."""
    own = probabilities[np.arange(len(truth)), truth].astype(np.float64)
    smallest = float(np.finfo(probabilities.dtype).eps)
    squares = np.einsum("nk,nk->n", probabilities, probabilities, dtype=np.float64)
    return -np.log(np.clip(own, smallest, 1.0)), np.maximum(squares - 2 * own + 1, 0.0)


def _checked_truth(truth: np.ndarray, classes: int) -> np.ndarray:
    target = np.asarray(truth)
    if target.ndim != 1 or not np.issubdtype(target.dtype, np.integer):
        raise UsageError(f"The truth must be one integer for each picture, not {target.dtype} {target.shape}.")
    if target.size and (target.min() < 0 or target.max() >= classes):
        raise UsageError(
            f"The truth has class indices from {target.min()} to {target.max()}, but there are {classes} classes.",
            hint="Leave out pictures without a label.",
        )
    return target.astype(np.int64)


def _check_probabilities(probabilities: np.ndarray, truth: np.ndarray, labels: Sequence[str]) -> None:
    expected = (len(truth), len(labels))
    if probabilities.shape != expected or not np.issubdtype(probabilities.dtype, np.floating):
        raise UsageError(
            f"Probabilities must be floats {expected} (pictures, classes), not {probabilities.dtype} "
            f"{probabilities.shape}."
        )
    if not len(truth):
        raise UsageError("There is nothing to evaluate: no pictures.", hint="Pass at least one picture.")
    off = np.abs(probabilities.sum(axis=1, dtype=np.float64) - 1)
    if not (off <= _SUM_TOLERANCE).all() or probabilities.min() < 0:
        row = int(np.argmax(~(off <= _SUM_TOLERANCE) | (probabilities.min(axis=1) < 0)))
        raise UsageError(
            f"Row {row} of the probabilities is not in [0, 1] with a sum of 1.", hint="Apply a softmax first."
        )


def _plain(value: Any) -> Any:
    return asdict(value) if isinstance(value, Interval) else list(value) if isinstance(value, tuple) else value


def _as_count(count: float) -> float:
    """Convert whole floats to integers, so that JSON contains 3 and not 3.0."""
    return int(count) if float(count).is_integer() else float(count)
