"""Only encodings about which no two protobuf decoders can disagree are decoded."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from discern.bundle.graph_safety import wire_format
from discern.bundle.graph_safety.wire_format import InvalidEncoding, count_varints, decode_varint, split_fields

FF = b"\xff"
UNUSUAL = {
    "a zero in two bytes": b"\x80\x00",
    "a seven in three bytes": b"\x87\x80\x00",
    "65 bits": FF * 9 + b"\x03",
    "70 bits": FF * 9 + b"\x7f",
    "eleven bytes": FF * 10 + b"\x01",
    "no end": b"\x80",
    "ten bytes without an end": FF * 10,
}


def encode(number: int) -> bytes:
    """Encode a number as protobuf does."""
    encoded = bytearray()
    while number > 0x7F:
        encoded.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*encoded, number])


@given(st.integers(0, 2**64 - 1))
def test_every_number_has_one_encoding(number: int) -> None:
    encoded = encode(number)
    assert decode_varint(encoded + b"x", 0, len(encoded)) == (number, len(encoded))


@given(st.lists(st.integers(0, 2**64 - 1), max_size=40), st.integers(0, 3))
def test_packed_numbers_are_counted(numbers: list[int], before: int) -> None:
    packed = b"".join(map(encode, numbers))
    assert count_varints(FF * before + packed + FF, before, before + len(packed)) == len(numbers)


def test_packed_numbers_may_cross_the_chunks_of_the_count() -> None:
    chunk = wire_format._CHUNK
    for shift in range(12):
        packed = b"\x05" * (chunk - shift) + encode(2**64 - 1) + b"\x05" * 7
        assert count_varints(packed, 0, len(packed)) == chunk - shift + 8


@pytest.mark.parametrize("read", [decode_varint, count_varints])
@pytest.mark.parametrize("name", UNUSUAL)
def test_an_unusual_number_is_rejected(name: str, read: Callable[[bytes, int, int], object]) -> None:
    with pytest.raises(InvalidEncoding, match="cannot be read"):
        read(UNUSUAL[name], 0, len(UNUSUAL[name]))


@pytest.mark.parametrize("name", UNUSUAL)
def test_an_unusual_number_is_found_among_many(name: str) -> None:
    packed = b"\x01" * 500 + UNUSUAL[name]
    with pytest.raises(InvalidEncoding):
        count_varints(packed, 0, len(packed))


def test_fields_of_all_types_are_split() -> None:
    message = b"\x08\x96\x01" + b"\x12\x02ab" + b"\x1d1234" + b"\x2112345678" + b"\x80\x7d\x00"
    assert list(split_fields(message, 0, len(message))) == [
        (1 << 3, 150, 0),
        (2 << 3 | 2, 5, 7),
        (3 << 3 | 5, 8, 12),
        (4 << 3 | 1, 13, 21),
        (2000 << 3, 0, 0),
    ]


@pytest.mark.parametrize(
    ("message", "why"),
    [
        (b"\x00\x00", "number 0"),
        (b"\x02\x00", "number 0"),
        (b"\x0b\x0c", "group"),
        (b"\x0c", "group"),
        (b"\x0e\x00", "unknown type"),
        (b"\x0f\x00", "unknown type"),
        (b"\x0a", "cut off"),
        (b"\x0a\x02a", "cut off"),
        (b"\x0a" + encode(2**63), "cut off"),
        (b"\x0d123", "cut off"),
        (b"\x091234567", "cut off"),
        (b"\x08", "cut off"),
        (b"\x8a\x00\x00", "unusual"),
        (b"\xba\x80\x80\x80\x80\x01\x00", "number"),
        (encode(2**32 << 3) + b"\x00", "number"),
    ],
)
def test_an_invalid_field_is_rejected(message: bytes, why: str) -> None:
    with pytest.raises(InvalidEncoding, match=why):
        list(split_fields(message, 0, len(message)))


def test_a_field_must_end_inside_its_message() -> None:
    message = b"\x0a\x02ab"
    with pytest.raises(InvalidEncoding, match="cut off"):
        list(split_fields(message, 0, 3))
    assert list(split_fields(message, 2, 2)) == []


@given(st.binary(max_size=60))
def test_any_bytes_are_decoded_or_rejected(data: bytes) -> None:
    try:
        fields = list(split_fields(data, 0, len(data)))
    except InvalidEncoding:
        return
    assert all(end <= len(data) for _, _, end in fields)


def test_many_numbers_are_counted_without_copies() -> None:
    packed = np.ones(30_000_000, np.uint8).tobytes()
    assert count_varints(packed, 0, len(packed)) == len(packed)
