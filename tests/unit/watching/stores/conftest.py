"""PostgreSQL, with a database that has the tables, of which each test gets a copy."""

from collections.abc import Iterator

import pytest

from discern.watching.stores.open_exchanges import open_store
from tests.postgres_server import PostgresServer, postgres_server

TEMPLATE = "with_tables"


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    with postgres_server() as server:
        open_store(server.create(TEMPLATE), create=True).close()
        yield server
