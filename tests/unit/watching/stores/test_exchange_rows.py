"""Rows of the tables, and columns of rows."""

import math

import numpy as np
import pytest

from discern.watching.stores.exchange_rows import (
    COLUMNS,
    clean,
    columns_of_rows,
    decode_embeddings,
    digest_of,
    encode_embedding,
    exchange_row,
    hour_of,
)
from discern.watching.stores.exchange_tables import EXCHANGES
from discern.watching.stores.sample_exchanges import make_exchange, with_picture


def test_a_row_has_all_columns_of_the_table() -> None:
    assert set(exchange_row(make_exchange(1), 7)) == set(EXCHANGES.c.keys())
    assert set(COLUMNS) <= set(EXCHANGES.c.keys())


def test_a_number_that_is_not_defined_is_null() -> None:
    row = exchange_row(make_exchange(1, confidence=math.nan, unknown_score=None), 1)
    assert (row["confidence"], row["unknown_score"]) == (None, None)
    columns = columns_of_rows([[row[name] for name in COLUMNS]], embeddings=False)
    assert np.isnan([columns.confidence[0], columns.unknown_score[0]]).all()


def test_the_key_of_a_picture_is_the_digest_of_its_own_bytes() -> None:
    first, second = (exchange_row(with_picture(number, b"same"), 1)["picture"] for number in (1, 2))
    assert first == second
    assert len(first) == 32
    assert exchange_row(make_exchange(1), 1)["picture"] is None


def test_columns_without_rows_have_their_types() -> None:
    columns = columns_of_rows([], embeddings=True)
    assert len(columns) == 0
    assert (columns.number.dtype, columns.time.dtype, columns.is_new.dtype) == (np.int64, np.float64, np.bool_)
    assert columns.id.dtype == columns.truth.dtype == np.object_
    assert columns.embedding is None


@pytest.mark.parametrize("values", [[0.0, 1.5, -2.25], [1e6, -1e6, 65504.0], [1e-9, 3.14159, 0.1]])
def test_an_embedding_keeps_the_precision_of_float16(values: list[float]) -> None:
    embedding = np.array(values, np.float32)
    back = decode_embeddings([encode_embedding(embedding)] * 2)
    assert back.shape == (2, 3)
    assert back.dtype == np.float32
    assert np.isfinite(back).all()
    assert np.allclose(back[1], np.clip(embedding, -65504, 65504), rtol=2**-10, atol=1e-7)


@pytest.mark.parametrize(
    ("text", "kept"),
    [("plain", "plain"), ("größe 🍌", "größe 🍌"), ("a\0b", "a\ufffdb"), ("a\ud800b", "a?b"), ("", "")],
)
def test_a_text_is_one_that_databases_can_keep(text: str, kept: str) -> None:
    assert clean(text) == kept
    assert digest_of(text) == digest_of(kept)


def test_an_hour_begins_at_a_multiple_of_3600() -> None:
    assert [hour_of(time) for time in (0, 3599.999, 3600, 1e9, -1)] == [0, 0, 3600, 999997200, -3600]
