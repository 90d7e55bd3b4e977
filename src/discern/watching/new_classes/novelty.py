"""Evidence that pictures which look alike are like none of a model's held-out pictures."""

from dataclasses import dataclass

import numpy as np
from scipy.special import gammaln
from scipy.stats import binom

from discern.bundle.heads import unit_rows
from discern.bundle.reference_pictures import ReferencePictures, project, restore_units

# Chosen by `benchmarks/watching_classes.py`: the share of reference pictures that count as having a high unknown score,
# by how much more often known pictures that few others resemble may have one, and the share of the expected reference
# pictures that may be near a new class.
_HIGH, _RARE_KIND, _FEWER = 0.1, 2.5, 0.7
# Share of a cluster whose similarity to the others is the border of its neighbourhood; not tuned.
_OUTSIDE = 0.25


@dataclass(frozen=True, kw_only=True, eq=False)
class TrafficPictures:
    """Distinct pictures of the traffic.

    Attributes:
        embedding: float `[n, D]`.
        label: int `[n]`, index of the predicted label, or -1.
        unknown_score: float `[n]`, NaN if undefined.
    """

    embedding: np.ndarray
    label: np.ndarray
    unknown_score: np.ndarray


class NoveltyTest:
    """Test whether clusters of pictures are unlike the held-out pictures of a model.

    Two observations are combined. First, reference pictures with the same predicted labels are rarer near the cluster
    than pictures of the traffic; this does not depend on how often each class comes. Second, more of its unknown scores
    are high than a rare kind of known pictures would have, and more than elsewhere in the traffic.

    Args:
        pictures: pictures of the traffic.
        reference: reference of the model; without its projected embeddings, the second observation counts alone.
    """

    def __init__(self, pictures: TrafficPictures, reference: ReferencePictures) -> None:
        scores = reference.signals[:, 0]
        border = np.inf if np.isnan(scores[0]) else np.quantile(scores, 1 - _HIGH)
        self._is_high = pictures.unknown_score > border
        self._known = restore_units(reference.projected)
        self._has_space = len(self._known) > 0 and len(reference.centres) > 0
        if self._has_space:
            centre = self._known.mean(axis=0)
            self._pictures = unit_rows(project(pictures.embedding, self._known.shape[1]) - centre)
            self._known = unit_rows(self._known - centre)
        # Labels that the model lacks come last.
        self._label = np.where(pictures.label < 0, reference.label.max() + 1, pictures.label)
        self._known_label = reference.label[: len(self._known)].astype(np.int64)
        self._classes = int(max(self._label.max(initial=0), self._known_label.max(initial=0))) + 1
        self._count, self._known_count = self._by_label(self._label), self._by_label(self._known_label)
        self._log_factorial = gammaln(np.arange(len(self._label) + len(self._known_label) + 1) + 1)

    def test(self, rows: np.ndarray) -> float:
        """Return a p-value-like product in [0, 1] for the cluster of the given rows, int `[k]`: small if it is new."""
        if not self._has_space:
            return self._weigh_scores(rows)
        near, known_near = self._count_near(rows)
        expected = (near / np.maximum(self._count, 1) * self._known_count).sum()
        if known_near.sum() > _FEWER * expected:
            return 1.0
        return self._weigh_counts(near, known_near) * self._weigh_scores(rows)

    def _by_label(self, label: np.ndarray) -> np.ndarray:
        return np.bincount(label, minlength=self._classes)

    def _count_near(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return by label the number of its pictures, and of reference pictures, in the cluster's neighbourhood.

        Other pictures of the traffic do not count, or else any part of a new class had the evidence of the whole.
        """
        members = self._pictures[rows]
        total = members.sum(axis=0)
        own = (members * unit_rows(total - members)).sum(axis=1)  # to the others, as a picture is near itself
        border = np.quantile(own, _OUTSIDE)
        mean = unit_rows(total[None])[0]
        is_known_near = self._known @ mean >= border
        return self._by_label(self._label[rows[own >= border]]), self._by_label(self._known_label[is_known_near])

    def _weigh_counts(self, near: np.ndarray, known_near: np.ndarray) -> float:
        """Return the probability of so many pictures nearby if traffic and reference were alike within each label.

        It is Fisher's exact test on the sum of the labels' hypergeometric counts.
        """
        sums = np.ones(1)
        for label in np.flatnonzero(near + known_near):
            both = int(near[label] + known_near[label])
            sums = np.convolve(sums, self._hypergeometric(both, self._count[label], self._known_count[label]))
        return float(min(sums[near.sum() :].sum(), 1.0))

    def _hypergeometric(self, drawn: int, marked: int, others: int) -> np.ndarray:
        """Return the probabilities of 0 to `drawn` marked ones among so many drawn."""
        counts = np.arange(drawn + 1)
        possible = (counts <= marked) & (drawn - counts <= others)
        log = self._log_choose(marked, counts[possible]) + self._log_choose(others, drawn - counts[possible])
        probabilities = np.zeros(drawn + 1)
        probabilities[possible] = np.exp(log - self._log_choose(marked + others, drawn))
        return probabilities

    def _log_choose(self, total: int, chosen: np.ndarray | int) -> np.ndarray:
        log: np.ndarray = self._log_factorial
        return np.asarray(log[total] - log[chosen] - log[total - chosen])

    def _weigh_scores(self, rows: np.ndarray) -> float:
        """Return the probability of so many high unknown scores in a rare kind of known pictures, or elsewhere."""
        high, others = self._is_high[rows].sum(), len(self._is_high) - len(rows)
        elsewhere = (self._is_high.sum() - high) / max(others, 1)
        return float(binom.sf(high - 1, len(rows), max(_RARE_KIND * _HIGH, elsewhere)))
