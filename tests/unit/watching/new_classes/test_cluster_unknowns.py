"""Unknown pictures that look alike are named as a new class, and others are not."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from discern.watching.new_classes.class_spread import measure_spread
from discern.watching.new_classes.cluster_unknowns import cluster_unknowns, fewest_pictures, find_new_classes
from discern.watching.stores.exchange_store import ExchangeColumns
from tests.unit.watching.audited_columns import make_columns

SIZE = 32
RNG = np.random.default_rng(0)
# Alike pictures are a little closer to each other than those of the known classes.
SPREAD = 1.3 * measure_spread(np.eye(SIZE)[0] + 0.1 * RNG.normal(size=(100, SIZE)), np.zeros(100), np.arange(100))


def alike(count: int, axis: int) -> np.ndarray:
    return np.eye(SIZE)[axis] + 0.1 * np.random.default_rng(axis).normal(size=(count, SIZE))


def scattered(count: int) -> np.ndarray:
    return np.random.default_rng(9).normal(size=(count, SIZE))


def make_unknowns(*parts: np.ndarray) -> ExchangeColumns:
    embedding = np.concatenate(parts).astype(np.float32)
    return make_columns(len(embedding), embedding=embedding, decision=np.full(len(embedding), "unknown", object))


def places(ids: Sequence[str]) -> list[int]:
    return [int(each, 16) - 1 for each in ids]


def test_alike_pictures_are_found_among_scattered_ones() -> None:
    clusters = cluster_unknowns(make_unknowns(scattered(30), alike(20, 1), alike(12, 2)), spread=SPREAD, exchanges=300)
    assert [set(places(each.ids)) for each in clusters] == [set(range(30, 50)), set(range(50, 62))]
    assert clusters[0].message == "20 pictures look alike and like none of your classes: a new class?"
    assert clusters[0].to_json()["size"] == 20


def test_scattered_pictures_are_no_class() -> None:
    assert cluster_unknowns(make_unknowns(scattered(200)), spread=SPREAD, exchanges=1000) == ()


def test_the_most_typical_pictures_come_first() -> None:
    embedding = alike(20, 1)
    embedding[4] = np.eye(SIZE)[1]
    found = cluster_unknowns(make_unknowns(embedding), spread=SPREAD, exchanges=20)
    assert places(found[0].ids)[0] == 4


def test_longer_traffic_needs_more_pictures() -> None:
    unknown = make_unknowns(alike(12, 1))
    assert len(cluster_unknowns(unknown, spread=SPREAD, exchanges=300)) == 1
    assert cluster_unknowns(unknown, spread=SPREAD, exchanges=5000) == ()
    assert fewest_pictures(250) < fewest_pictures(1000) < 20


def test_identical_pictures_and_near_copies_count_once() -> None:
    unknown = make_unknowns(alike(20, 1))
    same = replace(unknown, pixels=np.array(["one", "two"] * 10, object))
    assert cluster_unknowns(same, spread=SPREAD, exchanges=100) == ()
    film = alike(1, 1) + 1e-3 * RNG.normal(size=(40, SIZE))
    assert cluster_unknowns(make_unknowns(film), spread=SPREAD, exchanges=100) == ()
    found = cluster_unknowns(make_unknowns(film, alike(20, 1)[1:]), spread=SPREAD, exchanges=100)
    assert [len(each.ids) for each in found] == [20]


def test_pictures_without_usable_embeddings_are_left_out() -> None:
    unknown = make_unknowns(alike(20, 1))
    assert cluster_unknowns(replace(unknown, embedding=None), spread=SPREAD, exchanges=20) == ()
    assert cluster_unknowns(unknown, spread=float("nan"), exchanges=20) == ()
    embedding = alike(20, 1)
    embedding[:3] = np.nan
    embedding[3] = 0
    found = cluster_unknowns(make_unknowns(embedding), spread=SPREAD, exchanges=20)
    assert places(found[0].ids)
    assert set(places(found[0].ids)) == set(range(4, 20))
    assert cluster_unknowns(make_unknowns(np.zeros((0, SIZE))), spread=SPREAD, exchanges=0) == ()


class KeptColumns:
    """Store of exchanges, as far as the search for new classes uses it."""

    def __init__(self, columns: ExchangeColumns) -> None:
        self._columns = columns

    def columns(self, *, bundle: str, since: float | None, limit: int, newest: bool) -> ExchangeColumns:
        assert newest
        assert bundle == "b"
        kept = self._columns.time >= (since or 0)
        return self._select(np.flatnonzero(kept)[-limit:], embeddings=False)

    def columns_of(self, ids: Sequence[str], *, embeddings: bool) -> ExchangeColumns:
        return self._select(np.flatnonzero(np.isin(self._columns.id.astype(str), list(ids))), embeddings=embeddings)

    def _select(self, rows: np.ndarray, *, embeddings: bool) -> ExchangeColumns:
        values = {name: None if value is None else value[rows] for name, value in vars(self._columns).items()}
        return ExchangeColumns(**values | ({} if embeddings else {"embedding": None}))


def test_the_newest_unknown_pictures_of_a_store_are_searched() -> None:
    embedding = np.concatenate([alike(60, 3), alike(15, 1)]).astype(np.float32)
    decision = np.repeat(np.array(["accept", "unknown"], object), [60, 15])
    store = KeptColumns(make_columns(75, embedding=embedding, decision=decision))
    found = find_new_classes(store, bundle="b", spread=SPREAD)  # type: ignore[arg-type]
    assert [set(places(each.ids)) for each in found] == [set(range(60, 75))]
    assert find_new_classes(store, bundle="b", spread=SPREAD, since=1.7e9 + 74) == ()  # type: ignore[arg-type]


@pytest.mark.parametrize("scale", [1e-6, 1e6])
def test_the_length_of_embeddings_does_not_matter(scale: float) -> None:
    found = cluster_unknowns(make_unknowns(scale * alike(20, 1)), spread=SPREAD, exchanges=20)
    assert [len(each.ids) for each in found] == [20]
