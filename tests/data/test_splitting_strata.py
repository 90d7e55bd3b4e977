"""Properties of stratified folds: every class keeps its share in every part, whatever the groups."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from discern.splitting.folds import assign_folds

SIZES = st.lists(st.lists(st.integers(1, 12), min_size=1, max_size=25), min_size=1, max_size=6)
SHARES = st.sampled_from([[1.0] * 5, [1.0, 1.0], [0.9, 0.1], [0.7, 0.2]])


def make_rows(sizes: list[list[int]]) -> tuple[np.ndarray, np.ndarray]:
    """Return labels and groups of rows; `sizes` are the group sizes of each class."""
    labels = np.concatenate([np.full(sum(groups), klass) for klass, groups in enumerate(sizes)])
    flat = [size for groups in sizes for size in groups]
    return labels, np.repeat(np.arange(len(flat)), flat)


@settings(max_examples=80, deadline=None)
@given(SIZES, SHARES, st.integers(0, 99))
def test_each_part_is_within_one_group_of_its_share(sizes, shares, seed):
    labels, groups = make_rows(sizes)
    part = assign_folds(labels, groups, shares, seed=seed)
    for klass, members in enumerate(sizes):
        counts = np.bincount(part[labels == klass], minlength=len(shares))
        assert np.abs(counts - np.array(shares) / sum(shares) * sum(members)).max() <= max(members)


@settings(max_examples=80, deadline=None)
@given(SIZES, st.integers(0, 99))
def test_equal_folds_differ_by_one_group_at_most(sizes, seed):
    labels, groups = make_rows(sizes)
    fold = assign_folds(labels, groups, [1.0] * 5, seed=seed)
    for klass, members in enumerate(sizes):
        counts = np.bincount(fold[labels == klass], minlength=5)
        assert counts.max() - counts.min() <= max(members)


@settings(max_examples=80, deadline=None)
@given(SIZES, SHARES, st.integers(0, 99))
def test_a_class_is_in_as_many_parts_as_it_has_groups(sizes, shares, seed):
    labels, groups = make_rows(sizes)
    part = assign_folds(labels, groups, shares, seed=seed)
    for klass, members in enumerate(sizes):
        assert len(set(part[labels == klass])) == min(len(members), len(shares))


@settings(max_examples=80, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 30)), min_size=1, max_size=120), SHARES, st.integers(0, 9))
def test_groups_of_several_classes_stay_whole(rows, shares, seed):
    labels, groups = np.array(rows).T
    part = assign_folds(labels, groups, shares, seed=seed)
    assert len({(group, fold) for group, fold in zip(groups, part, strict=True)}) == len(set(groups))
    assert np.array_equal(part, assign_folds(labels, groups + 1000, shares, seed=seed))
