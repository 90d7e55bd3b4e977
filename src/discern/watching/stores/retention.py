"""Limits of the age of exchanges and of the size of their pictures."""

from sqlalchemy import delete, func, select
from sqlalchemy.engine import Connection

from discern.watching.stores.database_engine import DatabaseEngine
from discern.watching.stores.erasure import CHUNK, erase, erase_pictures, select_older, total
from discern.watching.stores.exchange_rows import hour_of
from discern.watching.stores.exchange_store import Removed
from discern.watching.stores.exchange_tables import EXCHANGES, FEEDBACK, HOURS, PICTURES
from discern.watching.stores.picture_place import PicturePlace


def erase_older(engine: DatabaseEngine, pictures: PicturePlace | None, time: float) -> Removed:
    """Erase the exchanges and the feedback from before a time, some in each transaction.

    Returns:
        The numbers of what was erased, without identifiers, which may be many.
    """
    removed, after = Removed(), 0
    with engine.reading() as connection:
        last = connection.execute(select(func.max(HOURS.c.last)).where(HOURS.c.hour <= hour_of(time))).scalar()
    while last is not None:
        with engine.writing() as connection:
            rows = connection.execute(select_older(time, after=after, until=last)).all()
            if not rows:
                break
            erased = erase(connection, rows, pictures)
        after = rows[-1].number
        removed = _without_ids(total(removed, erased))
    arrived = select(EXCHANGES.c.id).where(EXCHANGES.c.id == FEEDBACK.c.exchange).exists()
    with engine.writing() as connection:
        waiting = connection.execute(delete(FEEDBACK).where(FEEDBACK.c.time < time, ~arrived)).rowcount
    return total(removed, Removed(feedback=waiting))


def erase_oldest_pictures(engine: DatabaseEngine, pictures: PicturePlace | None, max_bytes: int) -> Removed:
    """Erase the pictures that were sent longest ago, until the others fit into a size; their exchanges stay."""
    removed = Removed()
    while True:
        with engine.writing() as connection:
            keys = _oldest(connection, max_bytes)
            if not keys:
                return removed
            files, size = erase_pictures(connection, keys, pictures)
        removed = total(removed, Removed(pictures=files, bytes=size))


def _oldest(connection: Connection, max_bytes: int) -> list[bytes]:
    excess = int(connection.execute(select(func.coalesce(func.sum(PICTURES.c.bytes), 0))).scalar_one()) - max_bytes
    keys = list[bytes]()
    if excess > 0:
        statement = select(PICTURES.c.key, PICTURES.c.bytes).order_by(PICTURES.c.last).limit(CHUNK)
        for row in connection.execute(statement):
            if excess <= 0:
                break
            keys.append(bytes(row.key))
            excess -= row.bytes
    return keys


def _without_ids(removed: Removed) -> Removed:
    return Removed(
        exchanges=removed.exchanges, feedback=removed.feedback, pictures=removed.pictures, bytes=removed.bytes
    )
