import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from discern.grouping.films.declared_groups import keep_apart
from discern.grouping.groups import merge_groups


def kept(links, declared, similarity=None):
    links = np.array(links, np.int64).reshape(-1, 2)
    return keep_apart(links, np.ones(len(links)) if similarity is None else np.array(similarity), declared).tolist()


def test_two_declared_groups_are_not_joined():
    assert kept([(0, 1), (1, 2), (2, 3)], ["x", "x", "y", "y"]) == [True, False, True]


def test_a_picture_between_them_joins_the_more_similar():
    assert kept([(0, 1), (1, 2)], ["x", None, "y"], [0.8, 0.9]) == [False, True]
    assert kept([(0, 1), (1, 2)], ["x", None, "y"], [0.9, 0.8]) == [True, False]


def test_undeclared_pictures_are_linked_as_before():
    assert kept([(0, 1), (1, 2)], [None] * 3) == [True, True]
    assert kept([], ["x"]) == []


@pytest.mark.parametrize("apart", [(0, 2), (0, 5)])
def test_members_of_a_group_count_as_joined(apart):
    declared = ["x", None, "y", "x", None, "y"]
    links = [(3, 4), (4, 5), apart]
    assert kept(links, declared, [0.9, 0.8, 0.7]) == [True, False, False]


row = st.integers(0, 9)


@given(st.lists(st.tuples(row, row)), st.lists(st.sampled_from(["x", "y", "z", None]), min_size=10, max_size=10))
def test_no_block_has_two_declared_groups(links, declared):
    array = np.array(links, np.int64).reshape(-1, 2)
    mask = keep_apart(array, np.linspace(0, 1, len(links)), declared)
    same = [(declared.index(group), at) for at, group in enumerate(declared) if group]
    block = merge_groups(10, np.concatenate([array[mask], np.array(same, np.int64).reshape(-1, 2)]))
    for one in set(block.tolist()):
        assert len({group for group, at in zip(declared, block, strict=True) if at == one and group}) <= 1
