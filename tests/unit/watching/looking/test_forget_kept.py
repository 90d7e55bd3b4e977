"""An erased exchange leaves the store and all that looks keep of it."""

import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from discern.bundle import Model
from discern.errors import StoreError
from discern.watching.audits.audit_sample import AuditConfig
from discern.watching.looking.forget_kept import forget_exchanges
from discern.watching.looking.take_look import look, state_name
from discern.watching.stores.exchange_database import ExchangeDatabase
from discern.watching.stores.open_exchanges import open_store
from tests.unit.watching.looking.factories import make_model, make_reference, traffic

ALL = AuditConfig(share=1.0, even=1.0)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Model:
    return make_model(tmp_path_factory.mktemp("model"), reference=make_reference())


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ExchangeDatabase]:
    with closing(open_store(tmp_path / "store", create=True)) as opened:
        yield opened


def test_no_kept_state_names_an_erased_exchange(model: Model, store: ExchangeDatabase) -> None:
    exchanges = traffic(model, 100, brightness=-3)
    own = replace(exchanges[90], client="erased client", pixels="ab" * 32)
    store.add([*exchanges[:90], own, *exchanges[91:]])
    before = look(store, model, audit=ALL)
    assert before.alarms
    assert own.id in before.to_audit
    name = state_name(model.fingerprint)
    kept = store.read_state(name)
    assert kept is not None
    assert own.id.encode() in kept
    assert b"erased client" in kept
    assert (b"ab" * 8) in kept
    removed = forget_exchanges(store, own.id)
    assert removed.exchanges == 1
    after = store.read_state(name)
    assert after is not None
    for trace in (own.id.encode(), b"erased client", b"ab" * 8):
        assert trace not in after
    seen = look(store, model, audit=ALL)
    assert [alarm.kind for alarm in seen.alarms] == [alarm.kind for alarm in before.alarms]
    assert seen.waiting == before.waiting - 1
    assert seen.notes == before.notes


def test_the_state_that_the_monitor_shows_names_it_no_more(model: Model, store: ExchangeDatabase) -> None:
    store.add(traffic(model, 3))
    one, two = f"{1:032x}", f"{2:032x}"
    alarm = {
        "kind": "size",
        "examples": [one, two],
        "evidence": {"nearest": [{"id": one}, {"id": two}], "against": 30.0},
    }
    shown = {"look": {"alarms": [alarm], "to_audit": [two, one]}, "error": ""}
    name = f"monitor:{model.fingerprint}"
    store.write_state(name, json.dumps(shown).encode(), previous=None)
    forget_exchanges(store, one)
    kept = json.loads(store.read_state(name) or b"")
    expected = {"kind": "size", "examples": [two], "evidence": {"nearest": [{"id": two}], "against": 30.0}}
    assert kept == {"look": {"alarms": [expected], "to_audit": [two]}, "error": ""}


def test_all_exchanges_of_a_picture_are_erased_by_its_digest(model: Model, store: ExchangeDatabase) -> None:
    exchanges = [replace(each, content="cd" * 32) for each in traffic(model, 3)]
    store.add([*exchanges, *traffic(model, 20, first=3)])
    look(store, model, audit=ALL)
    assert forget_exchanges(store, "cd" * 32).exchanges == 3
    assert look(store, model, audit=ALL).waiting == 20


def test_a_state_that_cannot_be_read_is_emptied(model: Model, store: ExchangeDatabase) -> None:
    store.add(traffic(model, 3))
    store.write_state(state_name(model.fingerprint), b"something else", previous=None)
    forget_exchanges(store, f"{1:032x}")
    assert store.read_state(state_name(model.fingerprint)) == b""


def test_an_unknown_exchange_changes_nothing(model: Model, store: ExchangeDatabase) -> None:
    store.add(traffic(model, 30))
    before = look(store, model)
    assert forget_exchanges(store, "12" * 16).exchanges == 0
    assert look(store, model) == before


def test_a_state_that_always_changes_is_reported(model: Model, store: ExchangeDatabase) -> None:
    store.add(traffic(model, 30))
    look(store, model)

    class Busy:
        """Store in which no state can be replaced."""

        def __getattr__(self, name: str) -> Any:
            return getattr(store, name)

        def write_state(self, name: str, state: bytes, *, previous: bytes | None) -> bool:
            return False

    with pytest.raises(StoreError, match="could not be changed"):
        forget_exchanges(Busy(), f"{1:032x}")  # type: ignore[arg-type]
