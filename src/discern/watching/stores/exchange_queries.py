"""Statements that read exchanges."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import BigInteger, Select, cast, func, literal_column, select

from discern.watching.stores.exchange_rows import COLUMNS, HOUR, hour_of
from discern.watching.stores.exchange_tables import DETAILS, EXCHANGES, HOURS, LABEL_SETS, PICTURES, TRAFFIC

_SHORT = [EXCHANGES.c[name] for name in COLUMNS]


def select_columns(
    *,
    bundle: str | None,
    after: int,
    since: float | None,
    until: float | None,
    limit: int | None,
    embeddings: bool,
    newest: bool,
) -> Select[Any]:
    """Return the statement of `ExchangeStore.columns`; with `newest`, rows come in descending order."""
    statement = _from_columns(embeddings=embeddings).where(EXCHANGES.c.number > after)
    if bundle is not None:
        statement = statement.where(EXCHANGES.c.bundle == bundle)
    if since is not None:
        first = select(func.min(HOURS.c.first)).where(HOURS.c.hour >= hour_of(since)).scalar_subquery()
        statement = statement.where(EXCHANGES.c.time >= since, EXCHANGES.c.number >= first)
    if until is not None:
        last = select(func.max(HOURS.c.last)).where(HOURS.c.hour <= hour_of(until)).scalar_subquery()
        statement = statement.where(EXCHANGES.c.time < until, EXCHANGES.c.number <= last)
    order = EXCHANGES.c.number.desc() if newest and limit is not None else EXCHANGES.c.number
    return statement.order_by(order).limit(limit)


def select_columns_of(ids: Sequence[str], *, embeddings: bool) -> Select[Any]:
    """Return the statement of `ExchangeStore.columns_of`."""
    return _from_columns(embeddings=embeddings).where(EXCHANGES.c.id.in_(ids)).order_by(EXCHANGES.c.number)


def select_exchange(exchange_id: str) -> Select[Any]:
    """Return the statement that reads all about one exchange, in one snapshot."""
    details = (DETAILS.c.embedding, DETAILS.c.prediction, DETAILS.c.probabilities, LABEL_SETS.c.labels)
    tables = EXCHANGES.join(DETAILS, DETAILS.c.number == EXCHANGES.c.number)
    tables = tables.outerjoin(LABEL_SETS, LABEL_SETS.c.key == DETAILS.c.labels)
    tables = tables.outerjoin(PICTURES, PICTURES.c.key == EXCHANGES.c.picture)
    return (
        select(EXCHANGES, *details, PICTURES.c.key, PICTURES.c.media_type)
        .select_from(tables)
        .where(EXCHANGES.c.id == exchange_id)
    )


def select_picture(exchange_id: str) -> Select[Any]:
    """Return the statement that reads key and media type of an exchange's picture."""
    tables = EXCHANGES.join(PICTURES, PICTURES.c.key == EXCHANGES.c.picture)
    return select(PICTURES.c.key, PICTURES.c.media_type).select_from(tables).where(EXCHANGES.c.id == exchange_id)


def select_traffic(*, since: float | None, bundle: str | None, step: int) -> Select[Any]:
    """Return the statement of `ExchangeStore.traffic`."""
    keys = (TRAFFIC.c.bundle, TRAFFIC.c.decision, TRAFFIC.c.label)
    if step == HOUR:
        statement = select(TRAFFIC.c.hour, *keys, TRAFFIC.c.exchanges, TRAFFIC.c.seconds)
        statement = statement.order_by(TRAFFIC.c.hour, *keys)
    else:
        start = (TRAFFIC.c.hour - TRAFFIC.c.hour % literal_column(str(int(step)))).label("start")
        # A sum of integers is a decimal number in PostgreSQL.
        counts = (cast(func.sum(TRAFFIC.c.exchanges), BigInteger), func.sum(TRAFFIC.c.seconds))
        statement = select(start, *keys, *counts).group_by(start, *keys).order_by(start, *keys)
    if since is not None:
        statement = statement.where(TRAFFIC.c.hour >= hour_of(since))
    return statement if bundle is None else statement.where(TRAFFIC.c.bundle == bundle)


def _from_columns(*, embeddings: bool) -> Select[Any]:
    if not embeddings:
        return select(*_SHORT)
    tables = EXCHANGES.join(DETAILS, DETAILS.c.number == EXCHANGES.c.number)
    return select(*_SHORT, DETAILS.c.embedding).select_from(tables)
