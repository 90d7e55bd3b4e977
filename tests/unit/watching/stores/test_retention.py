"""Limits of age and size, where the contract says too little: in one transaction not more than needed."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from discern.watching.stores import retention
from discern.watching.stores.database_engine import DatabaseEngine
from discern.watching.stores.exchange_database import ExchangeDatabase
from discern.watching.stores.exchange_store import Removed
from discern.watching.stores.open_exchanges import open_store
from discern.watching.stores.picture_files import PictureFiles
from discern.watching.stores.retention import erase_older, erase_oldest_pictures
from discern.watching.stores.sample_exchanges import START, make_exchange, with_picture
from discern.watching.stores.store_address import parse_address


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ExchangeDatabase]:
    store = open_store(tmp_path, create=True)
    yield store
    store.close()


@pytest.fixture
def engine(store: ExchangeDatabase, tmp_path: Path) -> Iterator[DatabaseEngine]:
    engine = DatabaseEngine(parse_address(tmp_path))
    yield engine
    engine.close()


def test_exchanges_between_the_same_numbers_stay_if_they_are_younger(
    store: ExchangeDatabase, engine: DatabaseEngine
) -> None:
    count = 2 * retention.CHUNK + 10
    store.add([make_exchange(number, time=START + 7200 * (number % 3 == 0)) for number in range(count)])
    removed = erase_older(engine, None, START + 7200)
    kept = store.columns()
    assert removed == Removed(exchanges=count - len(kept))
    assert len(kept) == len(range(0, count, 3))
    assert set(kept.time) == {START + 7200}


def test_an_empty_store_has_nothing_to_erase(store: ExchangeDatabase, engine: DatabaseEngine) -> None:
    assert erase_older(engine, None, START) == Removed()
    assert erase_oldest_pictures(engine, None, 0) == Removed()


def test_many_pictures_are_erased_with_their_files(
    store: ExchangeDatabase, engine: DatabaseEngine, tmp_path: Path
) -> None:
    count = retention.CHUNK + 20
    store.add([with_picture(number, b"%06d" % number) for number in range(count)])
    removed = erase_oldest_pictures(engine, PictureFiles(tmp_path / "pictures"), 12)
    assert removed == Removed(pictures=count - 2, bytes=6 * (count - 2))
    left = [path.read_bytes() for path in (tmp_path / "pictures").rglob("*.jpg")]
    assert sorted(left) == [b"%06d" % number for number in (count - 2, count - 1)]
