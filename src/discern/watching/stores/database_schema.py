"""Versions of the tables of a store: reading, upgrading and removing them, under the lock of all writes."""

from pathlib import Path

from sqlalchemy import text
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError

from discern.errors import StoreError
from discern.watching.stores.database_engine import DatabaseEngine

NEWEST = "0001"
"""Version of the tables that this version of Discern reads and writes."""

_KNOWN = ("0001",)
_EMPTY = ""
_MIGRATIONS = Path(__file__).with_name("migrations")


def read_version(engine: DatabaseEngine) -> str | None:
    """Return the version of a store's tables, "" for removed ones, or None if the database has no store.

    Raises:
        StoreError: the database cannot be used.
    """
    with engine.reading() as connection:
        return _version(connection, engine)


def upgrade(engine: DatabaseEngine) -> None:
    """Create or upgrade the tables of a store; those of the newest version stay as they are.

    Raises:
        StoreError: a newer version wrote them, or the database cannot be changed.
    """
    if check_version(engine, read_version(engine)) == NEWEST:
        return
    with engine.writing() as connection:
        _run(connection, "upgrade", "head")


def downgrade(engine: DatabaseEngine, version: str = "base") -> None:
    """Change the tables back to an earlier version; "base" removes them with all that they have.

    Raises:
        StoreError: the database cannot be changed.
    """
    with engine.writing() as connection:
        _run(connection, "downgrade", version)


def check_version(engine: DatabaseEngine, version: str | None) -> str | None:
    """Return a version of the tables if this version of Discern can read or upgrade it.

    Raises:
        StoreError: it is newer.
    """
    if version not in (None, _EMPTY, *_KNOWN):
        raise StoreError(
            f"The store {engine.name} was written by a newer version of Discern (tables {version}).",
            hint="Upgrade Discern.",
        )
    return version


def _version(connection: Connection, engine: DatabaseEngine) -> str | None:
    try:
        found = connection.execute(text("SELECT version_num FROM alembic_version")).scalars().all()
    except DBAPIError as error:
        said = str(error.orig)
        missing = "no such table" in said if engine.is_sqlite else "alembic_version" in said
        if not missing or "permission denied" in said:
            raise
        return None
    return found[0] if found else _EMPTY


def _run(connection: Connection, name: str, version: str) -> None:
    """Run a command of Alembic on a connection, in its transaction."""
    from alembic import command  # noqa: PLC0415 - takes 0.2 seconds to load, and is needed only where tables change
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    getattr(command, name)(config, version)
