"""The first version of the tables, as it was published."""

import sqlite3
from pathlib import Path

from discern.watching.stores.open_exchanges import open_store


def test_the_tables_have_their_counters_and_indexes(tmp_path: Path) -> None:
    open_store(tmp_path / "store", create=True).close()
    connection = sqlite3.connect(tmp_path / "store/exchanges.sqlite")
    counters = dict(connection.execute("SELECT name, value FROM counters"))
    indexes = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'index'")}
    (row_number,) = connection.execute("SELECT sql FROM sqlite_master WHERE name = 'exchanges'").fetchone()
    connection.close()
    assert counters == {"exchanges": 0, "feedback": 0, "lost": 0}
    assert {"ix_exchanges_picture", "ix_exchanges_bundle_number", "ix_pictures_last"} <= indexes
    assert "number INTEGER NOT NULL" in row_number, "the name of the type that is SQLite's own row number"
