"""The contract in SQLite, in PostgreSQL, and with pictures in a bucket; erased bytes are in no file."""

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from itertools import count
from pathlib import Path

import pytest

from discern.watching.stores.database_engine import DatabaseEngine
from discern.watching.stores.exchange_database import ExchangeDatabase
from discern.watching.stores.open_exchanges import open_store
from discern.watching.stores.picture_files import PictureFiles
from discern.watching.stores.picture_place import picture_key, picture_name
from discern.watching.stores.sample_exchanges import make_feedback, with_picture
from discern.watching.stores.store_address import parse_address
from discern.watching.testing import ExchangeStoreContract
from tests.postgres_server import PostgresServer
from tests.unit.watching.stores.conftest import TEMPLATE

NUMBERS = count(1)
NAME = "0123456789abcdef" * 2  # unlike the hashes of other exchanges


class Opened(ExchangeStoreContract):
    """Closes what a test has opened."""

    address: str | Path
    pictures: Path | None = None

    @pytest.fixture(autouse=True)
    def _stores(self, tmp_path: Path) -> Iterator[None]:
        self.folder, self.opened = tmp_path, list[ExchangeDatabase]()
        yield
        for each in self.opened:
            each.close()

    def reopen(self) -> ExchangeDatabase:
        self.opened.append(open_store(self.address, create=True, pictures=self.pictures))
        return self.opened[-1]


class TestSqlite(Opened):
    def store(self) -> ExchangeDatabase:
        self.address = self.folder / f"store {next(NUMBERS)}"
        return self.reopen()


class TestPostgres(Opened):
    @pytest.fixture(autouse=True)
    def _server(self, postgres: PostgresServer) -> None:
        self.server = postgres

    def store(self) -> ExchangeDatabase:
        name = f"store {next(NUMBERS)}"
        self.pictures = self.folder / name
        self.address = self.server.create(name, TEMPLATE).replace(" ", "%20")
        return self.reopen()


def traces(folder: Path, text: bytes) -> list[str]:
    return [path.name for path in folder.rglob("*") if path.is_file() and text in path.read_bytes()]


class TestErasedBytes:
    """What `forget` and `retain` erase from the files of SQLite."""

    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        return tmp_path / "store"

    def test_no_byte_of_a_forgotten_exchange_is_in_the_files(self, folder: Path) -> None:
        store = open_store(folder, create=True)
        secret = with_picture(1, b"a face", id=NAME, client="alice", client_id="order-4711", content="e" * 64)
        others = [with_picture(number) for number in range(2, 400)]
        store.add([secret, *others], [make_feedback(1, "really anna", exchange=NAME)])
        texts = (b"a face", b"alice", b"order-4711", b"e" * 64, b"really anna", secret.id.encode())
        before = {text: traces(folder, text) for text in texts}
        assert all(before.values()), "the test must be able to find them"
        store.forget(secret.id)
        assert {text: traces(folder, text) for text in texts} == {text: [] for text in texts}
        assert traces(folder, others[0].id.encode())
        store.close()

    def test_no_byte_of_an_old_exchange_is_in_the_files(self, folder: Path) -> None:
        store = open_store(folder, create=True)
        old = with_picture(1, b"a face", id=NAME, time=1e9, client_id="order-4711")
        store.add([old, with_picture(2)])
        assert traces(folder, b"order-4711")
        store.retain(max_age=100.0, now=with_picture(2).time)
        assert traces(folder, b"order-4711") == traces(folder, b"a face") == traces(folder, old.id.encode()) == []
        store.close()

    def test_the_picture_of_an_interrupted_call_is_erased_too(self, folder: Path) -> None:
        store, secret = open_store(folder, create=True), with_picture(1, b"a face", content="e" * 64)
        place, name = PictureFiles(folder / "pictures"), picture_name(picture_key(b"a face"), "image/jpeg")
        place.write([(name, b"a face")])  # and the process was killed before its transaction ended
        store.forget("e" * 64)
        assert store.add([secret, with_picture(2)]) == 1
        assert traces(folder, b"a face") == []
        assert store.picture(with_picture(2).id) is not None
        store.close()

    def test_a_reader_that_prevents_it_is_reported(self, folder: Path, caplog: pytest.LogCaptureFixture) -> None:
        open_store(folder, create=True).close()
        engine = DatabaseEngine(parse_address(folder), log_seconds=0.1)
        store = ExchangeDatabase(engine, PictureFiles(folder / "pictures"))
        store.add([with_picture(1)])
        reader = sqlite3.connect(folder / "exchanges.sqlite", isolation_level=None)
        reader.execute("BEGIN")
        reader.execute("SELECT id FROM exchanges").fetchall()
        store.forget(with_picture(1).id)
        reader.execute("COMMIT")
        reader.close()
        assert "leaves its log" in caplog.text
        assert store.get(with_picture(1).id) is None
        store.close()


WRITER = """
import sys
from discern.watching.stores.open_exchanges import open_store
from discern.watching.stores.sample_exchanges import make_feedback, with_picture
store = open_store(sys.argv[1], create=True)
for start in range(0, 10**6, 20):
    store.add([with_picture(start + n) for n in range(20)], [make_feedback(start)], lost=1)
    print(start, flush=True)
"""


@pytest.mark.skipif(os.name != "posix", reason="signals need POSIX")
def test_a_killed_writer_leaves_whole_batches(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path)], stdout=subprocess.PIPE) as writer:
        assert writer.stdout is not None
        reported = [int(writer.stdout.readline()) for _ in range(5)]
        writer.send_signal(signal.SIGKILL)
    store = open_store(tmp_path)
    columns, batches = store.columns(), store.lost()
    assert batches >= len(reported)
    assert [int(each, 16) for each in columns.id] == list(range(20 * batches))
    assert store.bundles() == {"a" * 64: 20 * batches}
    assert sum(each.exchanges for each in store.traffic()) == 20 * batches
    assert len(list(store.feedback())) == sum(truth is not None for truth in columns.truth) == batches
    assert all(store.picture(each) is not None for each in columns.id)
    store.close()
    with closing(sqlite3.connect(tmp_path / "exchanges.sqlite")) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
