"""Statements that read: they reach their rows by number, whatever the store's size."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.dialects import sqlite

from discern.watching.stores.database_engine import DatabaseEngine
from discern.watching.stores.exchange_queries import select_columns, select_columns_of, select_exchange, select_picture
from discern.watching.stores.open_exchanges import open_store
from discern.watching.stores.store_address import parse_address

ALL: dict[str, Any] = {
    **dict.fromkeys(("bundle", "since", "until", "limit")),
    "after": 0,
    "embeddings": False,
    "newest": False,
}


def plan(folder: Path, statement: Any) -> str:
    open_store(folder, create=True).close()
    compiled = statement.compile(dialect=sqlite.dialect(), compile_kwargs={"literal_binds": True})
    engine = DatabaseEngine(parse_address(folder))
    with engine.reading() as connection:
        rows = connection.execute(text(f"EXPLAIN QUERY PLAN {compiled}")).all()
    engine.close()
    return "\n".join(str(row[-1]) for row in rows)


@pytest.mark.parametrize(
    "options",
    [
        {"after": 7, "limit": 10, "embeddings": True},
        {"limit": 10, "newest": True},
        {"since": 7.0, "limit": 10},
        {"until": 7.0, "newest": True, "limit": 10},
        {"bundle": "a", "newest": True, "limit": 10},
        {"bundle": "a", "after": 7, "since": 7.0},
    ],
)
def test_no_statement_sorts_or_reads_all(options: dict[str, Any], tmp_path: Path) -> None:
    found = plan(tmp_path, select_columns(**(ALL | options)))
    assert "TEMP B-TREE" not in found
    assert "SCAN exchanges" not in found


@pytest.mark.parametrize("statement", [select_exchange("a"), select_picture("a")])
def test_one_exchange_is_found_by_its_index(statement: Any, tmp_path: Path) -> None:
    found = plan(tmp_path, statement)
    assert "SEARCH exchanges USING" in found
    assert "SCAN" not in found


def test_named_exchanges_are_found_by_their_index(tmp_path: Path) -> None:
    assert "SEARCH exchanges USING" in plan(tmp_path, select_columns_of(["a", "b"], embeddings=True))
