"""Finds what only a forged graph holds, by walking the bytes of its protobuf, so that no library for ONNX is needed."""

from collections.abc import Iterator

# The engine takes bytes of its own other format for a graph too, where the first field of protobuf may stand as well.
_OTHER_FORMAT = slice(4, 8), b"ORTM"
_MOST_FIELDS = 1_000_000
_TAG_LIMIT, _VARINT_BYTES = 1 << 32, 10
_VARINT, _LENGTH = 0, 2
_FIXED = {1: 8, 5: 4}
# Message -> number of a field -> the message in it, by ONNX's schema; all other fields are passed over unread.
_INSIDE: dict[str, dict[int, str]] = {
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
    """These bytes are no protobuf, or none that ONNX's writers make."""


def find_fault(graph: bytes) -> str | None:
    """Say why a serialised ONNX model must not be run; None: no reason was found.

    External data is a reason wherever a tensor may stand: in weights, attributes, subgraphs, functions, sparse tensors.
    It would be read from the disk of whoever runs the graph, and come out with its answers.

    >>> find_fault(b"") is None, find_fault(bytes(8))
    (True, 'cannot be read')
    """
    where, other = _OTHER_FORMAT
    if graph[where] == other:
        return "is not in the ONNX format"
    try:
        return _walk(memoryview(graph))
    except _Malformed:
        return "cannot be read"


def _walk(model: memoryview) -> str | None:
    # A list and no recursion, however deep the subgraphs of a forger are.
    messages, visited = [("model", model)], 0
    while messages:
        kind, data = messages.pop()
        for number, value in _fields(data):
            visited += 1
            if visited > _MOST_FIELDS:
                return "has more parts than any bundle's"
            if kind == "tensor" and (number == _EXTERNAL_DATA or (number == _DATA_LOCATION and value != 0)):
                return "keeps weights in other files"
            if isinstance(value, int):
                continue
            if kind == "node" and number == _OPERATION and bytes(value[:5]) in (b"Loop", b"Scan"):
                return "has loops, which no bundle has"
            if number in _INSIDE[kind]:
                messages.append((_INSIDE[kind][number], value))
    return None


def _fields(data: memoryview) -> Iterator[tuple[int, int | memoryview]]:
    """The fields of one message: number, and an integer or the bytes, which are not copied."""
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
    """An integer of seven bits a byte, and where it ends."""
    value = 0
    for place, byte in enumerate(data[at : at + _VARINT_BYTES]):
        value |= (byte & 0x7F) << (7 * place)
        if byte < 0x80:
            return value, at + place + 1
    raise _Malformed
