"""Repeated pictures and bursts of one thing form a group, different pictures of a fast client do not."""

import json
from dataclasses import replace

import numpy as np

from discern.watching.drift.dependent_exchanges import DependentExchanges, independent_groups
from discern.watching.stores.exchange_store import ExchangeColumns
from tests.unit.watching.drift.factories import make_columns, take

CLOSE = 0.3


def film(pictures: int, *, seconds: float, noise: float) -> ExchangeColumns:
    """Make a film: the embeddings of all pictures are those of the first with some noise."""
    columns = make_columns(pictures)
    assert columns.embedding is not None
    random = np.random.default_rng(0)
    embedding = columns.embedding[:1] + random.normal(0, noise, columns.embedding.shape)
    time = columns.time[0] + seconds * np.arange(pictures)
    return replace(columns, embedding=embedding.astype(np.float32), time=time)


def test_different_pictures_are_independent_however_fast_they_come() -> None:
    columns = make_columns(50)
    fast = replace(columns, time=columns.time[0] + 0.01 * np.arange(50))
    assert len(np.unique(independent_groups(fast, spread=CLOSE))) > 45


def test_the_same_picture_is_one_group_at_any_time_and_of_any_client() -> None:
    columns = make_columns(3)
    again = replace(take(columns, np.array([0, 1, 2, 1, 0])), client=np.array(["a", "b", "c", "d", "e"], object))
    assert independent_groups(again).tolist() == [0, 1, 2, 1, 0]


def test_pixels_count_before_bytes_and_bytes_where_pixels_are_unknown() -> None:
    columns = take(make_columns(3), np.array([0, 1, 2, 0]))
    unknown = replace(columns, pixels=np.full(4, "", object))
    assert independent_groups(unknown).tolist() == [0, 1, 2, 0]
    neither = replace(unknown, content=np.full(4, "", object), time=columns.time + 60.0 * np.arange(4))
    assert independent_groups(neither).tolist() == [0, 1, 2, 3]


def test_a_film_is_one_group_and_slow_pictures_of_the_same_thing_are_not() -> None:
    assert set(independent_groups(film(20, seconds=5, noise=0.01), spread=CLOSE)) == {0}
    assert len(set(independent_groups(film(20, seconds=11, noise=0.01), spread=CLOSE))) == 20


def test_a_burst_of_similar_pictures_is_one_group_if_they_come_within_seconds() -> None:
    assert set(independent_groups(film(10, seconds=1, noise=0.2), spread=0.6)) == {0}
    assert len(set(independent_groups(film(10, seconds=5, noise=0.2), spread=0.6))) == 10


def test_like_pictures_of_other_clients_are_independent() -> None:
    columns = film(10, seconds=1, noise=0.01)
    others = replace(columns, client=np.array([f"client {each}" for each in range(10)], object))
    assert len(set(independent_groups(others, spread=CLOSE))) == 10


def test_without_embeddings_equal_figures_are_near_copies() -> None:
    columns = replace(film(6, seconds=1, noise=0), embedding=None)
    same = replace(columns, brightness=np.full(6, 0.5), sharpness=np.full(6, 0.5))
    assert set(independent_groups(same, spread=CLOSE)) == {0}
    assert len(set(independent_groups(replace(same, brightness=0.1 + 0.15 * np.arange(6)), spread=0.1))) > 4


def test_groups_go_on_over_batches_and_over_a_restart() -> None:
    columns = take(make_columns(40), np.tile(np.arange(40), 2))
    whole, first, second = (DependentExchanges(CLOSE) for _ in range(3))
    expected = whole.find(columns)
    start = first.find(take(columns, slice(0, 30)))
    second.restore(json.loads(json.dumps(first.to_json())))
    assert [*start, *second.find(take(columns, slice(30, 80)))] == expected.tolist()
    assert second.count == whole.count == 40


def test_what_is_remembered_is_limited() -> None:
    found = DependentExchanges(CLOSE)
    columns = make_columns(6000)
    found.find(replace(columns, client=columns.id))
    assert len(json.dumps(found.to_json())) < 500_000
