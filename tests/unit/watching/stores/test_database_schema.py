"""Versions of the tables: up, down and up again, and those of a newer Discern."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text

from discern.errors import StoreError
from discern.watching.stores import database_schema
from discern.watching.stores.database_engine import DatabaseEngine, create_sqlite_file
from discern.watching.stores.database_schema import NEWEST, check_version, downgrade, read_version, upgrade
from discern.watching.stores.exchange_tables import METADATA
from discern.watching.stores.store_address import parse_address

if TYPE_CHECKING:
    from tests.postgres_server import PostgresServer


@pytest.fixture(params=["sqlite", "postgres"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[DatabaseEngine]:
    if request.param == "sqlite":
        address = parse_address(tmp_path / "store")
        create_sqlite_file(address)
    else:
        server: PostgresServer = request.getfixturevalue("postgres")
        address = parse_address(server.create(f"schema-{request.node.name}"))
    engine = DatabaseEngine(address)
    yield engine
    engine.close()


def tables(engine: DatabaseEngine) -> set[str]:
    with engine.reading() as connection:
        return set(inspect(connection).get_table_names()) - {"alembic_version"}


def test_tables_go_up_and_down_and_up(engine: DatabaseEngine) -> None:
    assert read_version(engine) is None
    for _ in range(2):
        upgrade(engine)
        assert read_version(engine) == NEWEST
        assert tables(engine) == set(METADATA.tables)
        downgrade(engine)
        assert read_version(engine) == ""
        assert tables(engine) == set()


def test_the_changes_lead_to_the_tables_of_the_code(engine: DatabaseEngine) -> None:
    upgrade(engine)
    with engine.reading() as connection:
        assert compare_metadata(MigrationContext.configure(connection), METADATA) == []


def test_a_newest_store_is_left_alone(engine: DatabaseEngine) -> None:
    upgrade(engine)
    with engine.writing() as connection:
        connection.execute(text("UPDATE counters SET value = 7 WHERE name = 'lost'"))
    upgrade(engine)
    with engine.reading() as connection:
        assert connection.execute(text("SELECT value FROM counters WHERE name = 'lost'")).scalar_one() == 7


def test_a_newer_version_is_refused(engine: DatabaseEngine) -> None:
    upgrade(engine)
    with engine.writing() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9000'"))
    with pytest.raises(StoreError, match=r"newer version of Discern \(tables 9000\)") as caught:
        upgrade(engine)
    assert caught.value.hint == "Upgrade Discern."


def test_a_failed_change_leaves_the_tables_as_they_were(engine: DatabaseEngine) -> None:
    with engine.writing() as connection:
        connection.execute(text("CREATE TABLE settings (other INTEGER)"))  # the last table that the change creates
    with pytest.raises(StoreError):
        upgrade(engine)
    assert tables(engine) == {"settings"}
    assert read_version(engine) is None


def test_the_code_knows_the_version_of_the_newest_change(engine: DatabaseEngine) -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(database_schema.__file__).with_name("migrations")))
    script = ScriptDirectory.from_config(config)
    assert script.get_heads() == [NEWEST]
    for each in script.walk_revisions():
        assert check_version(engine, each.revision) == each.revision
