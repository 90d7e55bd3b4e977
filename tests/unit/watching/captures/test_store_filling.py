"""Filling of the store: it is opened once, and again after an error, and its limits are applied."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from discern.errors import StoreError
from discern.inference.exchange_record import encode_exchange
from discern.watching.captures.capture_config import CaptureConfig
from discern.watching.captures.spool import Spool
from discern.watching.captures.spool_mover import Moved
from discern.watching.captures.spool_segment import list_segments
from discern.watching.captures.store_filling import close_stores, fill_store
from discern.watching.stores.open_exchanges import open_store
from tests.unit.inference.factories import make_exchange


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    yield
    close_stores()


def spool_exchanges(config: CaptureConfig, *numbers: int) -> None:
    spool = Spool(config.spool_folder)
    assert spool.append([encode_exchange(make_exchange(each), seal=spool.seal) for each in numbers])
    spool.close()


def ids(config: CaptureConfig) -> list[int]:
    store = open_store(config.store)
    found = [int(each, 16) for each in store.columns().id]
    store.close()
    return found


def test_what_waits_is_stored_call_by_call(tmp_path: Path) -> None:
    config = CaptureConfig(store=str(tmp_path / "captured"))
    spool_exchanges(config, 1, 2)
    assert fill_store(config, False) == Moved(segments=1, exchanges=2)
    spool_exchanges(config, 3)
    assert fill_store(config, True) == Moved(segments=1, exchanges=1)
    assert fill_store(config, False) == Moved()
    assert ids(config) == [1, 2, 3]


def test_a_store_that_cannot_be_opened_is_an_error_until_it_can(tmp_path: Path) -> None:
    config = CaptureConfig(store=str(tmp_path / "captured"), spool=tmp_path / "spool")
    spool_exchanges(config, 1)
    (tmp_path / "captured").write_text("in the way")
    with pytest.raises(StoreError):
        fill_store(config, False)
    assert len(list_segments(tmp_path / "spool")) == 1
    (tmp_path / "captured").unlink()
    assert fill_store(config, False).exchanges == 1


def test_old_exchanges_are_erased(tmp_path: Path) -> None:
    config = CaptureConfig(store=str(tmp_path / "captured"), max_days=1)
    spool = Spool(config.spool_folder)
    for number, age in enumerate((3 * 86_400, 0)):
        exchange = make_exchange(number, time=time.time() - age)
        assert spool.append([encode_exchange(exchange, seal=spool.seal)])
    spool.close()
    assert fill_store(config, False).exchanges == 2
    assert ids(config) == [1]
