"""The state of looks comes back as it was, and without what was erased."""

from contextlib import closing
from pathlib import Path

import pytest

from discern.bundle import Model
from discern.errors import StoreError
from discern.watching.audits.audit_sample import AuditConfig
from discern.watching.looking.kept_look import pack_look, unpack_look
from discern.watching.looking.running_look import RunningLook
from discern.watching.stores.exchange_store import ExchangeColumns
from discern.watching.stores.open_exchanges import open_store
from tests.unit.watching.looking.factories import make_model, make_reference, traffic

ALL = AuditConfig(share=1.0, even=1.0)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Model:
    return make_model(tmp_path_factory.mktemp("model"), reference=make_reference())


@pytest.fixture
def columns(model: Model, tmp_path: Path) -> ExchangeColumns:
    with closing(open_store(tmp_path / "store", create=True)) as store:
        store.add([*traffic(model, 50), *traffic(model, 50, first=50, brightness=-3)])
        return store.columns(embeddings=True)


def test_a_state_comes_back_as_it_was(model: Model, columns: ExchangeColumns) -> None:
    running = RunningLook(model, ALL)
    running.take(columns)
    state = running.to_bytes()
    back = RunningLook.from_bytes(state, model, AuditConfig())
    assert back.to_bytes() != state  # the size of the sample is that for exchanges to come
    assert RunningLook.from_bytes(state, model, ALL).to_bytes() == state
    assert (back.row, back.exchanges, back.first, back.last) == (100, 100, columns.time[0], columns.time[-1])
    assert back.classes.total() == 100
    assert back.drift is not None
    assert running.drift is not None
    assert back.drift.alarms() == running.drift.alarms() != ()


def test_erased_exchanges_are_named_no_more(model: Model, columns: ExchangeColumns) -> None:
    running = RunningLook(model, ALL)
    running.take(columns)
    assert running.drift is not None
    gone = set(running.drift.alarms()[0].examples[:2]) | set(running.audit.queue(1))
    running.forget(gone)
    assert not any(each.encode() in running.to_bytes() for each in gone)
    assert running.drift.alarms()
    assert running.exchanges == 100
    assert running.audit.waiting == 100 - len(gone)


def test_a_state_for_another_model_is_refused(model: Model, columns: ExchangeColumns, tmp_path: Path) -> None:
    running = RunningLook(model, ALL)
    running.take(columns)
    for other in (make_model(tmp_path), make_model(tmp_path, reference=make_reference(seed=3), name="other")):
        with pytest.raises(StoreError):
            RunningLook.from_bytes(running.to_bytes(), other, ALL)


@pytest.mark.parametrize("missing", ["row", "classes", "audit", "drift"])
def test_an_incomplete_state_is_refused(model: Model, columns: ExchangeColumns, missing: str) -> None:
    running = RunningLook(model, ALL)
    running.take(columns)
    header, parts = unpack_look(running.to_bytes())
    header.pop(missing, None)
    parts.pop(missing, None)
    with pytest.raises(StoreError):
        RunningLook.from_bytes(pack_look(header, parts), model, ALL)
