"""The pictures that judge a network come from groups that it does not train on."""

import numpy as np
import pytest

from discern.errors import DataError
from discern.splitting import TEST, Split
from discern.training.methods.torch_parts import FitParts, hold_out

LABELS = np.tile([0, 1], 30)
GROUPS = np.arange(60) // 3


def split_of(folds: int, *, test: bool = False, left_out: dict[int, list[int]] | None = None) -> Split:
    fold = GROUPS % folds
    tested = np.zeros(60, bool)
    if test:
        tested[GROUPS >= 16] = True
        fold = np.where(tested, -1, fold)
    return Split(
        method="test-part" if test else "grouped-cv",
        reason="",
        fold=fold,
        always=np.zeros(60, bool),
        test=tested,
        group=GROUPS,
        held_out=tuple(range(folds)),
        left_out={number: np.array(rows) for number, rows in (left_out or {}).items()},
        part=np.full(60, ""),
        unevaluated=(),
    )


@pytest.mark.parametrize(("split", "rounds"), [(split_of(5), (0, 4, TEST)), (split_of(5, test=True), (TEST,))])
def test_no_group_is_in_two_parts_or_in_the_round(split: Split, rounds: tuple[int, ...]) -> None:
    for number in rounds:
        parts = hold_out(split, LABELS, number, seed=1)
        groups = [set(GROUPS[rows].tolist()) for rows in (parts.train, parts.stop, parts.fresh)]
        groups.append(
            set(GROUPS[split.held_out_rows(number)].tolist()) if number != TEST or split.test.any() else set()
        )
        assert sum(map(len, groups)) == len(set().union(*groups))
        assert len(parts.train) > len(parts.unseen) > 0
        assert len(parts.stop)
        assert len(parts.fresh)


def test_what_leaks_into_the_fold_is_not_trained_on() -> None:
    clean = hold_out(split_of(5), LABELS, TEST, seed=1)
    leak = int(clean.train[0])
    parts = hold_out(split_of(5, left_out={0: [leak]}), LABELS, TEST, seed=1)
    assert leak not in parts.all_rows
    assert len(parts.train) == len(clean.train) - 1


def test_without_another_fold_groups_are_drawn() -> None:
    parts = hold_out(split_of(1), LABELS, TEST, seed=1)
    assert np.array_equal(parts.all_rows, np.arange(60))
    assert len(parts.train) > len(parts.unseen) > 0
    assert not set(GROUPS[parts.train]) & set(GROUPS[parts.unseen])


@pytest.mark.parametrize("folds", [2, 3, 4])
def test_few_folds_leave_most_pictures_to_train_on(folds: int) -> None:
    split = split_of(folds)
    for number in (*range(folds), TEST):
        parts = hold_out(split, LABELS, number, seed=1)
        assert len(parts.train) >= 0.65 * len(split.training_rows(number))
        assert len(parts.stop)
        assert len(parts.fresh)
        assert len(set(split.fold[parts.unseen])) == 1
        assert not set(GROUPS[parts.train]) & set(GROUPS[parts.unseen])
        assert np.array_equal(parts.all_rows, split.training_rows(number))


def test_what_leaks_into_a_large_fold_is_not_trained_on() -> None:
    clean = hold_out(split_of(2), LABELS, TEST, seed=1)
    leak = int(next(row for row in clean.train if split_of(2).fold[row] == 1))
    parts = hold_out(split_of(2, left_out={0: [leak]}), LABELS, TEST, seed=1)
    assert leak not in parts.all_rows


@pytest.mark.parametrize(
    ("train", "stop", "said"),
    [([0, 1], [], "No pictures are left to choose the epoch"), ([0, 2], [1], "left to train on have one label")],
)
def test_too_few_groups_for_a_network_are_an_error(train: list[int], stop: list[int], said: str) -> None:
    rows = [np.array(each, np.int64) for each in (train, stop, [])]
    with pytest.raises(DataError, match=said):
        FitParts(train=rows[0], stop=rows[1], fresh=rows[2]).require_enough(LABELS)
