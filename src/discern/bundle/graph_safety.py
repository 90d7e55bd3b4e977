"""Functions that detect unsafe content in ONNX graphs without importing the onnx library."""

from collections.abc import Iterator

# ONNX Runtime also loads its own ORT format, whose first bytes can be a valid protobuf field as well.
_ORT_FORMAT = slice(4, 8), b"ORTM"
_MAX_FIELDS = 1_000_000  # limits the time of the check; not tuned
_TAG_LIMIT, _VARINT_BYTES = 1 << 32, 10
_VARINT, _LENGTH = 0, 2
_FIXED = {1: 8, 5: 4}
# Message -> field number -> message in that field, by ONNX's schema; all other fields are skipped.
_SUBMESSAGES: dict[str, dict[int, str]] = {
    "model": {7: "graph", 20: "training", 25: "function"},
    "training": {1: "graph", 2: "graph"},
    "function": {7: "node", 11: "attribute"},
    "graph": {1: "node", 5: "tensor", 15: "sparse tensor"},
    "node": {5: "attribute"},
    "attribute": {
        5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse tensor", 23: "sparse tensor",
    },
    "sparse tensor": {1: "tensor", 2: "tensor"},
    "tensor": {},
}  # fmt: skip
_OPERATION = 4
_EXTERNAL_DATA, _DATA_LOCATION = 13, 14


class _Malformed(ValueError):
    """Error raised for a malformed protobuf message."""


def find_fault(graph: bytes) -> str | None:
    """Check a serialised ONNX model for unsafe content and return the fault found, or None.

    External data is rejected in weights, attributes, subgraphs, functions and sparse tensors: it would be read from the
    disk of the machine that runs the graph, and leak through its outputs.

    >>> find_fault(b"") is None, find_fault(bytes(8))
    (True, 'cannot be read')
    """
    where, marker = _ORT_FORMAT
    if graph[where] == marker:
        return "is not in the ONNX format"
    try:
        return _walk(memoryview(graph))
    except _Malformed:
        return "cannot be read"


def _walk(model: memoryview) -> str | None:
    # A stack instead of recursion: a forged graph can be nested deeply.
    messages, visited = [("model", model)], 0
    while messages:
        kind, data = messages.pop()
        for number, value in _fields(data):
            visited += 1
            if visited > _MAX_FIELDS:
                return f"has more than {_MAX_FIELDS:,} fields"
            if kind == "tensor" and (number == _EXTERNAL_DATA or (number == _DATA_LOCATION and value != 0)):
                return "keeps weights in other files"
            if isinstance(value, int):
                continue
            if kind == "node" and number == _OPERATION and bytes(value[:5]) in (b"Loop", b"Scan"):
                return "contains loops"
            if number in _SUBMESSAGES[kind]:
                messages.append((_SUBMESSAGES[kind][number], value))
    return None


def _fields(data: memoryview) -> Iterator[tuple[int, int | memoryview]]:
    """Iterate over the field numbers and values of a serialised protobuf message."""
    at = 0
    while at < len(data):
        tag, at = _varint(data, at)
        number, wire = tag >> 3, tag & 7
        if not number or tag >= _TAG_LIMIT:
            raise _Malformed
        if wire == _VARINT:
            value, at = _varint(data, at)
            yield number, value
            continue
        size, at = _varint(data, at) if wire == _LENGTH else (_FIXED.get(wire, -1), at)
        if size < 0 or at + size > len(data):
            raise _Malformed
        yield number, data[at : at + size]
        at += size


def _varint(data: memoryview, at: int) -> tuple[int, int]:
    """Decode a protobuf varint and return its value with the position after it."""
    value = 0
    for place, byte in enumerate(data[at : at + _VARINT_BYTES]):
        value |= (byte & 0x7F) << (7 * place)
        if byte < 0x80:
            return value, at + place + 1
    raise _Malformed
