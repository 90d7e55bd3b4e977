"""Properties of groups: fixed links are never split, and near copies never chain."""

import numpy as np
import polars as pl
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.grouping.synthetic_images import bare_catalog

from discern.grouping import form_groups
from discern.grouping.groups import merge_groups

SCHEMA = {"first": pl.Int32(), "second": pl.Int32(), "kind": pl.String(), "score": pl.Float64()}
COUNT = 14
row = st.integers(0, COUNT - 1)
edge = st.tuples(row, row, st.sampled_from(["near", "near", "near", "exact", "sequence"])).filter(lambda e: e[0] < e[1])
edges = st.lists(edge, max_size=30, unique_by=lambda e: e)
declared = st.dictionaries(row.map(lambda number: f"a/{number}.png"), st.sampled_from("xy"), max_size=4)


def grouped(pairs, groups):
    table = pl.DataFrame([(*pair, 1.0) for pair in pairs], schema=SCHEMA, orient="row")
    return form_groups(bare_catalog([f"a/{number}.png" for number in range(COUNT)], groups=groups), table)


def blocks(pairs, groups):
    fixed = [pair[:2] for pair in pairs if pair[2] != "near"]
    for name in set(groups.values()):
        rows = [int(path[2:-4]) for path, group in groups.items() if group == name]
        fixed += [(rows[0], other) for other in rows[1:]]
    return merge_groups(COUNT, np.array(fixed, np.int64).reshape(-1, 2))


@given(edges, declared)
def test_fixed_links_are_never_split(pairs, groups):
    group = grouped(pairs, groups).group
    block = blocks(pairs, groups)
    assert all(len(set(group[block == one])) == 1 for one in set(block))


@given(edges, declared)
def test_every_block_pairs_with_the_centre_of_its_group(pairs, groups):
    group = grouped(pairs, groups).group
    block = blocks(pairs, groups)
    near = {frozenset((block[a], block[b])) for a, b, kind in pairs if kind == "near"}
    for one in set(group):
        members = set(block[group == one])
        assert any(all(frozenset((centre, other)) in near for other in members - {centre}) for centre in members)


@given(edges, declared)
def test_a_near_pair_is_in_one_group_or_crosses_groups(pairs, groups):
    result = grouped(pairs, groups)
    cross_pairs = set(result.cross_pairs.select("first", "second", "kind").rows())
    for pair in pairs:
        assert (result.group[pair[0]] == result.group[pair[1]]) != (pair in cross_pairs)


@given(st.permutations(range(8)))
def test_the_order_of_edges_does_not_matter(order):
    pairs = [(0, 1, "near"), (1, 2, "near"), (2, 3, "near"), (3, 4, "near"), (0, 4, "near"), (5, 6, "exact")]
    pairs += [(6, 7, "near"), (7, 8, "near")]
    expected = grouped(pairs, {}).group
    assert grouped([pairs[at] for at in order], {}).group.tolist() == expected.tolist()
