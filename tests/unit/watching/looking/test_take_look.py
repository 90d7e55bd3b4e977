"""A look continues from what was kept, and gives the same as one that reads everything."""

import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from discern.bundle import Model
from discern.inference.exchange import Feedback
from discern.watching.audits.audit_sample import AuditConfig
from discern.watching.looking import take_look
from discern.watching.looking.take_look import look, state_name
from discern.watching.looks.look import Look
from discern.watching.stores.exchange_database import ExchangeDatabase
from discern.watching.stores.open_exchanges import open_store
from tests.unit.watching.looking.factories import START, make_model, make_reference, traffic

ALL = AuditConfig(share=1.0, even=1.0)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Model:
    return make_model(tmp_path_factory.mktemp("model"), reference=make_reference())


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ExchangeDatabase]:
    with closing(open_store(tmp_path / "store", create=True)) as opened:
        yield opened


def labelled(store: ExchangeDatabase, *, wrong: int, of: int, source: str = "audit") -> None:
    """Label the first exchanges, of which each so many are wrong."""
    columns = store.columns(limit=of)
    labels = zip(columns.id, columns.label, strict=True)
    other = {"dark": "red", "red": "dark"}
    feedback = [
        Feedback(exchange=each, label=other[label] if number < wrong else label, time=START + number, source=source)
        for number, (each, label) in enumerate(labels)
    ]
    store.add((), feedback)


def figures(seen: Look) -> dict[str, Any]:
    """The figures of a look without its notes, to ten digits."""
    return json.loads(json.dumps(seen.to_json() | {"notes": []}), parse_float=lambda text: f"{float(text):.9g}")  # type: ignore[no-any-return]


def test_an_empty_store_is_looked_at(model: Model, store: ExchangeDatabase) -> None:
    seen = look(store, model)
    assert (seen.exchanges, seen.first, seen.alarms, seen.accuracy, seen.clusters) == (0, None, (), None, ())
    assert seen.promise is not None
    assert not seen.promise.broken


def test_looks_in_steps_measure_what_one_look_measures(
    model: Model, store: ExchangeDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(take_look, "PAGE", 70)
    exchanges = traffic(model, 300, brightness=-1.5)
    for begin in range(0, 300, 100):
        store.add(exchanges[begin : begin + 100])
        labelled(store, wrong=5, of=begin + 50)
        stepwise = look(store, model, audit=ALL)
    store.write_state(state_name(model.fingerprint), b"", previous=store.read_state(state_name(model.fingerprint)))
    fresh = look(store, model, audit=ALL)
    assert any("read again" in note for note in fresh.notes)
    assert figures(stepwise) == figures(fresh)
    assert stepwise.exchanges == 300
    assert stepwise.accuracy is not None
    assert stepwise.accuracy.audited == 250


def test_a_second_look_reads_nothing_again(model: Model, store: ExchangeDatabase) -> None:
    store.add(traffic(model, 50))
    read: list[int] = []
    first = look(store, model, progress=lambda stage, done, total: read.append(done))
    again = look(store, model, progress=lambda stage, done, total: read.append(done))
    assert read == [50]
    assert again == first


def test_two_processes_that_look_at_once_bet_once(model: Model, store: ExchangeDatabase) -> None:
    store.add(traffic(model, 60))

    class Racing:
        """Store in which another look is taken just before the state of this one is kept."""

        def __init__(self) -> None:
            self.others: list[Look] = []

        def __getattr__(self, name: str) -> Any:
            return getattr(store, name)

        def write_state(self, name: str, state: bytes, *, previous: bytes | None) -> bool:
            if not self.others:
                store.add(traffic(model, 40, first=60))
                self.others.append(look(store, model))
            return store.write_state(name, state, previous=previous)

    racing = Racing()
    mine = look(racing, model)  # type: ignore[arg-type]
    assert racing.others[0].exchanges == mine.exchanges == 100
    assert mine == look(store, model)


def test_a_store_that_always_changes_is_looked_at_without_keeping(model: Model, store: ExchangeDatabase) -> None:
    store.add(traffic(model, 10))

    class Busy:
        """Store in which no state can be kept, as others keep theirs first."""

        def __getattr__(self, name: str) -> Any:
            return getattr(store, name)

        def write_state(self, name: str, state: bytes, *, previous: bytes | None) -> bool:
            return False

    seen = look(Busy(), model)  # type: ignore[arg-type]
    assert seen.exchanges == 10
    assert any("not kept" in note for note in seen.notes)


@pytest.mark.parametrize("state", [b"", b"discern-look", b"\xff" * 500])
def test_a_damaged_state_begins_again_and_says_so(model: Model, store: ExchangeDatabase, state: bytes) -> None:
    store.add(traffic(model, 30))
    store.write_state(state_name(model.fingerprint), state, previous=None)
    seen = look(store, model)
    assert seen.exchanges == 30
    assert any("damaged" in note for note in seen.notes)
    assert look(store, model).notes == tuple(note for note in seen.notes if "damaged" not in note)


def test_another_bundle_begins_again_and_leaves_the_first_one_alone(
    model: Model, store: ExchangeDatabase, tmp_path: Path
) -> None:
    newer = make_model(tmp_path, reference=make_reference(seed=2), version="2")
    store.add(
        [*traffic(model, 30), *(replace(each, bundle=newer.fingerprint) for each in traffic(model, 20, first=30))]
    )
    assert look(store, model).exchanges == 30
    seen = look(store, newer)
    assert seen.exchanges == 20
    assert "30 exchanges of other models in the store are left out." in seen.notes


def test_a_look_since_a_time_reads_that_alone_and_keeps_nothing(model: Model, store: ExchangeDatabase) -> None:
    store.add(traffic(model, 100))
    seen = look(store, model, since=START + 60 * 70)
    assert seen.exchanges == 30
    assert store.read_state(state_name(model.fingerprint)) is None
    assert any("alone" in note for note in seen.notes)


def test_labels_count_once_no_drawn_exchange_before_them_is_skipped(model: Model, store: ExchangeDatabase) -> None:
    store.add(traffic(model, 60))
    columns = store.columns()
    store.add(
        (), [Feedback(exchange=each, label="?", is_new=True, time=START, source="page") for each in columns.id[30:]]
    )
    seen = look(store, model, audit=ALL)
    assert (seen.accuracy, seen.waiting) == (None, 30)
    labelled(store, wrong=6, of=60)
    seen = look(store, model, audit=ALL)
    assert seen.accuracy is not None
    assert seen.accuracy.low <= 0.9 <= seen.accuracy.high
    assert seen.waiting == 0


def test_feedback_that_comes_before_its_exchange_counts(model: Model, store: ExchangeDatabase) -> None:
    exchanges = traffic(model, 30)
    feedback = [
        Feedback(exchange=each.id, label=each.prediction["label"], time=START, source="api") for each in exchanges
    ]
    store.add(exchanges[:10], feedback)
    assert look(store, model, audit=ALL).waiting == 0
    store.add(exchanges[10:])
    seen = look(store, model, audit=ALL)
    assert seen.waiting == 0
    assert seen.accuracy is not None
    assert seen.accuracy.audited == 30


def test_a_broken_promise_is_an_alarm(model: Model, store: ExchangeDatabase) -> None:
    store.add(traffic(model, 400, confidence=3.0, unknown=-1.0))
    labelled(store, wrong=120, of=400)
    seen = look(store, model, audit=ALL)
    assert seen.promise is not None
    assert seen.promise.broken
    promise = next(alarm for alarm in seen.alarms if alarm.kind == "promise")
    assert promise.evidence["against"] >= promise.evidence["threshold"]
    assert promise.examples


def test_an_erased_exchange_leaves_the_queue_and_the_examples(model: Model, store: ExchangeDatabase) -> None:
    store.add(traffic(model, 60, confidence=3.0))
    before = look(store, model, audit=ALL)
    gone = before.to_audit[:3]
    for each in gone:
        store.forget(each)
    seen = look(store, model, audit=ALL)
    assert seen.waiting == 57
    assert not set(gone) & set(seen.to_audit)
    assert not set(gone) & {each for alarm in seen.alarms for each in alarm.examples}


def test_a_bundle_without_a_reference_is_watched_without_drift(tmp_path: Path, store: ExchangeDatabase) -> None:
    old = make_model(tmp_path)
    store.add(traffic(old, 20))
    seen = look(store, old)
    assert (seen.exchanges, seen.signals, seen.estimated) == (20, (), None)
    assert any("no held-out reference" in note for note in seen.notes)


def test_quiet_traffic_raises_no_alarm(model: Model, store: ExchangeDatabase) -> None:
    for begin in range(0, 1200, 100):
        store.add(traffic(model, 100, first=begin))
        assert look(store, model).alarms == ()
    seen = look(store, model)
    assert len(seen.signals) == 6
    assert all(signal["against"] < 20 for signal in seen.signals)


@pytest.mark.parametrize(
    ("kind", "changes"),
    [
        ("brightness", {"brightness": -2.0}),
        ("sharpness", {"sharpness": -2.0}),
        ("size", {"size": 2.0}),
        ("confidence", {"confidence": -2.0}),
        ("pictures", {"unlike": True}),
    ],
)
def test_a_change_is_named_with_examples_from_after_it(
    model: Model, store: ExchangeDatabase, kind: str, changes: dict[str, Any]
) -> None:
    store.add([*traffic(model, 150), *traffic(model, 150, first=150, **changes)])
    seen = look(store, model)
    alarm = next(alarm for alarm in seen.alarms if alarm.kind == kind)
    after = [int(each, 16) > 145 for each in alarm.examples]
    assert sum(after) >= 0.8 * len(after)
    assert alarm.evidence["against"] >= 20


def test_a_stream_without_end_has_a_state_of_its_own(model: Model, store: ExchangeDatabase) -> None:
    store.add([*traffic(model, 100), *traffic(model, 60, first=100, brightness=-2)])
    plain = look(store, model)
    endless = look(store, model, average_run=1000)
    assert {alarm.kind for alarm in endless.alarms} == {"brightness"}
    assert endless.alarms[0].evidence["threshold"] == 1000
    assert look(store, model) == plain
    assert look(store, model, average_run=1000) == endless


def test_unknown_pictures_that_look_alike_are_a_cluster(model: Model, store: ExchangeDatabase) -> None:
    store.add([*traffic(model, 100), *traffic(model, 40, first=100, unlike=True, unknown=5.0)])
    (cluster,) = look(store, model).clusters
    assert len(cluster.ids) >= 20
    assert min(int(each, 16) for each in cluster.ids) > 100
    assert "a new class?" in cluster.message
