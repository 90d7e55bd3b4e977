"""Functions that compute a learning curve and advise on collecting more images."""

from dataclasses import dataclass

import numpy as np

from discern.evaluating import (
    Interval,
    LearningCurve,
    LearningCurveAdvice,
    LearningCurvePoint,
    evaluate_share,
    paired_difference,
)
from discern.heads import subsample_predictions
from discern.splitting import Split
from discern.training.data import TrainingData

SHARES = (0.25, 0.5, 0.75, 1.0)
_HALF, _ALL = 1, 3
# Not tuned: the first bounds the time of twenty fits, the others the length of the advice.
_MOST_PICTURES = 20_000
_MOST_ADVICE = 5
_HIGH_RECALL = 0.97


def compute_learning_curve(data: TrainingData, split: Split, *, seed: int) -> LearningCurve | None:
    """Compute a learning curve by cross-validation on increasing numbers of training groups.

    A simple head is fitted on a quarter, half, three quarters and all of the training groups.

    Args:
        data: the training data.
        split: a cross-validation over all pictures.
        seed: random seed of the order in which groups are added.

    Returns:
        The curve; its advice is at most as many further groups as a class has. None if no picture is held out.
    """
    rows = _sample_rows(split, seed)
    if not (split.fold[rows] >= 0).any():
        return None
    curve = _Curve.of(data, split, rows, seed)
    gain = curve.gain(np.ones(len(curve.rows), bool))
    flat = gain.low is None or gain.low <= 0
    return LearningCurve(
        points=tuple(curve.point(place) for place in range(len(SHARES))),
        flat=flat,
        sentence=None if flat else _sentence(gain),
        advice=() if flat else curve.advice(data.catalog.labels),
    )


def _sample_rows(split: Split, seed: int) -> np.ndarray:
    """Return the catalog rows of all groups, or of a random sample of groups on large datasets."""
    rows = np.flatnonzero(split.train)
    if len(rows) <= _MOST_PICTURES:
        return rows
    groups = np.random.default_rng(seed).permutation(np.unique(split.group[rows]))
    sampled = groups[: int(len(groups) * _MOST_PICTURES / len(rows))]
    return rows[np.isin(split.group[rows], sampled)]


@dataclass(frozen=True, kw_only=True, eq=False)
class _Curve:
    """Held-out predictions at each training set size of a learning curve.

    Attributes:
        rows: int `[M]`, catalog rows.
        correct: bool `[S, M]`.
        label, group: int `[M]`.
        weight: float `[M]`.
        sizes: pictures and groups in the training sets of each share.
        seed: random seed of the resampling.
    """

    rows: np.ndarray
    correct: np.ndarray
    label: np.ndarray
    group: np.ndarray
    weight: np.ndarray
    sizes: list[tuple[int, int]]
    seed: int

    @classmethod
    def of(cls, data: TrainingData, split: Split, rows: np.ndarray, seed: int) -> "_Curve":
        label, group, fold = data.catalog.label_index[rows], split.group[rows], split.fold[rows]
        predictions = subsample_predictions(
            data.rows(rows),
            label,
            fold,
            group,
            shares=SHARES,
            blocks=data.backbone.blocks,
            left_out=split.left_out_among(rows),
            weights=data.training_weights(rows, group),
            seed=seed,
        )
        held_out = fold >= 0
        # Each fold is predicted by a head that is fitted on the other folds.
        rest = 1 - 1 / max(len(np.unique(fold[held_out])), 2)
        sizes = [(round(share * rest * len(rows)), round(share * rest * len(np.unique(group)))) for share in SHARES]
        return cls(
            rows=rows[held_out],
            correct=predictions[:, held_out] == label[held_out],
            label=label[held_out],
            group=group[held_out],
            weight=data.weights(rows)[held_out],
            sizes=sizes,
            seed=seed,
        )

    def point(self, place: int) -> LearningCurvePoint:
        """Compute the accuracy at one training set size of the learning curve."""
        accuracy = evaluate_share(self.correct[place], groups=self.group, weights=self.weight, seed=self.seed)
        pictures, groups = self.sizes[place]
        return LearningCurvePoint(share=SHARES[place], pictures=pictures, groups=groups, accuracy=accuracy)

    def gain(self, mask: np.ndarray) -> Interval:
        """Compute the accuracy gained by training on all groups instead of half of them."""
        return paired_difference(
            self.correct[_ALL][mask],
            self.correct[_HALF][mask],
            groups=self.group[mask],
            weights=self.weight[mask],
            seed=self.seed,
        )

    def advice(self, labels: tuple[str, ...]) -> tuple[LearningCurveAdvice, ...]:
        """Return the classes of low recall that gain most from additional training groups."""
        gains = []
        for number in np.unique(self.label):
            own = self.label == number
            gain, recall = self.gain(own), np.average(self.correct[_ALL][own], weights=self.weight[own])
            if recall < _HIGH_RECALL and gain.value is not None and (gain.low or 0) > 0:
                gains.append((gain.value, labels[number], len(np.unique(self.group[own]))))
        best = sorted(gains, reverse=True)[:_MOST_ADVICE]
        return tuple(LearningCurveAdvice(label=label, fewest=-(-groups // 2), most=groups) for _, label, groups in best)


def _sentence(gain: Interval) -> str:
    assert gain.value is not None
    assert gain.low is not None
    assert gain.high is not None
    points, low, high = (f"{100 * each:.1f}" for each in (gain.value, gain.low, gain.high))
    return (
        f"More pictures would still help: training on all instead of half of them raised the accuracy by {points} "
        f"points (95 % interval {low} to {high}); as many again may raise it somewhat less."
    )
