"""Figures of the monitor: those of the asked model alone, and small however much was captured."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from discern.bundle import Model
from discern.inference.exchange import Feedback
from discern.serving.web.monitor_data import MAX_POINTS, audit_json, exchange_json, monitor_json, published_json
from discern.watching.looking.published_looks import PublishedLook, publish
from discern.watching.stores.exchange_database import ExchangeDatabase
from discern.watching.stores.open_exchanges import open_store
from tests.unit.serving.web.captured import START, exchange_id, make_exchange, make_exchanges, make_look

OPTIONS = {"name": "colours", "models": ["colours"]}
OTHER = "cd" * 32


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ExchangeDatabase]:
    made = open_store(tmp_path / "captures", create=True)
    yield made
    made.close()


def test_only_the_newest_exchanges_are_listed_and_all_are_counted(store: ExchangeDatabase, model: Model) -> None:
    count = MAX_POINTS + 10
    store.add([make_exchange(number, bundle=model.fingerprint, picture=None) for number in range(count)])
    store.add([make_exchange(count, bundle=OTHER)], lost=3)
    figures = monitor_json(store, model, after=0, now=START, **OPTIONS)
    assert figures["exchanges"] == count
    assert figures["lost"] == 3
    assert figures["points"]["id"][0] == exchange_id(10)
    assert len(figures["points"]["id"]) == MAX_POINTS
    assert len(json.dumps(figures)) < 400_000
    assert sum(hour["accept"] + hour["review"] + hour["unknown"] for hour in figures["traffic"]) == count


def test_classes_are_counted_without_the_unknown(store: ExchangeDatabase, model: Model) -> None:
    exchanges = make_exchanges(50, bundle=model.fingerprint, seconds=1.0)
    store.add(exchanges)
    figures = monitor_json(store, model, after=0, now=START, **OPTIONS)
    known = [each for each in exchanges if each.prediction["decision"] != "unknown"]
    assert 0 < len(known) < 50
    assert sum(figures["classes"].values()) == len(known)


def test_an_empty_store_has_figures(store: ExchangeDatabase, model: Model) -> None:
    figures = monitor_json(store, model, after=0, now=START, **OPTIONS)
    assert (figures["exchanges"], figures["traffic"], figures["points"]["id"], figures["look"]) == (0, [], [], None)


def test_the_queue_leaves_out_what_was_labelled_since_the_look(store: ExchangeDatabase, model: Model) -> None:
    store.add(make_exchanges(10, bundle=model.fingerprint))
    look = make_look(model.fingerprint, examples=[exchange_id(number) for number in (4, 2, 7, 99)])
    publish(store, model.fingerprint, PublishedLook().after(look, taken=1.0, seconds=0.0))
    store.add([], [Feedback(exchange=exchange_id(2), label="red", time=1.0, source="audit")])
    found = audit_json(store, model, limit=10, skipped=frozenset(), **OPTIONS)
    assert [each["id"] for each in found["items"]] == [exchange_id(4), exchange_id(7)]
    assert found["waiting"] == 2


def test_an_exchange_that_is_not_stored_has_no_description(store: ExchangeDatabase) -> None:
    assert exchange_json(store, exchange_id(1)) is None


def test_a_long_history_is_sampled_and_keeps_its_newest_look() -> None:
    kept = PublishedLook()
    for time in range(500):
        kept = kept.after(make_look(OTHER), taken=float(time + 1), seconds=0.0)
    found = published_json(kept)
    assert found is not None
    times = [each["time"] for each in found["history"]]
    assert len(times) == 100
    assert times[-1] == 500.0
    assert times[0] < 10
    assert published_json(PublishedLook()) is None
