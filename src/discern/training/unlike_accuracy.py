"""Functions that measure the accuracy on pictures unlike the learned ones, with an alarm where it falls too far."""

from dataclasses import dataclass
from functools import partial

import numpy as np

from discern.evaluating import LookalikePair, UnlikeAccuracy, UnlikeEvidence, evaluate_share
from discern.heads import GroupMeans, LookalikeTree, draw_control, nearest_learned, predict_folds, principal_rows
from discern.parallel import parallel_map, single_threaded_blas
from discern.splitting import Split
from discern.splitting.folds import assign_folds
from discern.training.data import TrainingData
from discern.training.distance_curve import compute_distance_curve
from discern.training.predictions import HeldOutPredictions

_RANK = 128
_FOLDS = 5
_MOST_PICTURES = 20_000
_MOST_PAIRS = 6

# Chosen on packs and generated sets of `benchmarks/unlike.py --half tune`. Fewer clusters hold out whole subclasses,
# and controls fall nearly as far; more of them cut sources of twelve pictures, so that parts are learned.
_CLUSTERS = (16, 24)
_SMALLEST_CLUSTER = 4
# Both with and without scaling the coordinates by the root of their spread: their mean varies less than either.
_POWERS, _SMALLEST_SCALE = (0.0, 0.5), 1e-6
# A class of fewer groups has fewer than five clusters of four. With fewer than 100 in all, chance raised the alarm on
# one of 18 samples of 100 pictures of the packs.
_FEWEST_GROUPS, _FEWEST_IN_ALL = 20, 100
# With four subclasses a class, the fall of classes merged from three others exceeds that of controls by up to .09; with
# eight, twenty sources a class pass for subclasses.
_SUBCLASSES, _SMALLEST_SUBCLASS = 5, 12
_DEALS, _CONTROLS = 3, 9
# The excess of the fall over that of controls, on the same sets: .05 at most on packs and their merged classes, .10 at
# least on sources with labels by lot.
_EXCESS, _DEVIATIONS, _SMALLEST_DEVIATION = 0.075, 2.5, 0.005


@single_threaded_blas()
def compute_unlike(
    data: TrainingData, split: Split, held_out: HeldOutPredictions, *, seed: int
) -> tuple[UnlikeAccuracy, UnlikeEvidence]:
    """Measure the accuracy on pictures whose look-alikes are held out with them.

    The groups of each class are clustered by their embeddings, and whole clusters are dealt to folds. A quickly fitted
    linear head predicts each fold from the others, and folds of whole groups likewise. The accuracy falls where the
    classes have subclasses, too. So the alarm compares the fall with that of controls (see `draw_control`), which have
    the same classes and subclasses, but no pictures that depend on each other. Folds of clusters are known from spatial
    statistics (Roberts et al. 2017, Ecography 40), controls without the identity of subjects from Chaibub Neto et al.
    (2019, npj Digital Medicine 2).

    Args:
        data: the training data; its frozen features are used, whatever the training method.
        split: the split.
        held_out: the predictions that the accuracy was measured on.
        seed: random seed of folds and controls.
    """
    rows = np.flatnonzero(split.train | split.test)
    coordinates = principal_rows(data.rows(rows), data.backbone.blocks, rank=_RANK, seed=seed)
    curve = compute_distance_curve(data, split, held_out, rows, coordinates, seed=seed)
    sample = _sample_groups(split.group[rows], seed)
    pool = _Pool.of(data, split, rows[sample], coordinates[sample], seed)
    if not pool.is_large_enough:
        return UnlikeAccuracy(note=pool.explain_too_few()), UnlikeEvidence(curve=curve)
    real = pool.measure(pool.coordinates, pool.groups, deals=_DEALS)
    subclass = LookalikeTree(pool.groups, seed=seed).cut(_SUBCLASSES, smallest=_SMALLEST_SUBCLASS)
    controls = tuple(parallel_map([partial(pool.control_fall, subclass, number) for number in range(_CONTROLS)]))
    accuracy = pool.accuracy(real, controls, held_out.rows)
    evidence = UnlikeEvidence(
        ordinary=pool.share(real.ordinary),
        fall=pool.fall(real),
        controls=controls,
        clusters=len(np.unique(real.cluster[pool.covered])),
        curve=curve,
        pairs=pool.pairs(real) if accuracy.alarm else (),
    )
    return accuracy, evidence


def _sample_groups(group: np.ndarray, seed: int) -> np.ndarray:
    """Return the positions of all pictures, or those of a random sample of groups of a large data set."""
    if len(group) <= _MOST_PICTURES:
        return np.arange(len(group))
    groups = np.random.default_rng(seed).permutation(np.unique(group))
    return np.flatnonzero(np.isin(group, groups[: int(len(groups) * _MOST_PICTURES / len(group))]))


@dataclass(frozen=True, kw_only=True, eq=False)
class _Outcome:
    """Correctness on folds of groups and on folds of clusters.

    Attributes:
        ordinary: float `[N]`, share of the deals of groups in which a picture is predicted correctly.
        unlike: likewise of the deals of clusters.
        cluster: int `[N]`, cluster of each picture, of the coarser cut.
        fold: int `[N]`, folds of the first deal of groups.
    """

    ordinary: np.ndarray
    unlike: np.ndarray
    cluster: np.ndarray
    fold: np.ndarray


@dataclass(frozen=True, kw_only=True, eq=False)
class _Pool:
    """Pictures that are dealt to folds, N in all.

    Attributes:
        data: the training data.
        rows: int `[N]`, catalog rows.
        coordinates: float32 `[N, r]`.
        labels: int `[N]`.
        groups: their groups.
        learned: float64 `[N]`, sample weights for training.
        weights: float64 `[N]`, weights for evaluation.
        covered: bool `[N]`, pictures of classes with enough groups.
        scale: float32 `[r]`, deviation of the group means along each coordinate.
        deals: folds of whole groups, one int `[N]` for each deal.
        seed: random seed.
    """

    data: TrainingData
    rows: np.ndarray
    coordinates: np.ndarray
    labels: np.ndarray
    groups: GroupMeans
    learned: np.ndarray
    weights: np.ndarray
    covered: np.ndarray
    scale: np.ndarray
    deals: tuple[np.ndarray, ...]
    seed: int

    @classmethod
    def of(cls, data: TrainingData, split: Split, rows: np.ndarray, coordinates: np.ndarray, seed: int) -> "_Pool":
        labels, group = data.catalog.label_index[rows], split.group[rows]
        groups = GroupMeans.of(coordinates, labels, group)
        counts = np.bincount(groups.label, minlength=len(data.catalog.labels))
        return cls(
            data=data,
            rows=rows,
            coordinates=coordinates,
            labels=labels,
            groups=groups,
            learned=data.training_weights(rows, group),
            weights=data.weights(rows),
            covered=(counts >= _FEWEST_GROUPS)[labels],
            scale=np.maximum(groups.means.std(axis=0), _SMALLEST_SCALE),
            deals=tuple(_deal(labels, group, seed + number) for number in range(_DEALS)),
            seed=seed,
        )

    @property
    def is_large_enough(self) -> bool:
        """Return True if two classes have enough groups, and all of these together as well."""
        return self._covered_classes > 1 and self._covered_groups >= _FEWEST_IN_ALL

    def explain_too_few(self) -> str:
        """Return why the accuracy cannot be measured, if the pool is not large enough."""
        return (
            f"too few independent groups to hold out clusters of look-alikes ({self._covered_groups} in "
            f"{self._covered_classes} classes of {_FEWEST_GROUPS} or more; it takes {_FEWEST_IN_ALL} in two)"
        )

    @property
    def _covered_classes(self) -> int:
        return len(np.unique(self.labels[self.covered]))

    @property
    def _covered_groups(self) -> int:
        return len(np.unique(self.groups.group[self.covered]))

    def measure(self, coordinates: np.ndarray, groups: GroupMeans, *, deals: int) -> _Outcome:
        """Predict folds of groups and folds of clusters, in a number of deals."""
        trees = [LookalikeTree(groups.scaled(self.scale**power), seed=self.seed) for power in _POWERS]
        cuts = [tree.cut(most, smallest=_SMALLEST_CLUSTER)[groups.group] for tree in trees for most in _CLUSTERS]
        held = [_deal(self.labels, cut, self.seed + number) for number in range(deals) for cut in cuts]
        return _Outcome(
            ordinary=self._correct(coordinates, self.deals[:deals]),
            unlike=self._correct(coordinates, tuple(held)),
            cluster=cuts[0],
            fold=self.deals[0],
        )

    def _correct(self, coordinates: np.ndarray, folds: tuple[np.ndarray, ...]) -> np.ndarray:
        classes = len(self.data.catalog.labels)
        correct = [
            predict_folds(coordinates, self.labels, fold, self.learned, classes=classes) == self.labels
            for fold in folds
        ]
        return np.asarray(np.mean(correct, axis=0))

    def control_fall(self, subclass: np.ndarray, number: int) -> float:
        """Compute the fall of the accuracy on a control with the same subclasses of groups, int `[G]`."""
        generator = np.random.default_rng([self.seed, number])
        drawn = draw_control(self.coordinates, self.groups, subclass, generator)
        return self.fall(self.measure(drawn, self.groups.changed(drawn), deals=1))

    def share(self, correct: np.ndarray) -> float:
        """Return the weighted share of correct predictions among the covered pictures."""
        return float(np.average(correct[self.covered], weights=self.weights[self.covered]))

    def fall(self, outcome: _Outcome) -> float:
        """Return the accuracy on folds of groups minus that on folds of clusters."""
        return self.share(outcome.ordinary) - self.share(outcome.unlike)

    def accuracy(self, real: _Outcome, controls: tuple[float, ...], evaluated: np.ndarray) -> UnlikeAccuracy:
        """Return the accuracy with its interval over clusters, the share of `evaluated` rows covered, and the alarm."""
        own = self.covered
        interval = evaluate_share(real.unlike[own], groups=real.cluster[own], weights=self.weights[own])
        labels = self.data.catalog.label_index[evaluated]
        covered = np.isin(labels, np.unique(self.labels[own]))
        excess = self.fall(real) - float(np.mean(controls))
        deviation = float(np.hypot(np.std(controls, ddof=1), _SMALLEST_DEVIATION))
        return UnlikeAccuracy(
            value=interval.value,
            low=interval.low,
            high=interval.high,
            note=interval.note,
            share=float(np.average(covered, weights=self.data.weights(evaluated))) if len(evaluated) else 0.0,
            alarm=excess > max(_EXCESS, _DEVIATIONS * deviation),
        )

    def pairs(self, real: _Outcome) -> tuple[LookalikePair, ...]:
        """Return the nearest pairs whose picture is predicted correctly only if the other one is learned."""
        lost = np.flatnonzero(self.covered & (real.ordinary == 1) & (real.unlike < 0.5))
        found: list[tuple[float, int, int]] = []
        for number in np.unique(real.fold[lost]):
            own, learned = lost[real.fold[lost] == number], np.flatnonzero(real.fold != number)
            place, distance = nearest_learned(self.coordinates[own], self.coordinates[learned])
            same = real.cluster[learned[place]] == real.cluster[own]
            found += zip(distance[same].tolist(), own[same].tolist(), learned[place][same].tolist(), strict=True)
        chosen: list[LookalikePair] = []
        seen, paths = set(), self.data.catalog.table["path"]
        for apart, picture, other in sorted(found):
            cluster = int(real.cluster[picture])
            if cluster not in seen and len(chosen) < _MOST_PAIRS:
                seen.add(cluster)
                path, nearest = (str(paths[int(self.rows[position])]) for position in (picture, other))
                chosen.append(LookalikePair(path=path, nearest=nearest, distance=round(apart, 4)))
        return tuple(chosen)


def _deal(labels: np.ndarray, units: np.ndarray, seed: int) -> np.ndarray:
    return assign_folds(labels, units, [1.0] * _FOLDS, seed=seed)
