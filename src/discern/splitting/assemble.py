"""Functions that assemble a leak-free split of a data set."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from discern.splitting.group_counts import Bools, Ints
from discern.splitting.pool import Pool
from discern.splitting.split import TEST, Split, SplitConfig


def assemble(pool: Pool, config: SplitConfig, *, train: Bools, test: Bools, reason: str) -> Split:
    """Build a leak-free split with a test set or cross-validation folds.

    Args:
        pool: N pictures.
        config: settings of the split.
        train: bool [N]: candidates for training, which are split into folds.
        test: bool [N]: test rows, disjoint from `train`; if empty, the folds are evaluated in turn.
        reason: sentence for `Split.reason`.
    """
    leaks = pool.leaking(train, test)
    clean = train & ~leaks
    folds = _make_folds(pool, config, clean, alone=not test.any())
    left_out = folds.left_out | ({TEST: np.flatnonzero(leaks)} if test.any() else {})
    if not left_out:
        reason = "No class has two independent groups of pictures, so nothing can be evaluated."
    return Split(
        method="test-part" if test.any() else "grouped-cv",
        reason=reason,
        fold=folds.fold,
        always=folds.always,
        test=test,
        group=pool.group,
        held_out=folds.held_out,
        left_out=left_out,
        part=_file_parts(pool, config, clean, test),
        unevaluated=pool.labels_outside(test if test.any() else folds.fold >= 0),
        leaks=int(np.count_nonzero(leaks)),
    )


def draw_test(pool: Pool, config: SplitConfig) -> Bools:
    """Draw a stratified test set of whole groups and return it as a boolean mask.

    It leaves two groups of a class for training and validation if there are three.
    """
    train, validation, test = config.parts
    needed = (0, 1, 0) if validation else (0, 1)
    return np.asarray(pool.assign(pool.usable, (train + validation, test), config.seed, needed=needed) == 1)


def _draw_validation(pool: Pool, config: SplitConfig, rows: Bools) -> Bools:
    return np.asarray(pool.assign(rows & pool.usable, config.parts[:2], config.seed) == 1)


@dataclass(frozen=True, kw_only=True)
class _Folds:
    fold: Ints
    always: Bools
    held_out: tuple[int, ...]
    left_out: dict[int, Ints]


def _make_folds(pool: Pool, config: SplitConfig, train: Bools, *, alone: bool) -> _Folds:
    """Assign the training images to cross-validation folds.

    Large data sets with a test part get one validation fold, others as many folds as the groups allow.
    """
    rows = train & pool.usable
    if not alone and np.count_nonzero(rows) >= config.small:
        validation = _draw_validation(pool, config, rows)
        folds = _leave_out(pool, np.where(rows, np.where(validation, 0, 1), -1), train, held_out=(0,))
        if (folds.fold == 0).any():
            return folds
    count = min(config.folds, int(pool.group_counts(rows).max()))
    fold = pool.assign(rows, [1.0] * count, config.seed)
    return _renumber(_leave_out(pool, fold, train, held_out=range(count)))


def _leave_out(pool: Pool, fold: Ints, train: Bools, *, held_out: Iterable[int]) -> _Folds:
    """Find the training rows that leak into each cross-validation fold.

    Classes that a fold would leave without training rows get no fold.
    """
    while True:
        always = train & (fold < 0)
        left_out: dict[int, Ints] = {}
        untrained: set[int] = set()
        for number in held_out:
            evaluated = fold == number
            others = train & ~evaluated
            leaks = pool.leaking(others, evaluated)
            left_out[number] = np.flatnonzero(leaks)
            untrained |= set(pool.label[evaluated].tolist()) - set(pool.label[others & ~leaks].tolist())
        if not untrained:
            return _Folds(fold=fold, always=always, held_out=tuple(held_out), left_out=left_out)
        fold = np.where(np.isin(pool.label, list(untrained)), -1, fold)


def _renumber(folds: _Folds) -> _Folds:
    """Drop empty folds and number the remaining folds from 0."""
    numbers, inverse = np.unique(folds.fold[folds.fold >= 0], return_inverse=True)
    fold = folds.fold.copy()
    fold[fold >= 0] = inverse
    left_out = {new: folds.left_out[int(old)] for new, old in enumerate(numbers)}
    return _Folds(fold=fold, always=folds.always, held_out=tuple(left_out), left_out=left_out)


def _file_parts(pool: Pool, config: SplitConfig, clean: Bools, test: Bools) -> NDArray[np.str_]:
    """Split images into leak-free train, validation and test sets.

    Rows that leak from a later part are in none.
    """
    if not test.any() and config.parts[2]:
        test = draw_test(pool, config)
    rest = clean & ~test
    validation = _draw_validation(pool, config, rest)
    train = rest & ~validation
    validation &= ~pool.leaking(validation, test)
    train &= ~pool.leaking(train, test | validation)
    return np.select([test, validation, train], ["test", "validation", "train"], default="")
