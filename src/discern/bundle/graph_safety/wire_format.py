"""Strict decoder of protobuf's wire format.

Protobuf's own decoders accept more than one encoding of the same message and silently resolve conflicts, not all in the
same way. This one accepts only encodings about which they cannot disagree.
"""

from collections.abc import Iterator

import numpy as np

from discern.bundle.graph_safety.graph_limits import GraphFault

VARINT, FIXED64, LENGTH, FIXED32 = 0, 1, 2, 5
_SIZES = {FIXED64: 8, FIXED32: 4}
_VARINT_BYTES = 10
_LARGEST_TAG = (1 << 32) - 1
_CHUNK = 1 << 22


class InvalidEncoding(GraphFault):
    """Error raised for a message that is not valid protobuf."""

    def __init__(self, why: str) -> None:
        super().__init__(f"cannot be read: {why}")


def decode_varint(data: bytes, at: int, end: int) -> tuple[int, int]:
    """Decode a protobuf varint and return its value, unsigned, with the position after it."""
    value = shift = 0
    for place in range(at, min(end, at + _VARINT_BYTES)):
        byte = data[place]
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            if (not byte and place > at) or value >> 64:
                raise InvalidEncoding("it has a number in an unusual encoding")
            return value, place + 1
        shift += 7
    raise InvalidEncoding("it has a number that does not end" if at + _VARINT_BYTES <= end else "it is cut off")


def split_fields(data: bytes, at: int, end: int) -> Iterator[tuple[int, int, int]]:
    """Iterate over the fields of a protobuf message in `data[at:end]`.

    Yields:
        Tag of a field, which is eight times its number plus its wire type, and either the value of a varint and 0, or
        start and end of the field's content.
    """
    while at < end:
        tag = data[at]
        at += 1
        if tag >= 0x80:
            tag, at = decode_varint(data, at - 1, end)
        wire = tag & 7
        if tag <= wire or tag > _LARGEST_TAG:
            raise InvalidEncoding(f"it has a field of the number {tag >> 3}")
        if wire in _SIZES:
            size = _SIZES[wire]
        elif wire in (VARINT, LENGTH):
            # Most numbers take one byte, and this loop takes most of the time.
            size = data[at] if at < end else 0x80
            at += 1
            if size >= 0x80:
                size, at = decode_varint(data, at - 1, end)
            if wire == VARINT:
                yield tag, size, 0
                continue
        else:
            raise InvalidEncoding("it has a group or an unknown type of field")
        start = at
        at += size
        if at > end:
            raise InvalidEncoding("it is cut off")
        yield tag, start, at


def count_varints(data: bytes, at: int, end: int) -> int:
    """Count the varints in a packed field, after checking their encoding.

    >>> count_varints(bytes([5, 0x80, 1]), 0, 3)
    2
    """
    count = 0
    while at < end:
        stop = min(end, at + _CHUNK)
        while stop < end and data[stop - 1] >= 0x80 and stop - at < _CHUNK + _VARINT_BYTES:
            stop += 1
        count += _count_checked(np.frombuffer(data, np.uint8, stop - at, at))
        at = stop
    return count


def _count_checked(packed: np.ndarray) -> int:
    more = packed >= 0x80
    # True where a byte and the eight after it all announce another byte: the tenth must be the last, and 0 or 1.
    run = more
    for place in range(1, _VARINT_BYTES - 1):
        run = run[:-1] & more[place:]
    overlong, too_large = (packed[1:] == 0) & more[:-1], run[:-1] & (packed[_VARINT_BYTES - 1 :] > 1)
    if more[-1] or overlong.any() or too_large.any():
        raise InvalidEncoding("it has numbers in an unusual encoding")
    return int(np.count_nonzero(~more))
