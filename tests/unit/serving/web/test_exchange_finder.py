"""An exchange is found in the spool of any process, or in the store."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from discern.errors import StoreError
from discern.inference.exchange_record import encode_exchange, encode_feedback
from discern.serving.web.exchange_finder import ExchangeFinder
from discern.watching.captures.capture_config import CaptureConfig
from discern.watching.captures.spool import Spool
from discern.watching.stores.open_exchanges import open_store
from tests.unit.inference.factories import make_exchange, make_feedback

OTHER = "cd" * 16


@pytest.fixture
def config(tmp_path: Path) -> CaptureConfig:
    return CaptureConfig(store=str(tmp_path / "kept"))


@pytest.fixture
def spool(config: CaptureConfig) -> Callable[[], Spool]:
    """Function that opens the spool as another process does."""
    return lambda: Spool(config.spool_folder)


def test_an_exchange_of_another_process_is_found_while_it_waits(
    config: CaptureConfig, spool: Callable[[], Spool]
) -> None:
    exchange = make_exchange()
    for each in (make_exchange(id=OTHER), exchange):
        writer = spool()
        writer.append([encode_exchange(each, seal=writer.seal)])
    found = ExchangeFinder(config)(exchange.id)
    assert found is not None
    assert (found.id, found.prediction) == (exchange.id, exchange.prediction)


def test_feedback_about_an_exchange_is_not_the_exchange(config: CaptureConfig, spool: Callable[[], Spool]) -> None:
    writer = spool()
    feedback = replace(make_feedback(), exchange=OTHER)
    writer.append([encode_feedback(feedback, seal=writer.seal)])
    open_store(config.store, create=True).close()
    assert ExchangeFinder(config)(OTHER) is None


def test_a_stored_exchange_is_found(config: CaptureConfig) -> None:
    exchange = make_exchange()
    store = open_store(config.store, create=True)
    store.add([exchange])
    find = ExchangeFinder(config)
    found = find(exchange.id)
    assert found is not None
    assert found.id == exchange.id
    assert find(OTHER) is None
    store.close()


def test_a_store_that_cannot_be_read_is_an_error_until_it_can(config: CaptureConfig) -> None:
    find = ExchangeFinder(config)
    with pytest.raises(StoreError):
        find(OTHER)
    open_store(config.store, create=True).close()
    assert find(OTHER) is None
