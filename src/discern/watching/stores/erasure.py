"""Erasure of exchanges from the tables, with their feedback, and with pictures that no other exchange has."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select, delete, select, update
from sqlalchemy.engine import Connection

from discern.watching.stores.exchange_adding import parts, upsert
from discern.watching.stores.exchange_rows import digest_of
from discern.watching.stores.exchange_store import Removed
from discern.watching.stores.exchange_tables import BUNDLES, DETAILS, EXCHANGES, FEEDBACK, FORGOTTEN, PICTURES
from discern.watching.stores.picture_place import PicturePlace, picture_name

CHUNK = 1000
"""Exchanges that are erased in one transaction; not tuned."""

_ROW = (EXCHANGES.c.number, EXCHANGES.c.id, EXCHANGES.c.bundle, EXCHANGES.c.picture)


def select_by_id(text: str) -> Select[Any]:
    """Return the statement that finds an exchange by its identifier, for `erase`."""
    return select(*_ROW).where(EXCHANGES.c.id == text)


def select_by_hash(text: str) -> Select[Any]:
    """Return the statement that finds some exchanges by a hash, for `erase`; it reads the whole table."""
    return select(*_ROW).where((EXCHANGES.c.content == text) | (EXCHANGES.c.pixels == text)).limit(CHUNK)


def select_older(time: float, *, after: int, until: int) -> Select[Any]:
    """Return the statement that finds some exchanges from before a time between two numbers, for `erase`."""
    found = select(*_ROW).where(EXCHANGES.c.number > after, EXCHANGES.c.number <= until, EXCHANGES.c.time < time)
    return found.order_by(EXCHANGES.c.number).limit(CHUNK)


def erase(connection: Connection, rows: Sequence[Any], pictures: PicturePlace | None) -> Removed:
    """Erase exchanges with all that belongs to them; what counts them by hour stays.

    Picture files go before the transaction ends: if it fails, an exchange without a picture is left, and never a
    picture without an exchange, which nothing would find.
    """
    numbers, ids = [row.number for row in rows], [row.id for row in rows]
    feedback = 0
    for each in parts(ids):
        feedback += connection.execute(delete(FEEDBACK).where(FEEDBACK.c.exchange.in_(each))).rowcount
    for each in parts(numbers):
        connection.execute(delete(DETAILS).where(DETAILS.c.number.in_(each)))
        connection.execute(delete(EXCHANGES).where(EXCHANGES.c.number.in_(each)))
    for bundle in {row.bundle for row in rows}:
        count = sum(row.bundle == bundle for row in rows)
        connection.execute(
            update(BUNDLES).where(BUNDLES.c.bundle == bundle).values(exchanges=BUNDLES.c.exchanges - count)
        )
    connection.execute(delete(BUNDLES).where(BUNDLES.c.exchanges <= 0))
    files, size = erase_pictures(connection, unused(connection, {row.picture for row in rows} - {None}), pictures)
    return Removed(exchanges=len(rows), feedback=feedback, pictures=files, bytes=size, ids=tuple(ids))


def erase_waiting(connection: Connection, exchange: str) -> Removed:
    """Erase the feedback for an exchange that has not arrived."""
    return Removed(feedback=connection.execute(delete(FEEDBACK).where(FEEDBACK.c.exchange == exchange)).rowcount)


def unused(connection: Connection, keys: set[bytes]) -> list[bytes]:
    """Return the keys of pictures that no exchange has."""
    used = set[bytes]()
    for each in parts(keys):
        statement = select(EXCHANGES.c.picture).where(EXCHANGES.c.picture.in_(each)).distinct()
        used.update(bytes(key) for key in connection.execute(statement).scalars())
    return [key for key in keys if bytes(key) not in used]


def erase_pictures(connection: Connection, keys: Sequence[bytes], pictures: PicturePlace | None) -> tuple[int, int]:
    """Erase pictures and their files, and return their number and their size in bytes."""
    found = list[Any]()
    for each in parts(keys):
        found += connection.execute(select(PICTURES).where(PICTURES.c.key.in_(each))).all()
        connection.execute(delete(PICTURES).where(PICTURES.c.key.in_(each)))
        connection.execute(update(EXCHANGES).where(EXCHANGES.c.picture.in_(each)).values(picture=None))
    if pictures is not None and found:
        pictures.remove([picture_name(bytes(row.key), row.media_type) for row in found])
    return len(found), sum(row.bytes for row in found)


def remember(connection: Connection, texts: Sequence[str], time: float) -> None:
    """Note identifiers and hashes as forgotten, by their digests, so that none is stored again."""
    rows = [{"digest": digest_of(text), "time": time} for text in dict.fromkeys(texts)]
    statement = upsert(connection, FORGOTTEN)
    changed = {"time": statement.excluded.time}
    connection.execute(statement.on_conflict_do_update(index_elements=["digest"], set_=changed), rows)


def total(*removed: Removed) -> Removed:
    """Return the sum of what was erased."""
    return Removed(
        exchanges=sum(each.exchanges for each in removed),
        feedback=sum(each.feedback for each in removed),
        pictures=sum(each.pictures for each in removed),
        bytes=sum(each.bytes for each in removed),
        ids=tuple(name for each in removed for name in each.ids),
    )
