"""Looks that are published in a store, and the lease by which one process takes them."""

import json
from contextlib import closing
from pathlib import Path

from discern.watching.looking.forget_kept import forget_exchanges
from discern.watching.looking.published_looks import (
    PublishedLook,
    look_json,
    publish,
    read_published,
    release_lease,
    take_lease,
)
from discern.watching.stores.open_exchanges import open_store
from tests.unit.serving.web.captured import exchange_id, make_exchanges, make_look
from tests.unit.watching.state_store import StateStore

BUNDLE = "ab" * 32


def test_a_look_is_read_as_it_was_published() -> None:
    store = StateStore()
    kept = read_published(store, BUNDLE).after(make_look(BUNDLE), taken=100.0, seconds=2.5)
    assert publish(store, BUNDLE, kept)
    assert read_published(store, BUNDLE) == kept
    assert read_published(store, "cd" * 32).look is None


def test_numbers_that_json_lacks_are_null_or_limited() -> None:
    signals = {each["name"]: each for each in look_json(make_look(BUNDLE))["signals"]}
    assert signals["sharpness"] == {"name": "sharpness", "against": 1e15, "median": None, "reference": 0.4}
    json.dumps(signals, allow_nan=False)


def test_a_failed_look_keeps_the_one_before() -> None:
    before = PublishedLook().after(make_look(BUNDLE), taken=100.0, seconds=1.0)
    failed = before.failed("The database is down.", taken=160.0)
    assert (failed.look, failed.succeeded, failed.taken) == (before.look, 100.0, 160.0)
    assert failed.after(make_look(BUNDLE), taken=220.0, seconds=1.0).error == ""


def test_the_history_is_thinned_and_keeps_its_newest_half() -> None:
    kept = PublishedLook()
    for time in range(2_000):
        kept = kept.after(make_look(BUNDLE), taken=float(time), seconds=0.0)
    times = [each["time"] for each in kept.history]
    assert len(times) <= 600
    assert times == sorted(times)
    assert times[-200:] == [float(time) for time in range(1_800, 2_000)]
    assert times[0] == 0.0
    assert kept.history[-1]["against"]["brightness"] == 812.0


def test_the_queue_is_shortened_and_still_counted() -> None:
    look = make_look(BUNDLE, to_audit=tuple(map(str, range(1_000))), waiting=40_000)
    found = look_json(look)
    assert (len(found["to_audit"]), found["waiting"]) == (500, 40_000)


def test_an_erased_exchange_is_mentioned_nowhere(tmp_path: Path) -> None:
    with closing(open_store(tmp_path / "captures", create=True)) as store:
        store.add(make_exchanges(20, bundle=BUNDLE))
        look = make_look(BUNDLE, examples=[exchange_id(number) for number in range(20)])
        publish(store, BUNDLE, PublishedLook().after(look, taken=1.0, seconds=0.0))
        forget_exchanges(store, exchange_id(2))
        kept = read_published(store, BUNDLE)
    assert exchange_id(2).encode() not in kept.to_bytes()
    assert kept.look is not None
    assert kept.look["to_audit"] == [exchange_id(number) for number in range(20) if number != 2]


def test_a_damaged_look_counts_as_none() -> None:
    for damaged in (b"", b"{", b"[]", b'{"other": 1}', b"null"):
        assert PublishedLook.from_bytes(damaged).look is None


def test_one_process_has_the_lease_until_it_ends() -> None:
    store = StateStore()
    assert take_lease(store, "a", now=0.0, seconds=10.0)
    assert not take_lease(store, "b", now=9.0, seconds=10.0)
    assert take_lease(store, "a", now=9.0, seconds=10.0)
    assert not take_lease(store, "b", now=18.0, seconds=10.0)
    assert take_lease(store, "b", now=19.0, seconds=10.0)


def test_of_two_processes_that_take_the_lease_at_once_one_gets_it() -> None:
    store = StateStore()
    won = []

    def rival() -> None:
        store.before_write = lambda: None
        won.append(take_lease(store, "b", now=0.0, seconds=10.0))

    store.before_write = rival
    assert not take_lease(store, "a", now=0.0, seconds=10.0)
    assert won == [True]


def test_a_released_lease_is_free_at_once_and_no_other_is_released() -> None:
    store = StateStore()
    take_lease(store, "a", now=0.0, seconds=10.0)
    release_lease(store, "b")
    assert not take_lease(store, "b", now=1.0, seconds=10.0)
    release_lease(store, "a")
    assert take_lease(store, "b", now=1.0, seconds=10.0)


def test_a_damaged_lease_is_free() -> None:
    store = StateStore()
    store.states["monitor-lease"] = b"nonsense"
    assert take_lease(store, "a", now=0.0, seconds=10.0)
