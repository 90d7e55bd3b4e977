"""Statements that add: few for each batch, and new ones only."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import event, select

from discern.watching.stores.database_engine import DatabaseEngine
from discern.watching.stores.exchange_adding import count_up, find_new, insert_exchanges, insert_feedback, parts
from discern.watching.stores.exchange_tables import EXCHANGES, HOURS, LABEL_SETS
from discern.watching.stores.open_exchanges import open_store
from discern.watching.stores.sample_exchanges import START, make_exchange, make_feedback, with_picture
from discern.watching.stores.store_address import parse_address


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[DatabaseEngine]:
    open_store(tmp_path, create=True).close()
    engine = DatabaseEngine(parse_address(tmp_path))
    yield engine
    engine.close()


def test_a_batch_takes_few_statements(engine: DatabaseEngine) -> None:
    exchanges = [with_picture(number) for number in range(500)]
    statements = list[str]()
    with engine.writing() as connection:
        event.listen(connection, "before_cursor_execute", lambda *given: statements.append(given[2]))
        new, _ = find_new(connection, exchanges)
        insert_exchanges(connection, new)
        insert_feedback(connection, [make_feedback(number) for number in range(100)], new)
    assert len(statements) <= 15, statements


def test_new_exchanges_keep_their_order(engine: DatabaseEngine) -> None:
    with engine.writing() as connection:
        insert_exchanges(connection, [make_exchange(3)])
        found, _ = find_new(connection, [make_exchange(number) for number in (5, 3, 1, 5, 2)])
    assert [int(each.id, 16) for each in found] == [5, 1, 2]


def test_pictures_are_returned_by_the_names_of_their_files(engine: DatabaseEngine) -> None:
    exchanges = [with_picture(1, b"same"), make_exchange(2), with_picture(3, b"same"), with_picture(4, b"other")]
    with engine.writing() as connection:
        files = insert_exchanges(connection, exchanges)
        assert sorted(files.values()) == [b"other", b"same"]
        assert insert_exchanges(connection, []) == {}


def test_labels_are_kept_once(engine: DatabaseEngine) -> None:
    prediction = {"label": "a", "decision": "accept", "probabilities": {"a": 1.0}}
    with engine.writing() as connection:
        for start in (0, 10):
            insert_exchanges(connection, [make_exchange(start + number) for number in range(3)])
        insert_exchanges(connection, [make_exchange(20, prediction=prediction)])
        found = connection.execute(select(LABEL_SETS.c.labels)).scalars().all()
    assert sorted(found) == ['["a"]', '["cat", "dog"]']


def test_an_hour_has_its_lowest_and_highest_number(engine: DatabaseEngine) -> None:
    with engine.writing() as connection:
        insert_exchanges(connection, [make_exchange(each, time=START + 3600 * (each == 2)) for each in (1, 2, 3)])
        insert_exchanges(connection, [make_exchange(each, time=START + 3600 * (each == 5)) for each in (4, 5)])
        hours = {row.hour - START: (row.first, row.last) for row in connection.execute(select(HOURS))}
    assert hours == {0: (1, 4), 3600: (2, 5)}


def test_feedback_for_many_exchanges_is_noted(engine: DatabaseEngine) -> None:
    exchanges = [make_exchange(number) for number in range(6000)]
    with engine.writing() as connection:
        insert_exchanges(connection, exchanges)
        insert_feedback(connection, [make_feedback(number) for number in range(0, 6000, 1000)], exchanges)
        told = connection.execute(select(EXCHANGES.c.id).where(EXCHANGES.c.truth == "dog")).scalars().all()
    assert [int(each, 16) for each in told] == list(range(0, 6000, 1000))


def test_a_counter_counts_on(engine: DatabaseEngine) -> None:
    with engine.writing() as connection:
        assert [count_up(connection, "lost", by) for by in (2, 0, 5)] == [2, 2, 7]


def test_values_are_parted_for_statements() -> None:
    assert [len(each) for each in parts(range(12_000))] == [5000, 5000, 2000]
    assert list(parts([])) == []
