"""Pictures that look alike and like no class are named as a new class, and others are not."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from discern.watching.new_classes.new_class_search import NEWEST, cluster_new, find_new_classes
from discern.watching.stores.exchange_store import ExchangeColumns
from tests.unit.watching.audited_columns import make_columns
from tests.unit.watching.new_classes.made_up_classes import (
    LABELS,
    alike,
    centre,
    high_scores,
    known,
    make_reference,
    scattered,
)

REFERENCE = make_reference()


def make_traffic(*parts: np.ndarray, count: int = 100, **changed: Any) -> ExchangeColumns:
    """Make exchanges of known pictures, followed by others that are accepted as if they were ripe."""
    embedding, label = known(count)
    embedding = np.concatenate([embedding, *parts]).astype(np.float32)
    label = np.append(label, np.zeros(len(embedding) - count, int))
    values = {
        "embedding": embedding,
        "label": np.array(LABELS, object)[label],
        "unknown_score": high_scores(len(embedding), 0.05),
        "client": np.array([f"client {each}" for each in range(len(embedding))], object),
    }
    return make_columns(len(embedding), **values | changed)


def search(columns: ExchangeColumns) -> list[set[int]]:
    return [set(places(each.ids)) for each in cluster_new(columns, REFERENCE, LABELS)]


def places(ids: Sequence[str]) -> list[int]:
    return [int(each, 16) - 1 for each in ids]


def test_a_class_is_found_though_the_model_accepts_its_pictures() -> None:
    (cluster,) = cluster_new(make_traffic(scattered(10), alike(25, 3)), REFERENCE, LABELS)
    found = set(places(cluster.ids))
    assert len(found & set(range(110, 135))) >= 20
    assert found <= set(range(110, 135))
    assert cluster.message == f"{len(found)} pictures look alike and like none of your classes: a new class?"
    assert cluster.to_json()["size"] == len(found)


def test_each_new_class_has_its_own_cluster_and_the_largest_is_first() -> None:
    first, second = search(make_traffic(alike(24, 4), alike(32, 3), count=200))
    assert first <= set(range(224, 256))
    assert second <= set(range(200, 224))
    assert len(first) > len(second)


def test_traffic_like_the_reference_has_no_new_class() -> None:
    for seed in range(5):
        assert search(make_traffic(alike(20, seed % 2, seed=30 + seed), count=200)) == []


def test_scattered_pictures_are_no_class() -> None:
    unknown = np.repeat(np.array(["accept", "unknown"], object), [100, 60])
    assert search(make_traffic(scattered(60), decision=unknown)) == []


def test_traffic_of_unknown_pictures_alone_is_searched() -> None:
    traffic = make_traffic(alike(20, 3), count=0, decision=np.full(20, "unknown", object), unknown_score=np.ones(20))
    assert search(traffic) == [set(range(20))]


def test_the_most_typical_pictures_come_first() -> None:
    embedding = alike(25, 3)
    embedding[4] = centre(3)
    (cluster,) = cluster_new(make_traffic(embedding), REFERENCE, LABELS)
    assert places(cluster.ids)[0] == 104


def test_identical_pictures_and_near_copies_count_once() -> None:
    traffic = make_traffic(alike(25, 3))
    pixels = np.append(traffic.pixels[:100], ["one", "two"] * 12 + ["one"])
    assert search(replace(traffic, pixels=pixels)) == []
    film = alike(1, 3) + 1e-3 * np.random.default_rng(0).normal(size=(40, 48))
    assert search(make_traffic(film)) == []
    (found,) = search(make_traffic(film, alike(25, 3)[1:]))
    assert len(found & set(range(100, 140))) <= 1


def test_a_burst_of_one_client_is_one_picture() -> None:
    traffic = make_traffic(alike(25, 3))
    burst = replace(
        traffic,
        time=np.full(len(traffic), 1.7e9),
        client=np.append(traffic.client[:100], np.full(25, "camera")),
        embedding=make_traffic(centre(3) + 0.4 * (alike(25, 3) - centre(3))).embedding,
    )
    assert search(replace(burst, client=traffic.client)) != []
    assert search(burst) == []


def test_pictures_without_usable_embeddings_are_left_out() -> None:
    traffic = make_traffic(alike(25, 3))
    assert search(replace(traffic, embedding=None)) == []
    assert search(make_traffic(count=0)) == []
    embedding = make_traffic(alike(25, 3)).embedding
    assert embedding is not None
    embedding[100:103], embedding[103] = np.nan, 0
    (found,) = search(replace(traffic, embedding=embedding))
    assert found <= set(range(104, 125))


@pytest.mark.parametrize("scale", [1e-6, 1e6])
def test_the_length_of_embeddings_does_not_matter(scale: float) -> None:
    traffic = make_traffic(alike(25, 3))
    assert traffic.embedding is not None
    assert len(search(replace(traffic, embedding=scale * traffic.embedding))) == 1


class KeptColumns:
    """Store of exchanges, as far as the search for new classes uses it."""

    def __init__(self, columns: ExchangeColumns) -> None:
        self._columns = columns

    def columns(
        self, *, bundle: str, since: float | None, limit: int, newest: bool, embeddings: bool
    ) -> ExchangeColumns:
        assert (bundle, limit, newest, embeddings) == ("b", NEWEST, True, True)
        rows = np.flatnonzero(self._columns.time >= (since or 0))[-limit:]
        return ExchangeColumns(**{k: None if v is None else v[rows] for k, v in vars(self._columns).items()})


def test_the_newest_pictures_of_a_store_are_searched() -> None:
    store: Any = KeptColumns(make_traffic(alike(25, 3)))
    (found,) = find_new_classes(store, bundle="b", reference=REFERENCE, labels=LABELS)
    assert set(places(found.ids)) <= set(range(100, 125))
    assert find_new_classes(store, bundle="b", reference=REFERENCE, labels=LABELS, since=1.7e9 + 122) == ()


def test_a_reference_without_a_spread_gives_no_clusters() -> None:
    store: Any = KeptColumns(make_traffic(alike(25, 3)))
    unmeasured = replace(REFERENCE, spread=float("nan"))
    assert find_new_classes(store, bundle="b", reference=unmeasured, labels=LABELS) == ()
