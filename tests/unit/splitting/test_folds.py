import numpy as np

from discern.splitting.folds import assign_folds


def test_groups_stay_whole_and_classes_keep_their_shares():
    labels = np.repeat([0, 1], [60, 30])
    groups = np.arange(90) // 3
    fold = assign_folds(labels, groups, [1] * 5, seed=0)
    assert len(set(zip(groups, fold, strict=True))) == 30
    assert np.bincount(fold[:60]).tolist() == [12] * 5
    assert np.bincount(fold[60:]).tolist() == [6] * 5


def test_a_rare_class_is_in_as_many_folds_as_it_has_groups():
    labels = np.array([0] * 50 + [1] * 3)
    fold = assign_folds(labels, np.arange(53), [1] * 5, seed=0)
    assert len(set(fold[50:])) == 3


def test_many_rare_classes_fill_folds_evenly():
    fold = assign_folds(np.arange(100) // 2, np.arange(100), [1] * 5, seed=0)
    assert np.bincount(fold).tolist() == [20] * 5


def test_shares_may_differ():
    part = assign_folds(np.zeros(100, int), np.arange(100), [0.7, 0.2, 0.1], seed=0)
    assert np.bincount(part).tolist() == [70, 20, 10]


def test_shares_are_scaled():
    labels, groups = np.arange(60) % 3, np.arange(60)
    assert np.array_equal(
        assign_folds(labels, groups, [70, 30], seed=1), assign_folds(labels, groups, [0.7, 0.3], seed=1)
    )


def test_a_part_without_a_share_stays_empty():
    part = assign_folds(np.arange(40) // 2, np.arange(40), [0.9, 0.0, 0.1], seed=0)
    assert set(part) == {0, 2}


def test_two_groups_of_a_class_are_in_both_parts_whatever_their_sizes():
    sizes, parts = np.repeat([0, 1], [3, 7]), set()
    for seed in range(20):
        part = assign_folds(np.zeros(10, int), sizes, [0.1, 0.9], seed=seed)
        assert set(part) == {0, 1}
        parts.add(int(part[0]))
    assert parts == {0, 1}


def test_the_only_group_of_a_class_is_in_the_largest_part():
    for seed in range(20):
        assert set(assign_folds(np.zeros(5, int), np.zeros(5, int), [0.3, 0.7], seed=seed)) == {1}


def test_equal_folds_are_filled_with_large_groups_first():
    groups = np.repeat(np.arange(7), [10, 3, 3, 2, 2, 5, 5])
    assert np.bincount(assign_folds(np.zeros(30, int), groups, [1] * 3, seed=0)).tolist() == [10, 10, 10]


def test_a_group_of_several_classes_is_stratified_by_the_rarer_one():
    labels = np.array([0] * 40 + [1, 1])
    groups = np.array([*range(40), 0, 41])
    fold = assign_folds(labels, groups, [1] * 5, seed=0)
    assert fold[40] == fold[0]
    assert fold[40] != fold[41]


def test_group_numbers_do_not_matter():
    labels, groups = np.arange(50) % 4, np.arange(50) // 2
    renamed = np.random.default_rng(0).permutation(1000)[groups]
    assert np.array_equal(assign_folds(labels, groups, [1] * 5, seed=7), assign_folds(labels, renamed, [1] * 5, seed=7))


def test_the_seed_breaks_ties():
    labels, groups = np.zeros(40, int), np.arange(40)
    one, same, other = (assign_folds(labels, groups, [1] * 5, seed=seed) for seed in (0, 0, 1))
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)


def test_no_rows_give_no_folds():
    assert len(assign_folds(np.empty(0, int), np.empty(0, int), [1.0, 1.0], seed=0)) == 0
