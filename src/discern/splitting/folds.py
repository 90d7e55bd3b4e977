"""Functions that assign groups of images to stratified parts of given sizes."""

from collections.abc import Sequence

import numpy as np

from discern.splitting.group_counts import Bools, Floats, GroupCounts, Ints
from discern.splitting.random_parts import draw_parts


def assign_folds(
    labels: Ints, groups: Ints, shares: Sequence[float], *, seed: int, needed: Sequence[int] | None = None
) -> Ints:
    """Assign groups of images to stratified parts of given sizes.

    A class is in as many parts as it has groups. Two parts, and parts of different shares, are drawn at random over
    groups (see `draw_parts`): whatever is measured on one of them holds for groups of all sizes. Three or more equal
    parts are folds, each held out in turn, so they only need to be alike: groups are assigned one by one, those of the
    rarest classes first and large before small ones, each to the part with the largest deficit of its classes (the
    greedy rule of scikit-learn's `StratifiedGroupKFold`).

    Args:
        labels: int [M], 0 or higher.
        groups: int [M], arbitrary numbers. The order of the rows breaks ties and should be reproducible.
        shares: share of each part, 0 or higher; scaled to sum to 1. A part with share 0 stays empty.
        seed: random seed.
        needed: parts that a class has a group in as far as it has groups (see `draw_parts`); not for folds.

    Returns:
        int [M], from 0 to len(shares) - 1; no group is in two parts.
    """
    if not len(labels):
        return np.empty(0, np.int64)
    counts = GroupCounts.of(labels, groups)
    scaled = np.asarray(shares, np.float64) / sum(shares)
    part = _fill(counts, scaled, seed) if _are_folds(scaled) else draw_parts(counts, scaled, seed=seed, needed=needed)
    return part[counts.group_of_row]


def _are_folds(shares: Floats) -> bool:
    positive = shares[shares > 0]
    return len(positive) > 2 and bool((positive == positive[0]).all())


def _fill(counts: GroupCounts, shares: Floats, seed: int) -> Ints:
    assignment = _Assignment(counts, shares)
    for group in _fill_order(counts, seed):
        assignment.assign(int(group))
    return assignment.part


def _fill_order(counts: GroupCounts, seed: int) -> Ints:
    """Return the order of assignment to folds, with rare classes first and then large groups."""
    rarest = np.minimum.reduceat(np.bincount(counts.klass)[counts.klass], counts.start[:-1])
    pictures = np.add.reduceat(counts.count, counts.start[:-1])
    chance = np.random.default_rng(seed).permutation(len(pictures))
    return np.lexsort((chance, -pictures, rarest))


class _Assignment:
    """Current assignment of groups to split parts, with the deficit of each part."""

    def __init__(self, counts: GroupCounts, shares: Floats) -> None:
        self.counts = counts
        self.size = np.bincount(counts.klass, weights=counts.count)
        self.remaining = np.bincount(counts.klass)
        self.deficit = shares[:, None] * self.size
        self.total_deficit = shares * self.size.sum()
        self.lacks = np.repeat(shares[:, None] > 0, len(self.size), axis=1)
        self.open = shares > 0
        self.part = np.zeros(len(counts.start) - 1, np.int64)

    def assign(self, group: int) -> None:
        """Assign one group to the split part with the largest deficit of its classes."""
        entries = slice(self.counts.start[group], self.counts.start[group + 1])
        classes, count = self.counts.klass[entries], self.counts.count[entries]
        need = self.deficit[:, classes] @ (count / self.size[classes])
        need[~self._allowed(classes)] = -np.inf
        part = int(np.where(need == need.max(), self.total_deficit, -np.inf).argmax())
        self.part[group] = part
        self.deficit[part, classes] -= count
        self.total_deficit[part] -= count.sum()
        self.lacks[part, classes] = False
        self.remaining[classes] -= 1

    def _allowed(self, classes: Ints) -> Bools:
        allowed = self.open
        scarce = classes[self.remaining[classes] <= len(self.open)]
        for klass in scarce[np.argsort(self.remaining[scarce], kind="stable")]:
            lacking = self.lacks[:, klass]
            if self.remaining[klass] <= lacking.sum() and (allowed & lacking).any():
                allowed = allowed & lacking
        return allowed
