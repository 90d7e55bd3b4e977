"""Access to the store: opened once, read in threads, and errors with their remedy."""

import asyncio
import threading
from pathlib import Path

import pytest

from discern.errors import NotFound, Overloaded, StoreError
from discern.serving.web.store_access import StoreAccess, store_opener
from discern.watching.captures.capture_config import CaptureConfig
from discern.watching.stores.exchange_database import ExchangeDatabase
from discern.watching.stores.open_exchanges import open_store


def test_the_store_is_opened_once_and_read_in_a_thread(tmp_path: Path) -> None:
    opened: list[ExchangeDatabase] = []

    def open_it() -> ExchangeDatabase:
        opened.append(open_store(tmp_path / "captures", create=True))
        return opened[-1]

    access = StoreAccess(open_it)
    assert opened == []

    async def read() -> list[int]:
        return await asyncio.gather(*(access.read(lambda _: threading.get_ident()) for _ in range(4)))

    threads = set(asyncio.run(read()))
    access.close()
    assert len(opened) == 1
    assert threading.get_ident() not in threads


def test_a_server_that_captures_nothing_has_no_store() -> None:
    access = StoreAccess(None)
    assert not access.captures
    with pytest.raises(NotFound) as raised:
        access.read_here(lambda store: store.lost())
    assert "--capture" in raised.value.hint
    assert store_opener(None) is None


def test_a_store_that_comes_later_is_found_then(tmp_path: Path) -> None:
    opener = store_opener(CaptureConfig(store=str(tmp_path / "captures")))
    assert opener is not None
    access = StoreAccess(opener)
    with pytest.raises(Overloaded, match="captures"):
        access.read_here(lambda store: store.lost())
    open_store(tmp_path / "captures", create=True).close()
    assert access.read_here(lambda store: store.lost()) == 0
    access.close()


def test_an_error_of_the_store_asks_for_patience(tmp_path: Path) -> None:
    def fail(_: object) -> None:
        raise StoreError("The database is down.", hint="Start it.")

    access = StoreAccess(lambda: open_store(tmp_path / "captures", create=True))
    with pytest.raises(Overloaded) as raised:
        access.read_here(fail)
    assert (raised.value.message, raised.value.hint) == (
        "The captured exchanges cannot be read: The database is down.",
        "Start it.",
    )
    access.close()


def test_closing_what_was_never_opened_is_harmless() -> None:
    StoreAccess(lambda: open_store("nowhere")).close()


def test_a_store_that_hangs_is_not_waited_for(tmp_path: Path) -> None:
    access = StoreAccess(lambda: open_store(tmp_path / "captures", create=True))
    locked = threading.Event()
    with pytest.raises(Overloaded, match="in time"):
        access.read_within(lambda _: locked.wait(60), seconds=0.05)
    locked.set()
    assert access.read_within(lambda store: store.lost(), seconds=30) == 0
    access.close()
