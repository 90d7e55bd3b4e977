"""Addresses of stores of captured exchanges: a folder, a SQLite file, or a PostgreSQL database."""

import os
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from discern.errors import UsageError, overlong_path

DATABASE = "exchanges.sqlite"
"""Name of the SQLite file in the folder of a store."""

PICTURES = "pictures"
"""Name of the folder of pictures beside it."""

_POSTGRES = ("postgresql", "postgres")
_SQLITE_SUFFIXES = (".sqlite", ".sqlite3", ".db")
_CONNECT_SECONDS = "5"  # not tuned
_HINT = "Pass a folder, or an address such as postgresql://user@host/database."


@dataclass(frozen=True, kw_only=True)
class StoreAddress:
    """Address of a store.

    Attributes:
        name: the address without a password, for messages.
        url: URL of the database for SQLAlchemy.
        file: the SQLite file; None for PostgreSQL.
    """

    name: str
    url: URL
    file: Path | None = None


def parse_address(address: str | Path) -> StoreAddress:
    """Parse the address of a store.

    Args:
        address: a folder, the path of a SQLite file, or `postgresql://...`.

    Raises:
        UsageError: it is none of these.
    """
    text = os.fspath(address)
    if "://" in text:
        return _parse_url(text)
    if not text or "\0" in text:
        raise UsageError("The address of the store is empty, or has a null character.", hint=_HINT)
    if (problem := overlong_path(text)) is not None:
        raise UsageError(problem, hint=_HINT)
    path = Path(text)
    file = path if path.is_file() or (path.suffix in _SQLITE_SUFFIXES and not path.is_dir()) else path / DATABASE
    return StoreAddress(name=text, url=URL.create("sqlite+pysqlite", database=str(file)), file=file)


def _parse_url(text: str) -> StoreAddress:
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        # The library's message may quote a password.
        raise UsageError("The address of the store is not a valid URL.", hint=_HINT) from None
    scheme = url.drivername.partition("+")[0]
    if scheme not in _POSTGRES:
        raise UsageError(f"Stores of exchanges are not kept in {scheme!r} databases.", hint=_HINT)
    url = url.set(drivername="postgresql+psycopg")
    if "connect_timeout" not in url.query:
        url = url.update_query_dict({"connect_timeout": _CONNECT_SECONDS})
    return StoreAddress(name=_public_name(url), url=url)


def _public_name(url: URL) -> str:
    """Return a URL without its password and without its options, of which one may be a password too."""
    host = url.host or url.query.get("host") or ""
    user = f"{url.username}@" if url.username else ""
    port = f":{url.port}" if url.port else ""
    return f"postgresql://{user}{host if isinstance(host, str) else ','.join(host)}{port}/{url.database or ''}"
