"""From groups to a split: which method fits the data, and who is left out for whose sake."""

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from discern.splitting.assemble import assemble, draw_test
from discern.splitting.folds import Bools
from discern.splitting.pool import Pool
from discern.splitting.proof import prove
from discern.splitting.split import Split, SplitConfig

if TYPE_CHECKING:
    from discern.catalog import Catalog
    from discern.grouping import Groups

FEWEST_GROUPS = 20
"""A drawn test part of fewer independent groups supports no interval, so none is drawn."""

_DEFAULT = SplitConfig()


def make_split(
    catalog: "Catalog", groups: "Groups", config: SplitConfig = _DEFAULT, *, exclude: Bools | None = None
) -> Split:
    """Split pictures by whole groups, and prove that it holds.

    A given test part (or validation part, where it is the only one) judges, whatever the set's size; pictures that leak
    from it leave training. Where that would empty a class or take more than half of the groups of one, or where a
    class stands in the test part alone, the given parts are set aside. Without given parts, large sets get a test part
    and a validation part; small ones, and those with too few groups for a test part, are cross-validated.

    Args:
        catalog: N pictures.
        groups: the group of each, and confirmed pairs across groups.
        config: how to split.
        exclude: bool [N]: pictures that cannot be judged, such as those under two labels. They are not learned from
            either, unless their class has no others.

    Returns:
        A split with its proof. Where no class has two independent groups, nothing is judged: `rounds` is empty.

    Raises:
        DataError: no picture is both readable and labelled.
    """
    pool = Pool.of(catalog, groups, exclude)
    given = pool.given_test()
    split = _drawn(pool, config) if given is None else _given(pool, config, given)
    return replace(split, proof=prove(catalog, groups, split))


def cross_split(
    catalog: "Catalog", groups: "Groups", config: SplitConfig = _DEFAULT, *, exclude: Bools | None = None
) -> Split:
    """Cross-validation over everything, whatever the size and the given parts: every group is judged in turn.

    Args and errors as `make_split`; the proof is left out.
    """
    return _crossed(Pool.of(catalog, groups, exclude), config, "Every group is judged in turn.")


def random_split(catalog: "Catalog", split: Split, *, seed: int) -> Split:
    """The split that most people would make: drawn at random within each class, whatever the groups.

    Args:
        catalog: of N pictures.
        split: an honest split of them.
        seed: of the drawing.

    Returns:
        The same pictures in folds of the same sizes, class by class; nothing is left out. In place of one test part,
        whose pictures an honest one hardly shares, stand as many folds as make each about its size (2 to 5), so that
        every picture of a judged class is judged once; unjudged classes are always learned from.
    """
    used = split.learned | split.test
    folds = _alike(split) if split.method == "test-part" else 0
    fold, always = np.full(len(used), -1), np.zeros(len(used), bool)
    in_order = catalog.table["path"].arg_sort().to_numpy()
    in_order = in_order[used[in_order]]
    in_order = in_order[np.argsort(catalog.label_index[in_order], kind="stable")]
    generator = np.random.default_rng(seed)
    borders = np.flatnonzero(np.diff(catalog.label_index[in_order])) + 1
    dealt = 0
    for rows in np.split(in_order, borders):
        drawn = generator.permutation(rows)
        if not folds:
            fold[rows], always[rows] = split.fold[drawn], split.always[drawn]
        elif split.test[rows].any():
            fold[drawn] = (dealt + np.arange(len(rows))) % folds
            dealt += len(rows)
        else:
            always[rows] = True
    return replace(
        split,
        method="grouped-cv",
        reason="Drawn at random within each class: copies and other dependent pictures may stand on both sides.",
        fold=fold,
        always=always,
        test=np.zeros(len(used), bool),
        held=tuple(range(folds)) if folds else split.held,
        left_out={},
        leaks=0,
        proof={},
    )


def _alike(split: Split) -> int:
    """How many folds of about the test part's size the pictures make."""
    share = np.count_nonzero(split.test) / np.count_nonzero(split.learned | split.test)
    return int(np.clip(round(1 / share), 2, 5))


def _given(pool: Pool, config: SplitConfig, name: str) -> Split:
    inside = pool.part == name
    test, train = pool.usable & inside, pool.present & ~inside
    fault = _fault(pool, train=train, test=test)
    if fault:
        reason = f"The given {name} part is set aside, because {fault}: instead, every group is judged in turn."
        return _crossed(pool, config, reason)
    return assemble(pool, config, train=train, test=test, reason=f"The given {name} part judges.")


def _drawn(pool: Pool, config: SplitConfig) -> Split:
    pictures = f"{np.count_nonzero(pool.usable):,} pictures"
    if np.count_nonzero(pool.usable) < config.small:
        return _crossed(pool, config, f"{pictures} are few for a test part: instead, every group is judged in turn.")
    if not all(config.parts):
        return _crossed(pool, config, "A share of 0 was asked for: instead, every group is judged in turn.")
    test = draw_test(pool, config)
    train = pool.present & ~test
    groups = len(np.unique(pool.group[test]))
    if groups < FEWEST_GROUPS:
        fault = f"{groups} independent groups in it would be too few"
    else:
        fault = _fault(pool, train=train, test=test)
    if fault:
        reason = f"No test part is drawn from {pictures}, because {fault}: instead, every group is judged in turn."
        return _crossed(pool, config, reason)
    return assemble(pool, config, train=train, test=test, reason=f"{pictures} are enough to set a test part apart.")


def _crossed(pool: Pool, config: SplitConfig, reason: str) -> Split:
    return assemble(pool, config, train=pool.present, test=np.zeros_like(pool.usable), reason=reason)


def _fault(pool: Pool, *, train: Bools, test: Bools) -> str:
    """Why this test part cannot judge what is left of training; "" where it can."""
    before = pool.group_counts(train)
    after = pool.group_counts(train & ~pool.leaking(train, test))
    absent = np.flatnonzero((before == 0) & (pool.group_counts(pool.present) > 0))
    if len(absent):
        return f"{_quoted(pool, absent)} would not be learned at all"
    spoilt = np.flatnonzero(2 * after < before)
    if not len(spoilt):
        return ""
    return f"most or all groups of {_quoted(pool, spoilt)} stand in it as well as in training"


def _quoted(pool: Pool, classes: np.ndarray) -> str:
    names = [f"'{pool.labels[klass]}'" for klass in classes[:3]]
    more = len(classes) - len(names)
    return ", ".join(names) + (f" and {more} more" if more else "")
