"""Functions that pack what a look keeps for the next one into bytes, and unpack it."""

import hashlib
import json
import struct
from collections.abc import Mapping
from typing import Any

from discern.errors import StoreError

VERSION = 1
"""Version of the kept state; another one is not read."""

_MAGIC = b"discern-look"
_START = struct.Struct("<12sI32s")  # magic, version, SHA-256 of what follows
_LENGTH = struct.Struct("<I")  # of the header


def pack_look(header: Mapping[str, Any], parts: Mapping[str, bytes]) -> bytes:
    """Pack a JSON-serialisable header and named parts.

    The same content gives the same bytes.
    """
    lengths = {name: len(part) for name, part in parts.items()}
    text = json.dumps({"header": dict(header), "parts": lengths}, allow_nan=False).encode()
    rest = b"".join([_LENGTH.pack(len(text)), text, *parts.values()])
    return _START.pack(_MAGIC, VERSION, hashlib.sha256(rest).digest()) + rest


def unpack_look(data: bytes) -> tuple[dict[str, Any], dict[str, bytes]]:
    """Return the header and the parts of a packed state.

    Raises:
        StoreError: it is damaged, or of another version.
    """
    if len(data) < _START.size:
        raise _damaged()
    magic, version, digest = _START.unpack_from(data)
    if magic == _MAGIC and version != VERSION:
        raise StoreError(f"What earlier looks kept has version {version}; this version of Discern reads {VERSION}.")
    rest = data[_START.size :]
    if magic != _MAGIC or hashlib.sha256(rest).digest() != digest:
        raise _damaged()
    start = _LENGTH.size + _LENGTH.unpack_from(rest)[0]
    content, parts = json.loads(rest[_LENGTH.size : start]), {}
    for name, size in content["parts"].items():
        parts[name] = rest[start : start + size]
        start += size
    return content["header"], parts


def _damaged() -> StoreError:
    return StoreError("What earlier looks kept is damaged.")
