"""The environment of the changes: they run on the connection of their caller, and end with its transaction."""

import importlib
from pathlib import Path

import pytest
from sqlalchemy import inspect

from discern.watching.stores.database_engine import DatabaseEngine, create_sqlite_file
from discern.watching.stores.database_schema import _run
from discern.watching.stores.store_address import parse_address


def upgrade_and_fail(engine: DatabaseEngine) -> None:
    with engine.writing() as connection:
        _run(connection, "upgrade", "head")
        assert "exchanges" in inspect(connection).get_table_names()
        raise KeyError


def test_changes_end_with_the_transaction_of_the_caller(tmp_path: Path) -> None:
    address = parse_address(tmp_path / "100 % größe")
    create_sqlite_file(address)
    engine = DatabaseEngine(address)
    with pytest.raises(KeyError):
        upgrade_and_fail(engine)
    with engine.reading() as connection:
        assert inspect(connection).get_table_names() == []
    engine.close()


def test_its_import_changes_nothing() -> None:
    assert importlib.import_module("discern.watching.stores.migrations.env").METADATA.tables
