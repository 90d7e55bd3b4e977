"""Tables: what is not personal may stay, and rows of exchanges are short."""

from sqlalchemy import LargeBinary

from discern.watching.stores.exchange_tables import BUNDLES, EXCHANGES, HOURS, METADATA, TRAFFIC


def test_counts_have_nothing_of_one_exchange() -> None:
    for table in (TRAFFIC, HOURS, BUNDLES):
        assert {"id", "client", "client_id", "content", "pixels", "exchange"} & set(table.c.keys()) == set()


def test_long_values_are_beside_the_rows_that_are_read_often() -> None:
    binary = {each.name for each in EXCHANGES.c if isinstance(each.type, LargeBinary)}
    assert binary == {"picture"}, "a key of 32 bytes"


def test_each_table_has_a_primary_key() -> None:
    assert all(table.primary_key.columns for table in METADATA.tables.values())
