"""The learning curve: whether more pictures would help, of what, and about how many."""

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
from discern.training.fit import TrainingData

SHARES = (0.25, 0.5, 0.75, 1.0)
_HALF, _ALL = 1, 3
_MOST_PICTURES = 20_000
_MOST_ADVICE = 5
_GOOD_ENOUGH = 0.97


def compute_learning_curve(material: TrainingData, split: Split, *, seed: int) -> LearningCurve | None:
    """Judge a quick head that learned from a quarter, half, three quarters and all of the groups of other folds.

    Args:
        material: the pictures.
        split: a cross-validation over all of them.
        seed: of the order in which groups come in.

    Returns:
        Points, and advice of at most as many further groups as there are; None where nothing is judged.
    """
    rows = _some(split, seed)
    if not (split.fold[rows] >= 0).any():
        return None
    curve = _Curve.of(material, split, rows, seed)
    gain = curve.gain(np.ones(len(curve.rows), bool))
    flat = gain.low is None or gain.low <= 0
    return LearningCurve(
        points=tuple(curve.point(place) for place in range(len(SHARES))),
        flat=flat,
        sentence=None if flat else _sentence(gain),
        advice=() if flat else curve.advice(material.catalog.labels),
    )


def _some(split: Split, seed: int) -> np.ndarray:
    """Rows of all groups, or of as many groups as a curve needs."""
    rows = np.flatnonzero(split.train)
    if len(rows) <= _MOST_PICTURES:
        return rows
    groups = np.random.default_rng(seed).permutation(np.unique(split.group[rows]))
    kept = groups[: int(len(groups) * _MOST_PICTURES / len(rows))]
    return rows[np.isin(split.group[rows], kept)]


@dataclass(frozen=True, kw_only=True, eq=False)
class _Curve:
    """Answers of growing heads; arrays over the judged pictures.

    Attributes:
        rows: int `[M]`, catalog rows.
        right: bool `[S, M]`.
        label, group: int `[M]`.
        weight: float `[M]`.
        learned: for each share pictures and groups of all that may be learned from.
        seed: of the resampling.
    """

    rows: np.ndarray
    right: np.ndarray
    label: np.ndarray
    group: np.ndarray
    weight: np.ndarray
    learned: list[tuple[int, int]]
    seed: int

    @classmethod
    def of(cls, material: TrainingData, split: Split, rows: np.ndarray, seed: int) -> "_Curve":
        label, group, fold = material.catalog.label_index[rows], split.group[rows], split.fold[rows]
        answers = subsample_predictions(
            material.rows(rows),
            label,
            fold,
            group,
            shares=SHARES,
            blocks=material.backbone.blocks,
            left_out=split.left_out_among(rows),
            weights=material.learning_weights(rows, group),
            seed=seed,
        )
        judged = fold >= 0
        # Each fold learns from the others.
        others = 1 - 1 / max(len(np.unique(fold[judged])), 2)
        sizes = [(round(share * others * len(rows)), round(share * others * len(np.unique(group)))) for share in SHARES]
        return cls(
            rows=rows[judged],
            right=answers[:, judged] == label[judged],
            label=label[judged],
            group=group[judged],
            weight=material.weights(rows)[judged],
            learned=sizes,
            seed=seed,
        )

    def point(self, place: int) -> LearningCurvePoint:
        """One size of the curve."""
        accuracy = evaluate_share(self.right[place], groups=self.group, weights=self.weight, seed=self.seed)
        pictures, groups = self.learned[place]
        return LearningCurvePoint(share=SHARES[place], pictures=pictures, groups=groups, accuracy=accuracy)

    def gain(self, some: np.ndarray) -> Interval:
        """How much more of some pictures is right with all groups than with half of them."""
        return paired_difference(
            self.right[_ALL][some],
            self.right[_HALF][some],
            groups=self.group[some],
            weights=self.weight[some],
            seed=self.seed,
        )

    def advice(self, labels: tuple[str, ...]) -> tuple[LearningCurveAdvice, ...]:
        """The classes that gained most when their groups doubled, and are not good yet."""
        gains = []
        for number in np.unique(self.label):
            own = self.label == number
            gain, now = self.gain(own), np.average(self.right[_ALL][own], weights=self.weight[own])
            if now < _GOOD_ENOUGH and gain.value is not None and (gain.low or 0) > 0:
                gains.append((gain.value, labels[number], len(np.unique(self.group[own]))))
        best = sorted(gains, reverse=True)[:_MOST_ADVICE]
        return tuple(LearningCurveAdvice(label=label, fewest=-(-groups // 2), most=groups) for _, label, groups in best)


def _sentence(gain: Interval) -> str:
    assert gain.value is not None
    assert gain.low is not None
    assert gain.high is not None
    points, low, high = (f"{100 * each:.1f}" for each in (gain.value, gain.low, gain.high))
    return (
        f"More pictures would still help: learning from all instead of half of them brought {points} points more "
        f"(95 % interval {low} to {high}); as many again may bring somewhat less than that."
    )
