"""Connections to the database of a store, and its transactions."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock
from sqlalchemy import Engine, create_engine, event, text
from sqlalchemy.engine import Connection
from sqlalchemy.pool import ConnectionPoolEntry

from discern.errors import UsageError
from discern.extras import INSTALL_POSTGRES
from discern.watching.stores.database_errors import explain, plain_errors
from discern.watching.stores.store_address import StoreAddress

_WRITES = "discern_writes"
_BUSY_SECONDS = 30  # not tuned: longer than any transaction of ours
_LOG_SECONDS = 5  # not tuned: readers are done in less
_CACHE_KIB = 16 * 1024  # not tuned: the upper pages of the indexes of a million rows
_LOCK = 0x6469_7363_6572_6E  # "discern": a number that other programs in the same database do not use


class DatabaseEngine:
    """Connections to a database, with one transaction that writes at a time.

    Args:
        address: address of the store.
        log_seconds: time to wait for readers that need the log which `truncate_log` empties.

    Raises:
        UsageError: the driver of PostgreSQL is not installed.
    """

    def __init__(self, address: StoreAddress, *, log_seconds: float = _LOG_SECONDS) -> None:
        self.name, self.file = address.name, address.file
        self._log_seconds = log_seconds
        self._engine = _create(address)
        self._writer = self._engine.execution_options(**{_WRITES: True})

    @property
    def is_sqlite(self) -> bool:
        """Return True for SQLite, False for PostgreSQL."""
        return self.file is not None

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Context manager for a transaction that reads.

        Raises:
            StoreError: the database cannot be used.
        """
        with plain_errors(self.name), self._engine.connect() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Context manager for a transaction that writes, which no other one overlaps.

        Rows therefore become visible in the order of their numbers.

        Raises:
            StoreError: the database cannot be used; nothing has changed then.
        """
        with plain_errors(self.name), self._writer.begin() as connection:
            if not self.is_sqlite:
                connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
            yield connection

    def truncate_log(self) -> bool:
        """Empty the write-ahead log of SQLite, where erased rows would stay; return False if a reader prevents it."""
        if not self.is_sqlite:
            return True
        with plain_errors(self.name), self._engine.connect().execution_options(isolation_level="AUTOCOMMIT") as each:
            each.exec_driver_sql(f"PRAGMA busy_timeout = {int(1000 * self._log_seconds)}")
            busy, _, _ = each.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").one()
            each.exec_driver_sql(f"PRAGMA busy_timeout = {1000 * _BUSY_SECONDS}")
        return not busy

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()


def _create(address: StoreAddress) -> Engine:
    if address.file is None:
        try:
            import psycopg  # noqa: F401, PLC0415 - an extra of the installation
        except ImportError as error:
            raise UsageError(
                "Stores in PostgreSQL need psycopg, which is not installed.", hint=f"Install it: {INSTALL_POSTGRES}"
            ) from error
        return create_engine(address.url, pool_pre_ping=True, hide_parameters=True)
    engine = create_engine(address.url, connect_args={"timeout": _BUSY_SECONDS}, hide_parameters=True)
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    return engine


def _prepare(connection: Any, _: ConnectionPoolEntry) -> None:
    """Set a new connection to SQLite up; transactions begin where `_begin` says, not at the first change."""
    connection.isolation_level = None
    for pragma in ("synchronous = NORMAL", "secure_delete = ON", f"cache_size = -{_CACHE_KIB}"):
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: Connection) -> None:
    options = connection.get_execution_options()
    if options.get("isolation_level") != "AUTOCOMMIT":
        connection.exec_driver_sql("BEGIN IMMEDIATE" if options.get(_WRITES) else "BEGIN")


def create_sqlite_file(address: StoreAddress) -> None:
    """Create the private SQLite file of a store, with a write-ahead log, in a private folder; an existing one stays.

    Of several processes that create it, the others wait for the first.

    Raises:
        StoreError: it cannot be created.
    """
    file = address.file
    assert file is not None
    with plain_errors(address.name):
        if not file.parent.exists():
            file.parent.mkdir(parents=True, mode=0o700, exist_ok=True)
        with FileLock(file.with_name(f".{file.name}.lock")):
            os.close(os.open(file, os.O_CREAT | os.O_RDWR, 0o600))
            _begin_log(address, file)


def _begin_log(address: StoreAddress, file: Path) -> None:
    with closing(sqlite3.connect(file, timeout=_BUSY_SECONDS)) as connection:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.DatabaseError as error:
            raise explain(address.name, str(error)) from error
