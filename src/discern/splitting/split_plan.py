"""Functions that choose between a test set and cross-validation and create the split."""

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from discern.splitting.assemble import assemble, draw_test
from discern.splitting.group_counts import Bools
from discern.splitting.pool import Pool
from discern.splitting.proof import prove
from discern.splitting.split import Split, SplitConfig

if TYPE_CHECKING:
    from discern.catalog import Catalog
    from discern.grouping import Groups

FEWEST_GROUPS = 20
"""Fewest independent groups of a drawn test part; fewer give no useful confidence interval. Not tuned."""

_LEAST_LEFT = 0.2
"""Smallest share of a class's pictures that a drawn test part may leave for training. Not tuned."""

# Shares of a small data set, whose test part would otherwise hold too few pictures to tell anything. Not tuned.
_SMALL_PARTS = (0.6, 0.2, 0.2)
_DEFAULT = SplitConfig()


def make_split(
    catalog: "Catalog",
    groups: "Groups",
    config: SplitConfig = _DEFAULT,
    *,
    exclude: Bools | None = None,
    cross_validate: bool = False,
) -> Split:
    """Create a leak-free group split of a data set and verify it.

    A given test part (or validation part, if there is no other) is used whatever the size of the data set; pictures
    that leak from it are left out of training. The given parts are ignored if a class would lose more than half of its
    training groups to leaks, or has no pictures outside the test part. Without given parts, large data sets get a test
    and a validation part, drawn at random over groups; small ones, and those with too few groups for a test part, or
    with a group in it that has nearly all pictures of a class, are cross-validated.

    Args:
        catalog: N pictures.
        groups: groups of the pictures, and confirmed pairs across groups.
        config: settings of the split.
        exclude: bool [N]: pictures not to be evaluated, such as those with conflicting labels. They are not in training
            either, unless their class has no others.
        cross_validate: use all folds of `config`, however many pictures there are: to evaluate without a given test
            part, and to choose the model with one.

    Returns:
        The split with its proof. If no class has two independent groups, nothing is evaluated and `rounds` is empty.

    Raises:
        DataError: no picture is both readable and labelled.
    """
    pool = Pool.of(catalog, groups, exclude)
    if cross_validate:
        config = replace(config, small=len(catalog.table) + 1)
    given = pool.given_test()
    if given is not None:
        split = _given(pool, config, given)
    elif cross_validate:
        reason = f"Cross-validation in {config.folds} folds was asked for; every group is held out in turn."
        split = _cross_validate(pool, config, reason)
    else:
        split = _drawn(pool, config)
    return replace(split, proof=prove(catalog, groups, split))


def cross_split(
    catalog: "Catalog", groups: "Groups", config: SplitConfig = _DEFAULT, *, exclude: Bools | None = None
) -> Split:
    """Split all images into group k-fold cross-validation folds.

    The number of pictures and the given parts do not matter, and the split has no proof. Args and errors are those of
    `make_split`.
    """
    return _cross_validate(Pool.of(catalog, groups, exclude), config, "Every group is held out in turn.")


def random_split(catalog: "Catalog", split: Split, *, seed: int) -> Split:
    """Split images at random by class, without regard to groups, for comparison.

    Args:
        catalog: N pictures.
        split: leak-free split of the pictures.
        seed: random seed.

    Returns:
        The same pictures in folds of the same size for each class, with nothing left out. A test part is replaced by 2
        to 5 folds of about its size, so that every picture of an evaluated class is evaluated once; unevaluated classes
        are always in training.
    """
    used = split.train | split.test
    folds = _count_folds(split) if split.method == "test-part" else 0
    fold, always = np.full(len(used), -1), np.zeros(len(used), bool)
    in_order = catalog.table["path"].arg_sort().to_numpy()
    in_order = in_order[used[in_order]]
    in_order = in_order[np.argsort(catalog.label_index[in_order], kind="stable")]
    generator = np.random.default_rng(seed)
    borders = np.flatnonzero(np.diff(catalog.label_index[in_order])) + 1
    assigned = 0
    for rows in np.split(in_order, borders):
        drawn = generator.permutation(rows)
        if not folds:
            fold[rows], always[rows] = split.fold[drawn], split.always[drawn]
        elif split.test[rows].any():
            fold[drawn] = (assigned + np.arange(len(rows))) % folds
            assigned += len(rows)
        else:
            always[rows] = True
    return replace(
        split,
        method="grouped-cv",
        reason="Drawn at random within each class: copies and groups may be in both training and evaluation.",
        fold=fold,
        always=always,
        test=np.zeros(len(used), bool),
        held_out=tuple(range(folds)) if folds else split.held_out,
        left_out={},
        leaks=0,
        proof={},
    )


def _count_folds(split: Split) -> int:
    """Return a number of folds from 2 to 5 that makes each about as large as the test set."""
    share = np.count_nonzero(split.test) / np.count_nonzero(split.train | split.test)
    return int(np.clip(round(1 / share), 2, 5))


def _given(pool: Pool, config: SplitConfig, name: str) -> Split:
    in_part = pool.part == name
    test, train = pool.usable & in_part, pool.trainable & ~in_part
    problem = _problem(pool, train=train, test=test)
    if problem:
        reason = f"The given {name} part is not used, because {problem}; every group is held out in turn instead."
        return _cross_validate(pool, config, reason)
    return assemble(pool, config, train=train, test=test, reason=f"The given {name} part is used for testing.")


def _drawn(pool: Pool, config: SplitConfig) -> Split:
    pictures = f"{np.count_nonzero(pool.usable):,} pictures"
    is_small = np.count_nonzero(pool.usable) < config.small
    if is_small and config.draw_test:
        config = replace(config, parts=_SMALL_PARTS)
    elif is_small:
        reason = f"{pictures} are too few for a test part; every group is held out in turn instead."
        return _cross_validate(pool, config, reason)
    if not all(config.parts):
        return _cross_validate(pool, config, "A part has a share of 0; every group is held out in turn instead.")
    test = draw_test(pool, config)
    train = pool.trainable & ~test
    groups = len(np.unique(pool.group[test]))
    if groups < FEWEST_GROUPS:
        problem = f"{groups} independent groups in it would be too few"
    else:
        problem = _problem(pool, train=train, test=test) or _exhausted(pool, train=train, test=test)
    if problem:
        reason = f"No test part is drawn from {pictures}, because {problem}; every group is held out in turn instead."
        return _cross_validate(pool, config, reason)
    return assemble(pool, config, train=train, test=test, reason=f"{pictures} are enough for a test part.")


def _cross_validate(pool: Pool, config: SplitConfig, reason: str) -> Split:
    return assemble(pool, config, train=pool.trainable, test=np.zeros_like(pool.usable), reason=reason)


def _problem(pool: Pool, *, train: Bools, test: Bools) -> str:
    """Return the reason why a test set cannot be used, or an empty string."""
    before = pool.group_counts(train)
    after = pool.group_counts(train & ~pool.leaking(train, test))
    absent = np.flatnonzero((before == 0) & (pool.group_counts(pool.trainable) > 0))
    if len(absent):
        return f"{_quoted(pool, absent)} would have no training pictures"
    depleted = np.flatnonzero(2 * after < before)
    if not len(depleted):
        return ""
    return f"most or all groups of {_quoted(pool, depleted)} are both in it and in training"


def _exhausted(pool: Pool, *, train: Bools, test: Bools) -> str:
    """Return the classes of which the test set would have nearly all pictures, in words, or an empty string."""
    left, drawn = (np.bincount(pool.label[rows], minlength=len(pool.labels)) for rows in (train, test))
    classes = np.flatnonzero(left < _LEAST_LEFT * (left + drawn))
    return f"nearly all pictures of {_quoted(pool, classes)} would be in it" if len(classes) else ""


def _quoted(pool: Pool, classes: np.ndarray) -> str:
    names = [f"'{pool.labels[klass]}'" for klass in classes[:3]]
    more = len(classes) - len(names)
    return ", ".join(names) + (f" and {more} more" if more else "")
