"""Statements that add exchanges and feedback to the tables, few for each batch."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import Select, bindparam, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection

from discern.inference.exchange import Exchange, Feedback
from discern.watching.stores.exchange_rows import clean, detail_row, digest_of, exchange_row, feedback_row, hour_of
from discern.watching.stores.exchange_tables import (
    BUNDLES,
    COUNTERS,
    DETAILS,
    EXCHANGES,
    FEEDBACK,
    FORGOTTEN,
    HOURS,
    LABEL_SETS,
    PICTURES,
    TRAFFIC,
)
from discern.watching.stores.kept_prediction import label_set
from discern.watching.stores.picture_place import picture_name

_MOST = 5000  # values in one statement: SQLite allows 32,766
_INSERT: dict[str, Any] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}


def upsert(connection: Connection, table: Any) -> Any:
    """Return an INSERT of the connection's database that can say what to do about a row that is there."""
    return _INSERT[connection.dialect.name](table)


def parts(values: Iterable[Any]) -> Iterator[list[Any]]:
    """Yield values in lists that fit into one statement each."""
    found = list(values)
    for start in range(0, len(found), _MOST):
        yield found[start : start + _MOST]


def find_new(connection: Connection, exchanges: Sequence[Exchange]) -> tuple[list[Exchange], list[Exchange]]:
    """Return the exchanges that are neither stored nor forgotten, each once, and those that were forgotten."""
    by_id = dict[str, Exchange]()
    for each in exchanges:
        by_id.setdefault(clean(each.id), each)
    found = set[str]()
    for ids in parts(by_id):
        found.update(connection.execute(select(EXCHANGES.c.id).where(EXCHANGES.c.id.in_(ids))).scalars())
    new = [each for key, each in by_id.items() if key not in found]
    forgotten = _forgotten(connection, (text for each in new for text in (each.id, each.content, each.pixels) if text))
    refused = [each for each in new if _is_forgotten(each, forgotten)] if forgotten else []
    return [each for each in new if each not in refused] if refused else new, refused


def insert_exchanges(connection: Connection, exchanges: Sequence[Exchange]) -> dict[str, bytes]:
    """Insert exchanges that are new, with all counts, and return their pictures by the names of their files."""
    if not exchanges:
        return {}
    first = count_up(connection, "exchanges", len(exchanges)) - len(exchanges) + 1
    rows = [exchange_row(each, number) for number, each in enumerate(exchanges, first)]
    connection.execute(EXCHANGES.insert(), rows)
    connection.execute(DETAILS.insert(), [detail_row(each, number) for number, each in enumerate(exchanges, first)])
    _insert_labels(connection, exchanges)
    _count(connection, rows)
    return _insert_pictures(connection, rows, exchanges)


def insert_feedback(connection: Connection, feedback: Sequence[Feedback], new: Sequence[Exchange]) -> None:
    """Insert feedback, and note the last one of each exchange beside it, also of one that is new."""
    if feedback:
        forgotten = _forgotten(connection, {each.exchange for each in feedback})
        kept = [each for each in feedback if digest_of(each.exchange) not in forgotten]
        first = count_up(connection, "feedback", len(kept)) - len(kept) + 1
        rows = [feedback_row(each, number) for number, each in enumerate(kept, first)]
        if rows:
            statement = upsert(connection, FEEDBACK).on_conflict_do_nothing(index_elements=["exchange", "time"])
            connection.execute(statement, rows)
    touched = dict.fromkeys(clean(text) for text in (*(each.id for each in new), *(each.exchange for each in feedback)))
    last = dict[str, dict[str, Any]]()
    for ids in parts(touched):
        for row in connection.execute(_feedback_of(ids)):
            last[row.exchange] = {"of": row.exchange, "told": row.label, "new": row.is_new}
    if last:
        connection.execute(_NOTE, list(last.values()))


def count_up(connection: Connection, name: str, by: int) -> int:
    """Add to a counter, and return its value."""
    statement = (
        update(COUNTERS).where(COUNTERS.c.name == name).values(value=COUNTERS.c.value + by).returning(COUNTERS.c.value)
    )
    return int(connection.execute(statement).scalar_one())


_NOTE = (
    update(EXCHANGES).where(EXCHANGES.c.id == bindparam("of")).values(truth=bindparam("told"), is_new=bindparam("new"))
)


def _feedback_of(ids: Sequence[str]) -> Select[Any]:
    columns = (FEEDBACK.c.exchange, FEEDBACK.c.label, FEEDBACK.c.is_new)
    return select(*columns).where(FEEDBACK.c.exchange.in_(ids)).order_by(FEEDBACK.c.time, FEEDBACK.c.number)


def _forgotten(connection: Connection, texts: Iterable[str]) -> dict[bytes, float]:
    """Return the times at which some of these identifiers and hashes were forgotten, by digest."""
    if connection.execute(select(FORGOTTEN.c.time).limit(1)).first() is None:
        return {}
    found = dict[bytes, float]()
    for digests in parts({digest_of(text) for text in texts}):
        statement = select(FORGOTTEN.c.digest, FORGOTTEN.c.time).where(FORGOTTEN.c.digest.in_(digests))
        found.update((bytes(row.digest), row.time) for row in connection.execute(statement))
    return found


def _is_forgotten(exchange: Exchange, forgotten: dict[bytes, float]) -> bool:
    """Return True if an exchange was forgotten by its identifier, or by a hash after it was answered."""
    hashes = (digest_of(text) for text in (exchange.content, exchange.pixels) if text)
    return digest_of(exchange.id) in forgotten or any(
        exchange.time <= forgotten[each] for each in hashes if each in forgotten
    )


def _insert_labels(connection: Connection, exchanges: Sequence[Exchange]) -> None:
    """Insert the labels of models that are not there yet."""
    found = {tuple(each.prediction.get("probabilities") or ()) for each in exchanges}
    rows = [{"key": key, "labels": text} for key, text in map(label_set, found)]
    connection.execute(upsert(connection, LABEL_SETS).on_conflict_do_nothing(index_elements=["key"]), rows)


def _insert_pictures(
    connection: Connection, rows: Sequence[dict[str, Any]], exchanges: Sequence[Exchange]
) -> dict[str, bytes]:
    found, files = dict[bytes, dict[str, Any]](), dict[str, bytes]()
    for row, each in zip(rows, exchanges, strict=True):
        if each.picture is not None:
            key, size = row["picture"], len(each.picture)
            found[key] = {"key": key, "media_type": each.media_type, "bytes": size, "last": row["number"]}
            files[picture_name(key, each.media_type)] = each.picture
    if found:
        statement = upsert(connection, PICTURES)
        statement = statement.on_conflict_do_update(index_elements=["key"], set_={"last": statement.excluded.last})
        connection.execute(statement, list(found.values()))
    return files


def _count(connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
    traffic, seconds, hours = Counter[Any](), Counter[Any](), dict[int, dict[str, int]]()
    for row in rows:
        hour = hour_of(row["time"])
        key = (hour, row["bundle"], row["decision"], row["label"])
        traffic[key] += 1
        seconds[key] += row["seconds"]
        hours.setdefault(hour, {"hour": hour, "first": row["number"]})["last"] = row["number"]
    _add_counts(connection, TRAFFIC, [_traffic_row(key, traffic[key], seconds[key]) for key in traffic])
    bundles = Counter(row["bundle"] for row in rows)
    _add_counts(connection, BUNDLES, [{"bundle": key, "exchanges": number} for key, number in bundles.items()])
    statement = upsert(connection, HOURS)
    statement = statement.on_conflict_do_update(index_elements=["hour"], set_={"last": statement.excluded.last})
    connection.execute(statement, list(hours.values()))


def _traffic_row(key: tuple[Any, ...], exchanges: int, seconds: float) -> dict[str, Any]:
    hour, bundle, decision, label = key
    row = {"hour": hour, "bundle": bundle, "decision": decision, "label": label}
    return {**row, "exchanges": exchanges, "seconds": seconds}


def _add_counts(connection: Connection, table: Any, rows: list[dict[str, Any]]) -> None:
    statement = upsert(connection, table)
    keys = [each.name for each in table.primary_key]
    sums = {name: table.c[name] + statement.excluded[name] for name in ("exchanges", "seconds") if name in table.c}
    connection.execute(statement.on_conflict_do_update(index_elements=keys, set_=sums), rows)
