"""Transactions: a failed one changes nothing, and of two writers one waits."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from discern.errors import StoreError
from discern.watching.stores.database_engine import DatabaseEngine, create_sqlite_file
from discern.watching.stores.store_address import parse_address
from tests.unit.full_disk import full_disk

if TYPE_CHECKING:
    from tests.postgres_server import PostgresServer


@pytest.fixture(params=["sqlite", "postgres"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[DatabaseEngine]:
    if request.param == "sqlite":
        address = parse_address(tmp_path / "store")
        create_sqlite_file(address)
    else:
        server: PostgresServer = request.getfixturevalue("postgres")
        address = parse_address(server.create(f"engine-{request.node.name}"))
    engine = DatabaseEngine(address)
    with engine.writing() as connection:
        connection.execute(text("CREATE TABLE numbers (n INTEGER)"))
    yield engine
    engine.close()


def numbers(engine: DatabaseEngine) -> list[int]:
    with engine.reading() as connection:
        return list(connection.execute(text("SELECT n FROM numbers ORDER BY n")).scalars())


def insert(engine: DatabaseEngine, *statements: str) -> None:
    with engine.writing() as connection:
        for each in statements:
            connection.execute(text(each))


def test_a_failed_transaction_changes_nothing(engine: DatabaseEngine) -> None:
    with pytest.raises(StoreError, match="cannot be used"):
        insert(engine, "INSERT INTO numbers VALUES (2)", "INSERT INTO numbers VALUES (2, 2, 2)")
    assert numbers(engine) == []
    insert(engine, "INSERT INTO numbers VALUES (2)")
    assert numbers(engine) == [2]


def test_writers_take_turns(engine: DatabaseEngine) -> None:
    def count() -> None:
        for _ in range(10):
            with engine.writing() as connection:
                highest = connection.execute(text("SELECT COALESCE(MAX(n), 0) FROM numbers")).scalar_one()
                connection.execute(text("INSERT INTO numbers VALUES (:n)"), {"n": highest + 1})

    threads = [threading.Thread(target=count) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert numbers(engine) == list(range(1, 41))


def test_a_reader_does_not_wait_for_a_writer(engine: DatabaseEngine) -> None:
    with engine.writing() as connection:
        connection.execute(text("INSERT INTO numbers VALUES (1)"))
        assert numbers(engine) == []
    assert numbers(engine) == [1]


def test_the_log_is_emptied(engine: DatabaseEngine) -> None:
    with engine.writing() as connection:
        connection.execute(text("INSERT INTO numbers VALUES (1)"))
    assert engine.truncate_log()
    if engine.file is not None:
        assert engine.file.with_name(f"{engine.file.name}-wal").stat().st_size == 0
    assert numbers(engine) == [1]


@pytest.mark.skipif(os.name != "posix", reason="file modes need POSIX")
def test_a_new_file_and_its_log_are_private(tmp_path: Path) -> None:
    address = parse_address(tmp_path / "new" / "store")
    create_sqlite_file(address)
    engine = DatabaseEngine(address)
    with engine.writing() as connection:
        connection.execute(text("CREATE TABLE numbers (n INTEGER)"))
    modes = {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "new/store").glob("exchanges*")}
    engine.close()
    assert modes == dict.fromkeys(("exchanges.sqlite", "exchanges.sqlite-wal", "exchanges.sqlite-shm"), 0o600)
    assert (tmp_path / "new/store").stat().st_mode & 0o777 == 0o700


def test_a_place_that_cannot_be_a_store_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(StoreError, match="cannot be used"):
        create_sqlite_file(parse_address(tmp_path / "file" / "below"))
    (tmp_path / "letter.sqlite").write_text("Dear Sir or Madam, this is long enough to be no header." * 20)
    with pytest.raises(StoreError, match="is not a store of exchanges"):
        create_sqlite_file(parse_address(tmp_path / "letter.sqlite"))


def test_a_full_disk_is_named(tmp_path: Path) -> None:
    address = parse_address(tmp_path / "store")
    create_sqlite_file(address)
    engine = DatabaseEngine(address)
    with full_disk(), pytest.raises(StoreError, match="disk is full"), engine.writing() as connection:
        connection.execute(text("CREATE TABLE numbers (n INTEGER)"))
    engine.close()


def test_a_missing_driver_is_named() -> None:
    code = (
        "import sys; sys.modules['psycopg'] = None\n"
        "from discern.watching.stores.open_exchanges import open_store\n"
        "open_store('postgresql://me:secret@host/db')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "need psycopg, which is not installed" in done.stderr
    assert 'Install it: pip install "psycopg[binary]"' in done.stderr
    assert "secret" not in done.stderr.replace("me:secret@host/db')", "")
