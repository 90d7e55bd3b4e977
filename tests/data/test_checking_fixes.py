"""For any copies, each pair is one row, and the proposed drops lose no picture and no label."""

from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from discern.catalog import COLUMNS, Catalog, Fix, apply_fixes
from discern.checking import Finding, conflicted, count_findings, find_issues, propose_fixes
from discern.grouping import form_groups

EDGES = {"first": pl.Int32, "second": pl.Int32, "kind": pl.String, "score": pl.Float64}


@dataclass(frozen=True)
class World:
    """A catalog with its edges."""

    catalog: Catalog
    edges: pl.DataFrame

    def findings(self) -> list[Finding]:
        return find_issues(self.catalog, self.edges, form_groups(self.catalog, self.edges))

    def fixes(self) -> list[Fix]:
        return propose_fixes(self.catalog, self.findings())

    def pictures(self) -> dict[str, set[str]]:
        """Labels of each distinct picture."""
        labels = defaultdict(set)
        for pixels, label in self.catalog.table.select("pixels", "label").iter_rows():
            labels[pixels].add(label)
        return labels


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """Exact copies by pixels, paired as by `find_edges`, and near pairs of the first copies."""
    size = draw(st.integers(1, 25))

    def column(*values: str | int | None) -> list:
        return draw(st.lists(st.sampled_from(values), min_size=size, max_size=size))

    pixels = column(*range(10))
    first = {picture: pixels.index(picture) for picture in pixels}
    edges = [(first[picture], row, "exact", 1.0) for row, picture in enumerate(pixels) if row != first[picture]]
    rows = st.sampled_from(sorted(first.values()))
    near = draw(st.sets(st.tuples(rows, rows).filter(lambda pair: pair[0] < pair[1]), max_size=8))
    edges += [(*pair, draw(st.sampled_from(["near", "sequence"])), 0.75) for pair in sorted(near)]
    columns = {
        "path": draw(st.permutations([f"{row}.png" for row in range(size)])),
        "pixels": [str(picture) for picture in pixels],
        "label": column("a", "b", None),
        "part": column("train", "test", None),
        "format": column("PNG", "JPEG"),
    }
    table = pl.DataFrame({name: columns.get(name, [None] * size) for name in COLUMNS}, schema=COLUMNS)
    slope = np.linspace(0, 255, 64).astype(np.uint8)
    thumbs = np.broadcast_to(slope[:, None], (size, 64, 64, 3))
    return World(Catalog(root=Path(), table=table, thumbs=thumbs), pl.DataFrame(edges, schema=EDGES, orient="row"))


@settings(max_examples=80, deadline=None)
@given(worlds())
def test_each_pair_of_copies_is_one_row(world: World):
    pairs = [frozenset((fix.path, fix.other)) for fix in world.fixes() if fix.other]
    assert len(pairs) == len(set(pairs))
    copies = len(world.edges.filter(pl.col("kind") != "sequence"))
    assert len(pairs) == copies
    counted = count_findings(world.findings())
    assert counted["exact_copy"] + counted["near_copy"] == copies
    conflicts = [fix for fix in world.fixes() if fix.why.startswith("label_conflict: ")]
    assert len(conflicts) == counted["label_conflict"]
    assert {fix.action for fix in conflicts} <= {"group"}


@settings(max_examples=80, deadline=None)
@given(worlds())
def test_the_proposed_drops_leave_each_picture_once_under_each_label(world: World):
    left = World(apply_fixes(world.catalog, world.fixes()), world.edges)
    for picture, labels in world.pictures().items():
        rows = left.catalog.table.filter(pl.col("pixels") == picture)
        assert set(rows["label"]) == (labels - {None} or {None})
        assert len(rows) == len(set(rows["label"]))


@settings(max_examples=80, deadline=None)
@given(worlds())
def test_test_pictures_are_not_dropped_for_training_pictures(world: World):
    part = dict(world.catalog.table.select("path", "part").iter_rows())
    labelled = dict(world.catalog.table.select("path", pl.col("label").is_not_null()).iter_rows())
    for fix in world.fixes():
        if fix.action == "drop" and part[fix.path] == "test":
            assert part[fix.other] == "test" or not labelled[fix.path]


@settings(max_examples=80, deadline=None)
@given(worlds(), st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_change_exact_copies(world: World, chance):
    order = np.array(chance.sample(range(len(world.catalog)), len(world.catalog)))
    place = np.argsort(order)
    exact = world.edges.filter(pl.col("kind") == "exact")
    ends = np.sort(place[exact.select("first", "second").to_numpy().reshape(-1, 2)], axis=1)
    moved = exact.with_columns(pl.Series("first", ends[:, 0], pl.Int32), pl.Series("second", ends[:, 1], pl.Int32))
    shuffled = Catalog(root=Path(), table=world.catalog.table[order], thumbs=np.asarray(world.catalog.thumbs)[order])
    assert World(shuffled, moved).fixes() == World(world.catalog, exact).fixes()
    assert np.array_equal(conflicted(shuffled, moved), conflicted(world.catalog, exact)[order])


@settings(max_examples=80, deadline=None)
@given(worlds())
def test_every_label_conflict_is_marked(world: World):
    ambiguous = conflicted(world.catalog, world.edges)
    for finding in world.findings():
        if finding.check == "label_conflict":
            assert ambiguous[list(finding.rows)].all()
    assert ambiguous.any() == (count_findings(world.findings())["label_conflict"] > 0)
