"""Records: each one is found again whole, torn and damaged ones are passed over, and none can be planted."""

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from discern.inference.exchange import Exchange, Feedback
from discern.inference.exchange_record import (
    NO_SEAL,
    Loss,
    Record,
    decode_records,
    encode_exchange,
    encode_feedback,
    encode_loss,
)
from tests.unit.inference.factories import make_exchange, make_feedback, same_exchange


def contents(data: bytes, seal: bytes = NO_SEAL) -> list[Exchange | Feedback | Loss | None]:
    return [each.content for each in decode_records(data, seal=seal)]


def numbers(records: list[Record]) -> list[int]:
    """Numbers of the exchanges among some records."""
    return [int(each.content.id, 16) for each in records if isinstance(each.content, Exchange)]


def covered(records: list[Record]) -> list[tuple[int, int]]:
    return [(each.start, each.end) for each in records]


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"picture": None, "media_type": ""},
        {"picture": b""},
        {"embedding": None},
        {"embedding": np.array([1e30, np.pi, -1e-30], np.float32)},
        {"client_id": "größe-1", "kept_with": 0.05, "pixels": "cd" * 32},
        {"prediction": {"label": "ç", "confidence": None, "probabilities": {"ç": 1.0}}},
    ],
)
def test_an_exchange_is_read_as_it_was_written(changes: dict[str, object]) -> None:
    exchange = make_exchange(3, **changes)
    [found] = contents(encode_exchange(exchange))
    assert isinstance(found, Exchange)
    assert same_exchange(found, exchange)


def test_feedback_and_losses_stand_between_exchanges() -> None:
    feedback, loss = make_feedback(1, is_new=True), Loss(count=7, time=5.0)
    found = contents(encode_exchange(make_exchange(1)) + encode_feedback(feedback) + encode_loss(loss))
    assert isinstance(found[0], Exchange)
    assert found[1:] == [feedback, loss]


@given(cut=st.integers(0, 3000))
@settings(max_examples=60)
def test_a_torn_record_ends_what_can_be_read_at_any_byte(cut: int) -> None:
    whole = [encode_exchange(make_exchange(number)) for number in range(3)]
    data = b"".join(whole)[:cut]
    records = list(decode_records(data))
    complete = sum(1 for count in range(1, 4) if sum(map(len, whole[:count])) <= cut)
    assert numbers(records) == list(range(complete))
    assert (records[-1].content is None if records else False) is (len(data) > sum(map(len, whole[:complete])))
    assert sum(end - start for start, end in covered(records)) == len(data)


def test_a_record_behind_a_torn_one_is_found() -> None:
    first, second, third = (encode_exchange(make_exchange(number)) for number in range(3))
    records = list(decode_records(first[:-9] + second + third[:40]))
    assert numbers(records) == [1]
    assert [each.content is None for each in records] == [True, False, True]
    assert covered(records)[0] == (0, len(first) - 9)


def test_any_damaged_byte_costs_one_record_at_most() -> None:
    data = b"".join(encode_exchange(make_exchange(number)) for number in range(3))
    draw = random.Random(0)
    for _ in range(100):
        damaged = bytearray(data)
        damaged[draw.randrange(len(data))] ^= 1 << draw.randrange(8)
        records = list(decode_records(bytes(damaged)))
        assert len(numbers(records)) == 2
        assert sum(each.content is None for each in records) == 1


def test_a_record_inside_a_picture_is_not_taken_for_one_without_the_seal() -> None:
    seal = b"secret!!"
    planted = encode_exchange(make_exchange(666))
    carrier = encode_exchange(make_exchange(1, picture=planted * 3), seal=seal)
    assert numbers(list(decode_records(carrier, seal=seal))) == [1]
    torn = carrier[:-5] + encode_exchange(make_exchange(2), seal=seal)
    assert numbers(list(decode_records(torn, seal=seal))) == [2]


def test_a_field_of_a_later_version_is_left_out() -> None:
    data = encode_exchange(make_exchange(1)).replace(b'"has_picture"', b'"new_picture"')
    assert contents(data) == [None]  # its checksum no longer fits
    assert contents(b"") == []
    assert contents(b"plain text") == [None]
