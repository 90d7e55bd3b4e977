"""Statements of erasure, on a database without a store around them."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from discern.watching.stores.database_engine import DatabaseEngine, create_sqlite_file
from discern.watching.stores.database_schema import upgrade
from discern.watching.stores.erasure import erase, erase_waiting, remember, select_by_hash, select_by_id, total, unused
from discern.watching.stores.exchange_adding import insert_exchanges, insert_feedback
from discern.watching.stores.exchange_rows import digest_of
from discern.watching.stores.exchange_store import Removed
from discern.watching.stores.exchange_tables import BUNDLES, DETAILS, EXCHANGES, FORGOTTEN, METADATA, PICTURES
from discern.watching.stores.picture_files import PictureFiles
from discern.watching.stores.picture_place import picture_key
from discern.watching.stores.sample_exchanges import make_exchange, make_feedback, with_picture
from discern.watching.stores.store_address import parse_address


class Unremovable(PictureFiles):
    """Folder of which no file can be removed."""

    def remove(self, names: object) -> None:
        raise PermissionError(13, "Permission denied")


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[DatabaseEngine]:
    address = parse_address(tmp_path)
    create_sqlite_file(address)
    engine = DatabaseEngine(address)
    upgrade(engine)
    exchanges = [with_picture(1, b"same"), with_picture(2, b"same"), with_picture(3, bundle="b" * 64)]
    with engine.writing() as connection:
        insert_exchanges(connection, exchanges)
        insert_feedback(connection, [make_feedback(3), make_feedback(9)], exchanges)
    yield engine
    engine.close()


def test_nothing_of_an_exchange_is_left_in_any_table(engine: DatabaseEngine) -> None:
    with engine.writing() as connection:
        rows = connection.execute(select_by_id(make_exchange(3).id)).all()
        removed = erase(connection, rows, None)
        assert (removed.exchanges, removed.feedback, removed.pictures, removed.bytes) == (1, 1, 1, 9)
        for table in (EXCHANGES, DETAILS):
            assert list(connection.execute(select(table.c.number)).scalars()) == [1, 2]
        assert list(connection.execute(select(BUNDLES.c.bundle)).scalars()) == ["a" * 64]
        assert list(connection.execute(select(PICTURES.c.key)).scalars()) == [picture_key(b"same")]
        for table in METADATA.tables.values():
            found = repr(connection.execute(select(table)).all())
            assert make_exchange(3).id not in found.replace(make_exchange(3).content, ""), table.name


def test_only_pictures_without_an_exchange_are_unused(engine: DatabaseEngine) -> None:
    keys = {picture_key(b"same"), picture_key(b"picture 3"), picture_key(b"never stored")}
    with engine.reading() as connection:
        assert unused(connection, keys) == [picture_key(b"never stored")]


def test_a_picture_that_cannot_be_removed_keeps_its_exchange(engine: DatabaseEngine, tmp_path: Path) -> None:
    with pytest.raises(Exception, match="Permission denied"):
        erase_all(engine, Unremovable(tmp_path))
    with engine.reading() as connection:
        assert len(connection.execute(select(EXCHANGES.c.number)).all()) == 3


def erase_all(engine: DatabaseEngine, pictures: PictureFiles) -> None:
    with engine.writing() as connection:
        erase(connection, connection.execute(select(EXCHANGES)).all(), pictures)


def test_exchanges_are_found_by_either_hash(engine: DatabaseEngine) -> None:
    with engine.reading() as connection:
        for text in (make_exchange(2).content, make_exchange(2).pixels):
            assert [row.number for row in connection.execute(select_by_hash(text))] == [2]
        assert connection.execute(select_by_hash(make_exchange(2).id)).all() == []


def test_waiting_feedback_is_erased(engine: DatabaseEngine) -> None:
    with engine.writing() as connection:
        assert erase_waiting(connection, make_exchange(9).id) == Removed(feedback=1)
        assert erase_waiting(connection, make_exchange(9).id) == Removed()


def test_the_last_time_of_forgetting_is_remembered_by_digest_alone(engine: DatabaseEngine) -> None:
    with engine.writing() as connection:
        remember(connection, ["a", "b", "a"], 1.0)
        remember(connection, ["b"], 2.0)
        found = {bytes(row.digest): row.time for row in connection.execute(select(FORGOTTEN))}
    assert found == {digest_of("a"): 1.0, digest_of("b"): 2.0}


def test_sums_of_what_was_removed() -> None:
    first, second = Removed(exchanges=1, feedback=2, ids=("a",)), Removed(exchanges=3, pictures=4, bytes=5, ids=("b",))
    assert total(first, second) == Removed(exchanges=4, feedback=2, pictures=4, bytes=5, ids=("a", "b"))
    assert total() == Removed()
