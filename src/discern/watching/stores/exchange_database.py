"""Store of captured exchanges in a database, with the pictures beside it."""

import json
import logging
import time
from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.engine import Connection

from discern.errors import CatalogError, StoreError, UsageError
from discern.inference.exchange import Exchange, Feedback
from discern.watching.stores.database_engine import DatabaseEngine
from discern.watching.stores.database_errors import plain_errors
from discern.watching.stores.erasure import (
    CHUNK,
    erase,
    erase_waiting,
    remember,
    select_by_hash,
    select_by_id,
    total,
    unused,
)
from discern.watching.stores.exchange_adding import count_up, find_new, insert_exchanges, insert_feedback, parts, upsert
from discern.watching.stores.exchange_queries import (
    select_columns,
    select_columns_of,
    select_exchange,
    select_picture,
    select_traffic,
)
from discern.watching.stores.exchange_rows import HOUR, clean, columns_of_rows, exchange_of
from discern.watching.stores.exchange_store import ExchangeColumns, Removed, TrafficHour
from discern.watching.stores.exchange_tables import (
    BUNDLES,
    COUNTERS,
    EXCHANGES,
    FEEDBACK,
    SETTINGS,
    STATES,
)
from discern.watching.stores.picture_place import PicturePlace, picture_key, picture_name
from discern.watching.stores.retention import erase_older, erase_oldest_pictures

_LOG = logging.getLogger("discern.watching")
_PAGE = 1000  # rows of feedback that are read at a time; not tuned


class ExchangeDatabase:
    """Store of captured exchanges in SQLite or PostgreSQL; see `ExchangeStore` for its methods.

    All methods raise `StoreError` if the database or the disk cannot be used, and `UsageError` if the bucket of the
    pictures cannot; nothing is stored then, and the call can be repeated.

    Args:
        engine: its database, whose tables are those of this version.
        pictures: where its pictures are kept; None: it has none, and exchanges with a picture are refused.
    """

    def __init__(self, engine: DatabaseEngine, pictures: PicturePlace | None) -> None:
        self._engine, self._pictures = engine, pictures

    @property
    def name(self) -> str:
        """Return the store's address, without a password."""
        return self._engine.name

    @property
    def pictures_at(self) -> str | None:
        """Return the folder or the address in a bucket where pictures are kept, or None without one."""
        return None if self._pictures is None else self._pictures.name

    def add(self, exchanges: Sequence[Exchange], feedback: Sequence[Feedback] = (), *, lost: int = 0) -> int:
        """Store exchanges and feedback in one transaction, and return how many exchanges were new."""
        with self._engine.writing() as connection:
            new, refused = find_new(connection, exchanges)
            pictures = insert_exchanges(connection, new)
            insert_feedback(connection, feedback, new)
            if lost:
                count_up(connection, "lost", lost)
            self._write_pictures(pictures)
            self._remove_left(connection, refused)
        return len(new)

    def has(self, exchange_id: str) -> bool:
        """Return True if an exchange is stored."""
        with self._engine.reading() as connection:
            statement = select(EXCHANGES.c.number).where(EXCHANGES.c.id == clean(exchange_id))
            return connection.execute(statement).first() is not None

    def get(self, exchange_id: str) -> Exchange | None:
        """Return a stored exchange with its picture, or None."""
        with self._engine.reading() as connection:
            row = connection.execute(select_exchange(clean(exchange_id))).first()
        return None if row is None else exchange_of(row, self._read_picture(row.key, row.media_type))

    def picture(self, exchange_id: str) -> tuple[bytes, str] | None:
        """Return the picture of an exchange and its media type, or None if none is kept."""
        with self._engine.reading() as connection:
            row = connection.execute(select_picture(clean(exchange_id))).first()
        picture = None if row is None else self._read_picture(row.key, row.media_type)
        return None if row is None or picture is None else (picture, row.media_type)

    def columns(
        self,
        *,
        bundle: str | None = None,
        after: int = 0,
        since: float | None = None,
        until: float | None = None,
        limit: int | None = None,
        embeddings: bool = False,
        newest: bool = False,
    ) -> ExchangeColumns:
        """Return exchanges by column, in the order of their numbers."""
        statement = select_columns(
            bundle=bundle, after=after, since=since, until=until, limit=limit, embeddings=embeddings, newest=newest
        )
        with self._engine.reading() as connection:
            rows: Sequence[Any] = connection.execute(statement).all()
        if newest and limit is not None:
            rows = rows[::-1]
        return columns_of_rows(rows, embeddings=embeddings)

    def columns_of(self, ids: Sequence[str], *, embeddings: bool = False) -> ExchangeColumns:
        """Return the columns of the named exchanges that are stored, in the order of their numbers."""
        rows = list[Any]()
        with self._engine.reading() as connection:
            for each in parts(dict.fromkeys(map(clean, ids))):
                rows += connection.execute(select_columns_of(each, embeddings=embeddings)).all()
        rows.sort(key=lambda row: row.number)
        return columns_of_rows(rows, embeddings=embeddings)

    def feedback(self, *, after: int = 0) -> Iterator[tuple[int, Feedback]]:
        """Yield all feedback with its number, in the order in which it was stored."""
        while True:
            statement = select(FEEDBACK).where(FEEDBACK.c.number > after).order_by(FEEDBACK.c.number).limit(_PAGE)
            with self._engine.reading() as connection:
                page = connection.execute(statement).all()
            for row in page:
                values = row._asdict()
                after = values.pop("number")
                yield after, Feedback(**values)
            if len(page) < _PAGE:
                return

    def bundles(self) -> dict[str, int]:
        """Return the number of exchanges by fingerprint of the model."""
        with self._engine.reading() as connection:
            return {row.bundle: row.exchanges for row in connection.execute(select(BUNDLES).order_by(BUNDLES.c.bundle))}

    def traffic(self, *, since: float | None = None, bundle: str | None = None, step: int = HOUR) -> list[TrafficHour]:
        """Return the number of exchanges by hour, kept up to date as they are added."""
        with self._engine.reading() as connection:
            rows = connection.execute(select_traffic(since=since, bundle=bundle, step=step)).all()
        return [
            TrafficHour(start=start, bundle=bundle, decision=decision, label=label, exchanges=count, seconds=seconds)
            for start, bundle, decision, label, count, seconds in rows
        ]

    def lost(self) -> int:
        """Return the number of exchanges that could not be kept."""
        with self._engine.reading() as connection:
            return int(connection.execute(select(COUNTERS.c.value).where(COUNTERS.c.name == "lost")).scalar_one())

    def read_state(self, name: str) -> bytes | None:
        """Return a kept state by its name, or None."""
        with self._engine.reading() as connection:
            state = connection.execute(select(STATES.c.state).where(STATES.c.name == name)).scalar()
        return None if state is None else bytes(state)

    def write_state(self, name: str, state: bytes, *, previous: bytes | None) -> bool:
        """Replace a kept state, unless it is not `previous` any more; return True if it was replaced."""
        with self._engine.writing() as connection:
            statement: Any = upsert(connection, STATES).on_conflict_do_nothing(index_elements=["name"])
            statement = statement.values(name=name, state=state)
            if previous is not None:
                kept = (STATES.c.name == name) & (STATES.c.state == previous)
                statement = update(STATES).where(kept).values(state=state)
            return connection.execute(statement.returning(STATES.c.name)).first() is not None

    def forget(self, id_or_hash: str) -> Removed:
        """Erase exchanges everywhere, by the identifier of one, or by the digest of their bytes or pixels.

        Neither they nor their feedback are stored again, also if they are still on their way here. Counts by hour
        stay. In SQLite no byte of them is left in the files. PostgreSQL frees their rows with its next VACUUM, and may
        overwrite them later; its log, and copies of either database, are not reached.
        """
        text, now, removed = clean(id_or_hash.strip()), time.time(), list[Removed]()
        if not text:
            raise UsageError("The identifier or hash to forget is empty.", hint="Pass the `id` of a response.")
        with self._engine.writing() as connection:
            remember(connection, [text], now)
            rows = connection.execute(select_by_id(text)).all()
            removed.append(erase(connection, rows, self._pictures))
            removed.append(erase_waiting(connection, text))
        while not rows or len(rows) == CHUNK:
            with self._engine.writing() as connection:
                rows = connection.execute(select_by_hash(text)).all()
                if not rows:
                    break
                remember(connection, [row.id for row in rows], now)
                removed.append(erase(connection, rows, self._pictures))
        self._truncate_log()
        return total(*removed)

    def retain(self, *, max_age: float | None = None, max_bytes: int | None = None, now: float) -> Removed:
        """Erase exchanges older than `max_age` seconds, and the oldest pictures beyond `max_bytes`.

        A picture that was sent several times is as old as its last exchange. Identifiers are not returned.
        """
        removed = Removed()
        if max_age is not None:
            removed = total(removed, erase_older(self._engine, self._pictures, now - max_age))
        if max_bytes is not None:
            removed = total(removed, erase_oldest_pictures(self._engine, self._pictures, max_bytes))
        if removed != Removed():
            self._truncate_log()
        return removed

    def setting(self, name: str) -> Any:
        """Return a setting that is kept in the store, or None."""
        with self._engine.reading() as connection:
            value = connection.execute(select(SETTINGS.c.value).where(SETTINGS.c.name == name)).scalar()
        return None if value is None else json.loads(value)

    def set_setting(self, name: str, value: Any) -> None:
        """Keep a JSON-serialisable setting in the store."""
        with self._engine.writing() as connection:
            statement = upsert(connection, SETTINGS).values(name=name, value=json.dumps(value))
            changed = {"value": statement.excluded.value}
            connection.execute(statement.on_conflict_do_update(index_elements=["name"], set_=changed))

    def close(self) -> None:
        """Close all connections."""
        self._engine.close()

    def _write_pictures(self, pictures: dict[str, bytes]) -> None:
        """Write pictures before their transaction ends, so that no stored exchange lacks its picture."""
        if not pictures:
            return
        if self._pictures is None:
            raise StoreError(
                f"The store {self.name} has no place for pictures.",
                hint="Name a folder or a bucket for them when you open it for the first time.",
            )
        with plain_errors(f"of pictures {self._pictures.name}"):
            self._pictures.write(pictures.items())

    def _remove_left(self, connection: Connection, refused: Sequence[Exchange]) -> None:
        """Remove the pictures of forgotten exchanges that an interrupted call may have written before."""
        names = {
            key: picture_name(key, each.media_type)
            for each in refused
            if each.picture is not None and (key := picture_key(each.picture))
        }
        if names and self._pictures is not None:
            with plain_errors(f"of pictures {self._pictures.name}"):
                self._pictures.remove([names[key] for key in unused(connection, set(names))])

    def _read_picture(self, key: bytes | None, media_type: str | None) -> bytes | None:
        if key is None or media_type is None or self._pictures is None:
            return None
        with plain_errors(f"of pictures {self._pictures.name}"):
            try:
                return self._pictures.read(picture_name(bytes(key), media_type))
            except CatalogError:  # it was erased meanwhile
                return None

    def _truncate_log(self) -> None:
        if not self._engine.truncate_log():
            _LOG.warning("Other processes read the store %s: what was erased leaves its log when they end.", self.name)
