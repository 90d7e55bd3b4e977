"""Properties of splits: no leaks, whatever the labels, groups, given parts and near-copies."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from discern.catalog import COLUMNS, Catalog
from discern.errors import DataError
from discern.grouping import Groups
from discern.splitting import Split, SplitConfig, make_split, random_split

GIVEN = st.sampled_from([(None,), ("train", "test"), ("train", "validation"), ("train", "validation", "test", None)])


@dataclass(frozen=True)
class DataSet:
    """Catalog, groups and excluded rows."""

    catalog: Catalog
    groups: Groups
    exclude: np.ndarray

    def split(self, config: SplitConfig) -> Split | None:
        try:
            return make_split(self.catalog, self.groups, config, exclude=self.exclude)
        except DataError:
            assert not (self.catalog.label_index >= 0).any()
            return None

    def reordered(self, order: np.ndarray) -> "DataSet":
        place = np.argsort(order)
        pairs = np.sort(place[self.groups.cross_pairs.select("first", "second").to_numpy().reshape(-1, 2)], axis=1)
        cross_pairs = pl.DataFrame({"first": pairs[:, 0], "second": pairs[:, 1]})
        return DataSet(
            Catalog(root=Path(), table=self.catalog.table[order], thumbs=np.asarray(self.catalog.thumbs)[order]),
            Groups(group=np.unique(self.groups.group[order], return_inverse=True)[1], cross_pairs=cross_pairs),
            self.exclude[order],
        )


@st.composite
def data_sets(draw: st.DrawFn) -> DataSet:
    count = draw(st.integers(2, 60))

    def column(values: st.SearchStrategy) -> list:
        return draw(st.lists(values, min_size=count, max_size=count))

    group = np.array(column(st.integers(0, draw(st.sampled_from([3, 12, 200])))))
    if draw(st.booleans()):
        labels = [f"c{number % draw(st.shared(st.integers(1, 6), key='classes'))}" for number in group]
    else:
        labels = column(st.sampled_from(["a", "b", "c", "d", None]))
    row = st.integers(0, count - 1)
    pairs = draw(st.lists(st.tuples(row, row), max_size=10))
    pairs = sorted({tuple(sorted(pair)) for pair in pairs if group[pair[0]] != group[pair[1]]})
    facts = {
        "path": [f"{number * 7919 % 1009:04d}.png" for number in range(count)],
        "content": [f"{number}" for number in range(count)],
        "pixels": [f"{number}" for number in range(count)],
        "label": labels,
        "part": column(st.sampled_from(draw(GIVEN))),
        "error": column(st.sampled_from([None] * 9 + ["empty"])),
    }
    table = pl.DataFrame({name: facts.get(name, [None] * count) for name in COLUMNS}, schema=COLUMNS)
    cross_pairs = pl.DataFrame(pairs, schema={"first": pl.Int32, "second": pl.Int32}, orient="row")
    catalog = Catalog(root=Path(), table=table, thumbs=np.zeros((count, 64, 64, 3), np.uint8))
    return DataSet(
        catalog, Groups(group=group, cross_pairs=cross_pairs), np.array(column(st.sampled_from([False] * 9 + [True])))
    )


CONFIGS = st.builds(
    SplitConfig,
    seed=st.integers(0, 9),
    folds=st.integers(2, 6),
    small=st.sampled_from([1, 30, 2000]),
    parts=st.sampled_from([(0.7, 0.2, 0.1), (0.2, 0.2, 0.6), (80, 20, 0)]),
)


@settings(max_examples=120, deadline=None)
@given(data_sets(), CONFIGS)
def test_training_and_held_out_rows_share_nothing(data: DataSet, config: SplitConfig):
    split = data.split(config)
    if split is None:
        return
    assert split.proof["holds"]
    pairs = data.groups.cross_pairs.select("first", "second").to_numpy().reshape(-1, 2)
    for fold in split.rounds:
        test, train = split.held_out_rows(fold), split.training_rows(fold)
        assert not set(test) & set(train)
        assert not set(data.groups.group[test]) & set(data.groups.group[train])
        for one, other in (*pairs, *pairs[:, ::-1]):
            assert not (one in test and other in train)
        assert not set(split.left_out[fold]) & set(test)
        assert set(data.catalog.label_index[test]) <= set(data.catalog.label_index[train])


@settings(max_examples=80, deadline=None)
@given(data_sets(), CONFIGS)
def test_every_picture_has_one_role(data: DataSet, config: SplitConfig):
    split = data.split(config)
    if split is None:
        return
    labelled = data.catalog.label_index >= 0
    assert not (split.train & split.test).any()
    assert not (split.always & (split.fold >= 0)).any()
    assert not ((split.train | split.test) & ~labelled).any()
    classes = data.catalog.label_index
    assert set(classes[split.train]) == set(classes[labelled])
    evaluated = split.test if split.method == "test-part" else split.fold >= 0
    assert {data.catalog.labels[klass] for klass in classes[evaluated]} == set(data.catalog.labels) - set(
        split.unevaluated
    )
    if split.method == "grouped-cv":
        once = np.concatenate([split.held_out_rows(fold) for fold in split.held_out] or [[]])
        unevaluated = np.isin(classes, [data.catalog.labels.index(label) for label in split.unevaluated])
        assert sorted(once) == np.flatnonzero(labelled & ~data.exclude & ~unevaluated).tolist()


@settings(max_examples=60, deadline=None)
@given(data_sets(), CONFIGS)
def test_file_parts_share_nothing(data: DataSet, config: SplitConfig):
    split = data.split(config)
    if split is None:
        return
    groups = {part: set(data.groups.group[split.part == part].tolist()) for part in ("train", "validation", "test")}
    assert not groups["train"] & groups["validation"]
    assert not groups["train"] & groups["test"]
    assert not groups["validation"] & groups["test"]
    for first, second in data.groups.cross_pairs.select("first", "second").iter_rows():
        assert split.part[first] == split.part[second] or "" in (split.part[first], split.part[second])


@settings(max_examples=40, deadline=None)
@given(data_sets(), CONFIGS, st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(data: DataSet, config: SplitConfig, chance):
    split = data.split(config)
    if split is None:
        return
    order = np.array(chance.sample(range(len(split.fold)), len(split.fold)))
    other = data.reordered(order).split(config)
    assert np.array_equal(other.fold, split.fold[order])
    assert np.array_equal(other.test, split.test[order])
    assert np.array_equal(other.always, split.always[order])
    assert np.array_equal(other.part, split.part[order])
    assert {fold: sorted(order[rows]) for fold, rows in other.left_out.items()} == {
        fold: rows.tolist() for fold, rows in split.left_out.items()
    }


@settings(max_examples=40, deadline=None)
@given(data_sets(), CONFIGS)
def test_the_random_split_has_the_same_pictures_and_sizes(data: DataSet, config: SplitConfig):
    split = data.split(config)
    if split is None:
        return
    random = random_split(data.catalog, split, seed=config.seed)
    used = split.train | split.test
    assert np.array_equal(random.train | random.test, used)
    for klass in range(len(data.catalog.labels)):
        rows = used & (data.catalog.label_index == klass)
        if split.method == "grouped-cv":
            assert sorted(random.fold[rows]) == sorted(split.fold[rows])
        elif split.test[rows].any():
            assert np.ptp(np.bincount(random.fold[rows], minlength=len(random.held_out))) <= 1
            assert len(set(random.fold[rows])) > 1
        else:
            assert random.always[rows].all()
    again = random_split(data.catalog, split, seed=config.seed)
    assert np.array_equal(random.fold, again.fold)
