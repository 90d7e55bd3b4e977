"""Functions that compute overall and per-class classification metrics and rank confusions."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np
from scipy import sparse

from discern.errors import UsageError
from discern.evaluating.calibration import Calibration, evaluate_calibration
from discern.evaluating.intervals import Interval, Members, mean_interval, resample, share_interval
from discern.evaluating.json_fields import decode, decode_fields

MOST_CONFUSED = 20
_SUM_TOLERANCE = 1e-3


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
    """

    label: str
    support: float
    groups: int
    precision: float | None
    recall: Interval
    f1: float | None


@dataclass(frozen=True, kw_only=True)
class ConfusedPair:
    """Pair of a true class and a different predicted class, with its number of confusions.

    `count` is the total weight of the pictures, and `share` their share of the true class.
    """

    truth: str
    predicted: str
    count: float
    share: float


@dataclass(frozen=True, kw_only=True, eq=False)
class ClassificationMetrics:
    """Classification metrics of held-out images, computed by `evaluate_predictions`."""

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
            "per_class": [asdict(each) for each in self.per_class],
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

    Intervals are at 95 % and resample groups. Balanced accuracy and macro-F1 average over the classes that occur in
    `truth`; `classes` is their number. The log loss is in nats, clipped at the precision of the type as in
    scikit-learn; the Brier score sums over all classes (Brier 1950), so it lies in [0, 2].

    Args:
        truth: int [N], indices into `labels`.
        probabilities: float [N, K], rows in [0, 1] that sum to 1.
        labels: the K classes.
        groups: [N], dependent pictures share a value.
        weights: float [N], 0 or more; None for 1 each. Those of identical pictures should sum to 1.
        uncalibrated: float [N, K], probabilities before temperature scaling, for comparison.
        seed: random seed of the resampling.

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
    both = [each for each in (probabilities, uncalibrated) if each is not None]
    losses = [loss for each in both for loss in _losses(each, target)]
    confidence = np.minimum(probabilities[np.arange(len(target)), predicted], 1.0)
    tally = _Tally(target, predicted, losses, members, classes=len(labels), seed=seed)
    means = tally.means()
    confusion = tally.confusion(target, predicted)
    return ClassificationMetrics(
        pictures=int((members.weight > 0).sum()),
        weight=float(members.weight.sum()),
        groups=members.count,
        classes=int(tally.present.sum()),
        labels=tuple(labels),
        **tally.overall(),
        log_loss=means[0],
        brier=means[1],
        uncalibrated_log_loss=None if uncalibrated is None else means[2],
        uncalibrated_brier=None if uncalibrated is None else means[3],
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
    """Numbers of correct and predicted images and losses by group, with bootstrap samples."""

    def __init__(
        self,
        truth: np.ndarray,
        predicted: np.ndarray,
        losses: list[np.ndarray],
        members: Members,
        *,
        classes: int,
        seed: int,
    ) -> None:
        self._members, self._classes, self._losses = members, classes, len(losses)
        hit = np.flatnonzero(truth == predicted)
        rows = np.concatenate([members.group, members.group[hit], members.group])
        columns = np.concatenate([truth, truth[hit] + classes, predicted + 2 * classes])
        weight = np.concatenate([members.weight, members.weight[hit], members.weight])
        counts = sparse.csr_array((weight, (rows, columns)), shape=(members.count, 3 * classes))
        self._class_groups = np.bincount(counts[:, :classes].nonzero()[1], minlength=classes)
        table = sparse.hstack([counts, members.columns(*losses)], format="csr")
        self._sums = table.sum(axis=0)[None]
        self._draws = resample(table, seed=seed)
        self.present = self._sums[0, :classes] > 0

    def _parts(self, sums: np.ndarray) -> list[np.ndarray]:
        return np.split(sums[:, : 3 * self._classes], 3, axis=1)

    def overall(self) -> dict[str, Interval]:
        values, draws = self._overall(self._sums), self._overall(self._draws)
        return {
            name: share_interval(float(np.clip(values[name][0], 0, 1)), draws[name], groups=self._members.count)
            for name in values
        }

    def _overall(self, sums: np.ndarray) -> dict[str, np.ndarray]:
        support, hits, predicted = (part[:, self.present] for part in self._parts(sums))
        present = support > 0
        recall = np.divide(hits, support, out=np.zeros_like(hits), where=present)
        f1 = np.divide(2 * hits, support + predicted, out=np.zeros_like(hits), where=present)
        classes = present.sum(axis=1)
        return {
            "accuracy": hits.sum(axis=1) / support.sum(axis=1),
            "balanced_accuracy": recall.sum(axis=1) / classes,
            "macro_f1": f1.sum(axis=1) / classes,
        }

    def means(self) -> list[Interval]:
        total = self._parts(self._draws)[0].sum(axis=1)
        weight = self._members.weight.sum()
        first = 3 * self._classes
        return [
            mean_interval(
                float(self._sums[0, column] / weight), self._draws[:, column] / total, groups=self._members.count
            )
            for column in range(first, first + self._losses)
        ]

    def per_class(self, labels: Sequence[str]) -> tuple[ClassMetrics, ...]:
        support, hits, predicted = (part[0] for part in self._parts(self._sums))
        supports, all_hits, _ = self._parts(self._draws)
        recalls = np.divide(all_hits, supports, out=np.full_like(supports, np.nan), where=supports > 0)
        metrics = []
        for position, label in enumerate(labels):
            groups = int(self._class_groups[position])
            recall, precision, f1 = Interval(value=None, note="no held-out picture"), None, None
            if groups:
                value = float(np.clip(hits[position] / support[position], 0, 1))
                recall = share_interval(value, recalls[:, position], groups=groups)
                precision = float(min(1.0, hits[position] / predicted[position])) if predicted[position] else None
                f1 = float(2 * hits[position] / (support[position] + predicted[position]))
            metrics.append(
                ClassMetrics(
                    label=label,
                    support=_as_count(support[position]),
                    groups=groups,
                    precision=precision,
                    recall=recall,
                    f1=f1,
                )
            )
        return tuple(metrics)

    def confusion(self, truth: np.ndarray, predicted: np.ndarray) -> np.ndarray:
        size = self._classes
        counts = np.bincount(truth * size + predicted, self._members.weight, minlength=size * size)
        return counts.reshape(size, size)


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
