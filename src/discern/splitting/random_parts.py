"""Functions that draw parts of a data set at random over groups of images."""

from collections.abc import Sequence

import numpy as np

from discern.splitting.group_counts import Bools, Floats, GroupCounts, Ints


def draw_parts(counts: GroupCounts, shares: Floats, *, seed: int, needed: Sequence[int] | None = None) -> Ints:
    """Draw parts of given shares at random over groups, so that a group's part does not depend on its size.

    The groups of a class, in random order, are laid around a circle, on which each part is an arc of its share with a
    random start; a group belongs to the part that its middle lies in. The middle of every group is thus equally likely
    to be anywhere, so each part has its share of groups and of pictures on average, and its share of a class's pictures
    differs by one group at most. If a class lacks a part that it has enough groups for, a random group is moved there.
    A group of several classes is drawn with the rarest of them.

    Args:
        counts: pictures by group and class.
        shares: float [P]: share of each part, 0 or higher, with a sum of 1.
        seed: random seed.
        needed: parts that a class has a group in, as far as it has groups, the most important first; a part that will
            be divided further may be repeated. None: each part once, those with the largest shares first.

    Returns:
        int [G]: part of each group.
    """
    random = np.random.default_rng(seed)
    part = np.full(counts.groups, -1, np.int64)
    for members, sizes in counts.by_class():
        free = part[members] < 0
        taken = np.bincount(part[members[~free]], weights=sizes[~free], minlength=len(shares))
        if free.any():
            part[members[free]] = _lay_around(sizes[free], shares * sizes.sum() - taken, random)
            by_share = np.lexsort((random.permutation(len(shares)), -shares))[: np.count_nonzero(shares)]
            _fill_lacking(part, members, free, by_share if needed is None else np.array(needed), random)
    return part


def _lay_around(sizes: Ints, wanted: Floats, random: np.random.Generator) -> Ints:
    """Lay groups in random order around a circle and return the arc in which the middle of each lies."""
    total = sizes.sum()
    arcs = np.maximum(wanted, 0)
    ends = np.cumsum(arcs * (total / arcs.sum()))
    order = random.permutation(len(sizes))
    middle = np.cumsum(sizes[order]) - sizes[order] / 2 + random.random() * total
    part = np.empty(len(sizes), np.int64)
    part[order] = np.minimum(np.searchsorted(ends, middle % total, side="right"), np.flatnonzero(arcs)[-1])
    return part


def _fill_lacking(part: Ints, members: Ints, free: Bools, needed: Ints, random: np.random.Generator) -> None:
    """Move random groups of a class to the parts that lack them, as far as it has enough."""
    least = np.bincount(needed[: len(members)], minlength=int(part[members].max()) + 1)
    for lacking in needed[: len(members)]:
        now = part[members]
        count = np.bincount(now, minlength=len(least))
        candidates = members[free & (count > least)[now]]
        if count[lacking] < least[lacking] and len(candidates):
            part[random.choice(candidates)] = lacking
