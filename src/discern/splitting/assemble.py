"""A split from its two sides: folds for the training side, and who must stay away from whom."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from discern.splitting.folds import Bools, Ints
from discern.splitting.pool import Pool
from discern.splitting.split import TEST, Split, SplitConfig


def assemble(pool: Pool, config: SplitConfig, *, train: Bools, test: Bools, reason: str) -> Split:
    """The split that judges `test`, or, where `test` is empty, each fold of `train` in turn.

    Args:
        pool: N pictures.
        config: how to split.
        train: bool [N], may be learned from.
        test: bool [N], none of them in `train`.
        reason: a sentence for the split.
    """
    leaks = pool.leaking(train, test)
    learned = train & ~leaks
    folds = _folds(pool, config, learned, alone=not test.any())
    left_out = folds.left_out | ({TEST: np.flatnonzero(leaks)} if test.any() else {})
    if not left_out:
        reason = "No class has two independent groups of pictures, so nothing can be judged."
    return Split(
        method="test-part" if test.any() else "grouped-cv",
        reason=reason,
        fold=folds.fold,
        always=folds.always,
        test=test,
        group=pool.group,
        held=folds.held,
        left_out=left_out,
        part=_file_parts(pool, config, learned, test),
        unjudged=pool.labels_outside(test if test.any() else folds.fold >= 0),
        leaks=int(np.count_nonzero(leaks)),
    )


def draw_test(pool: Pool, config: SplitConfig) -> Bools:
    """Bool [N]: a test part of whole groups, of the size that the config asks for."""
    train, validation, test = config.parts
    return np.asarray(pool.deal(pool.usable, (train + validation, test), config.seed) == 1)


def _draw_validation(pool: Pool, config: SplitConfig, rows: Bools) -> Bools:
    return np.asarray(pool.deal(rows & pool.usable, config.parts[:2], config.seed) == 1)


@dataclass(frozen=True, kw_only=True)
class _Folds:
    fold: Ints
    always: Bools
    held: tuple[int, ...]
    left_out: dict[int, Ints]


def _folds(pool: Pool, config: SplitConfig, learned: Bools, *, alone: bool) -> _Folds:
    """One validation fold beside the test part of a large set, else as many folds as the groups allow."""
    rows = learned & pool.usable
    if not alone and np.count_nonzero(rows) >= config.small:
        validation = _draw_validation(pool, config, rows)
        settled = _settle(pool, np.where(rows, np.where(validation, 0, 1), -1), learned, held=(0,))
        if (settled.fold == 0).any():
            return settled
    count = min(config.folds, int(pool.group_counts(rows).max()))
    fold = pool.deal(rows, [1.0] * count, config.seed)
    return _numbered(_settle(pool, fold, learned, held=range(count)))


def _settle(pool: Pool, fold: Ints, learned: Bools, *, held: Iterable[int]) -> _Folds:
    """Find who is left out of each fold; a class that a fold cannot learn is never held out."""
    while True:
        always = learned & (fold < 0)
        left_out: dict[int, Ints] = {}
        lost: set[int] = set()
        for number in held:
            judged = fold == number
            others = learned & ~judged
            close = pool.leaking(others, judged)
            left_out[number] = np.flatnonzero(close)
            lost |= set(pool.label[judged].tolist()) - set(pool.label[others & ~close].tolist())
        if not lost:
            return _Folds(fold=fold, always=always, held=tuple(held), left_out=left_out)
        fold = np.where(np.isin(pool.label, list(lost)), -1, fold)


def _numbered(folds: _Folds) -> _Folds:
    """The same folds without the empty ones, numbered from 0."""
    numbers, inverse = np.unique(folds.fold[folds.fold >= 0], return_inverse=True)
    fold = folds.fold.copy()
    fold[fold >= 0] = inverse
    left_out = {new: folds.left_out[int(old)] for new, old in enumerate(numbers)}
    return _Folds(fold=fold, always=folds.always, held=tuple(left_out), left_out=left_out)


def _file_parts(pool: Pool, config: SplitConfig, learned: Bools, test: Bools) -> NDArray[np.str_]:
    """One partition in three parts that share nothing; what is too close to a later part is in none."""
    if not test.any() and config.parts[2]:
        test = draw_test(pool, config)
    rest = learned & ~test
    validation = _draw_validation(pool, config, rest)
    train = rest & ~validation
    validation &= ~pool.leaking(validation, test)
    train &= ~pool.leaking(train, test | validation)
    return np.select([test, validation, train], ["test", "validation", "train"], default="")
