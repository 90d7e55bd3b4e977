import numpy as np
import polars as pl
from tests.unit.grouping.synthetic_images import bare_catalog

from discern.grouping import form_groups
from discern.grouping.groups import merge_groups

SCHEMA = {"first": pl.Int32(), "second": pl.Int32(), "kind": pl.String(), "score": pl.Float64()}


def edges(*pairs):
    return pl.DataFrame([(*pair, 1.0) for pair in pairs], schema=SCHEMA, orient="row")


def grouped(count, *pairs, groups=None):
    paths = [f"a/{row}.png" for row in range(count)]
    return form_groups(bare_catalog(paths, groups=groups), edges(*pairs))


def test_without_edges_every_picture_is_a_group():
    groups = grouped(4)
    assert groups.group.tolist() == [0, 1, 2, 3]
    assert groups.group.dtype == np.int64
    assert groups.sizes.tolist() == [1, 1, 1, 1]
    assert len(groups.cross_pairs) == 0


def test_exact_copies_and_sequences_chain():
    groups = grouped(5, (0, 1, "exact"), (1, 2, "sequence"), (2, 3, "exact"))
    assert groups.group.tolist() == [0, 0, 0, 0, 1]


def test_near_copies_do_not_chain():
    groups = grouped(5, *((row, row + 1, "near") for row in range(4)))
    assert groups.sizes.max() == 3
    cross_pairs = groups.cross_pairs.select("first", "second").rows()
    assert cross_pairs
    assert all(groups.group[a] != groups.group[b] for a, b in cross_pairs)


def test_the_picture_with_most_copies_is_the_centre():
    groups = grouped(6, (0, 1, "near"), (1, 2, "near"), (1, 3, "near"), (3, 4, "near"))
    assert groups.group.tolist() == [0, 0, 0, 0, 1, 2]
    assert groups.cross_pairs.rows() == [(3, 4, "near", 1.0)]


def test_exact_copies_join_the_group_of_a_near_copy():
    groups = grouped(4, (0, 1, "exact"), (0, 2, "near"))
    assert groups.group.tolist() == [0, 0, 0, 1]


def test_declared_groups_are_kept_and_merged_by_an_exact_copy():
    declared = {"a/0.png": "x", "a/1.png": "x", "a/2.png": "y", "a/3.png": "y"}
    assert grouped(5, groups=declared).group.tolist() == [0, 0, 1, 1, 2]
    assert grouped(5, (1, 2, "exact"), groups=declared).group.tolist() == [0, 0, 0, 0, 1]


def test_declared_groups_are_merged_by_a_near_copy_but_do_not_chain():
    declared = {f"a/{row}.png": "xxyyzz"[row] for row in range(6)}
    groups = grouped(6, (1, 2, "near"), (3, 4, "near"), groups=declared)
    assert groups.group.tolist() == [0, 0, 0, 0, 0, 0]
    longer = grouped(8, (1, 2, "near"), (3, 4, "near"), (5, 6, "near"), groups=declared)
    assert longer.group[6] != longer.group[0]


def test_unreadable_rows_are_singletons():
    catalog = bare_catalog(["a/0.png", "a/1.png", "a/2.png"], groups={"a/0.png": "x", "a/1.png": "x"})
    error = pl.Series("error", [None, "empty", None], pl.String)
    unreadable = type(catalog)(root=catalog.root, table=catalog.table.with_columns(error), thumbs=catalog.thumbs)
    assert form_groups(unreadable, edges()).group.tolist() == [0, 1, 2]


def test_groups_are_numbered_in_order_of_appearance():
    group = grouped(6, (2, 5, "near"), (1, 4, "exact")).group
    assert group.tolist() == [0, 1, 2, 3, 1, 2]


def test_merged_groups_are_named_by_their_smallest_row():
    assert merge_groups(5, np.array([[4, 3], [3, 1]])).tolist() == [0, 1, 2, 1, 1]
    assert merge_groups(3, np.zeros((0, 2), np.int64)).tolist() == [0, 1, 2]
