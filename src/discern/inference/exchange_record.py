"""Binary records of exchanges and feedback, of which many follow each other in one file.

Each record has its own length and checksum, so that a reader finds the next whole record behind a torn or damaged one.
"""

import json
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from discern.inference.exchange import Exchange, Feedback

SEAL_BYTES = 8
NO_SEAL = bytes(SEAL_BYTES)

_MAGIC = b"\x89dxR"
_HEAD = struct.Struct(f"<4s{SEAL_BYTES}sBIIII")  # magic, seal, kind, bytes of JSON, embedding and picture, checksum
_CHUNK = 4096  # zlib releases the interpreter for more, and to get it back takes longer than all of these
_UNCHECKED = 4  # bytes of the checksum itself
_EXCHANGE, _FEEDBACK, _LOSS = 1, 2, 3
_FIELDS = frozenset(each.name for each in fields(Exchange)) - {"embedding", "picture"}
_FEEDBACK_FIELDS = frozenset(each.name for each in fields(Feedback))


@dataclass(frozen=True, kw_only=True)
class Loss:
    """Number of exchanges and feedback that could not be kept.

    Attributes:
        count: their number.
        time: when this was noted, seconds since 1970 UTC.
    """

    count: int
    time: float


@dataclass(frozen=True, kw_only=True, eq=False)
class Record:
    """Record in a file, or bytes that are not one.

    Attributes:
        start: position of its first byte.
        end: position behind its last byte.
        content: the content; None for bytes that belong to a torn or damaged record.
    """

    start: int
    end: int
    content: Exchange | Feedback | Loss | None


def encode_exchange(exchange: Exchange, *, seal: bytes = NO_SEAL) -> bytes:
    """Encode an exchange as one record; its embedding keeps the full precision.

    Args:
        exchange: the exchange, with or without its picture.
        seal: 8 bytes that only the writer and the reader of a file know. Without them a client could send a picture
            whose bytes look like records, which a reader would find behind a damaged one.
    """
    embedding = b"" if exchange.embedding is None else np.asarray(exchange.embedding, "<f4").tobytes()
    described = {name: getattr(exchange, name) for name in _FIELDS}
    described["has_picture"] = exchange.picture is not None
    return _encode(_EXCHANGE, seal, described, embedding, exchange.picture or b"")


def encode_feedback(feedback: Feedback, *, seal: bytes = NO_SEAL) -> bytes:
    """Encode feedback as one record (see `encode_exchange`)."""
    return _encode(_FEEDBACK, seal, {name: getattr(feedback, name) for name in _FEEDBACK_FIELDS})


def encode_loss(loss: Loss, *, seal: bytes = NO_SEAL) -> bytes:
    """Encode the number of lost exchanges as one record (see `encode_exchange`)."""
    return _encode(_LOSS, seal, {"count": loss.count, "time": loss.time})


def decode_records(data: bytes, *, seal: bytes = NO_SEAL) -> Iterator[Record]:
    """Decode the records of a file in their order.

    Torn and damaged ones are yielded without content, and together cover all bytes that no whole record has. The last
    of them may be a record that is still being written.

    Args:
        data: content of the file, or its beginning.
        seal: the seal that its records were written with.
    """
    at, prefix = 0, _MAGIC + seal
    while at < len(data):
        start = data.find(prefix, at)
        found = None
        while start >= 0 and (found := _decode(data, start)) is None:
            start = data.find(prefix, start + 1)
        begin = found.start if found else len(data)
        if begin > at:
            yield Record(start=at, end=begin, content=None)
        if found:
            yield found
        at = found.end if found else len(data)


def _encode(kind: int, seal: bytes, described: dict[str, Any], embedding: bytes = b"", picture: bytes = b"") -> bytes:
    text = json.dumps(described, separators=(",", ":")).encode()
    head = _HEAD.pack(_MAGIC, seal, kind, len(text), len(embedding), len(picture), 0)[:-_UNCHECKED]
    checksum = zlib.crc32(head)
    for part in (text, embedding, picture):
        view = memoryview(part)
        for at in range(0, len(view), _CHUNK):
            checksum = zlib.crc32(view[at : at + _CHUNK], checksum)
    return b"".join((head, checksum.to_bytes(_UNCHECKED, "little"), text, embedding, picture))


def _decode(data: bytes, start: int) -> Record | None:
    """Decode the record at a position, or return None if it is not whole."""
    begin = start + _HEAD.size
    if begin > len(data):
        return None
    _, _, kind, text, embedding, picture, checksum = _HEAD.unpack_from(data, start)
    end = begin + text + embedding + picture
    if end > len(data):
        return None
    view = memoryview(data)
    head = zlib.crc32(view[start : begin - _UNCHECKED])
    if zlib.crc32(view[begin:end], head) != checksum:
        return None
    parts = (bytes(view[begin : begin + text]), view[begin + text : end - picture], bytes(view[end - picture : end]))
    try:
        content = _parse(kind, *parts)
    except (ValueError, TypeError, KeyError):  # written by a version with other fields
        content = None
    return Record(start=start, end=end, content=content)


def _parse(kind: int, text: bytes, embedding: memoryview, picture: bytes) -> Exchange | Feedback | Loss:
    described = json.loads(text)
    if kind == _LOSS:
        return Loss(count=described["count"], time=described["time"])
    if kind == _FEEDBACK:
        return Feedback(**{name: described[name] for name in _FEEDBACK_FIELDS & described.keys()})
    if kind != _EXCHANGE:
        raise ValueError(kind)
    return Exchange(
        **{name: described[name] for name in _FIELDS & described.keys()},
        embedding=np.frombuffer(embedding, "<f4").astype(np.float32) if len(embedding) else None,
        picture=picture if described["has_picture"] else None,
    )
