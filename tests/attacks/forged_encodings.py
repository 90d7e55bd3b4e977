"""Forged graphs in odd encodings: bytes that two readers of protobuf may understand differently, or not at all."""

from collections.abc import Callable

import onnx
from onnx import helper

from tests.attacks.forged_bundle import ForgedGraph, on_model, table
from tests.attacks.hostile_bundles import elsewhere, in_two_formats

VARINT, FIXED64, LENGTH, START, END, FIXED32 = range(6)
MODEL_GRAPH, MODEL_PRODUCER, MODEL_VERSION = 7, 2, 1
GRAPH_NODE, GRAPH_NAME, GRAPH_INITIALIZER = 1, 2, 5


def varint(value: int, *, size: int = 0) -> bytes:
    """Encode a number, in as many bytes as given if that is more than it needs."""
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    while len(out) < size:
        out[-1] |= 0x80
        out.append(0)
    return bytes(out)


def field(number: int, data: bytes, *, tag_size: int = 0, length_size: int = 0) -> bytes:
    """Encode a field of bytes."""
    return varint(number << 3 | LENGTH, size=tag_size) + varint(len(data), size=length_size) + data


def number_field(number: int, value: int, *, size: int = 0) -> bytes:
    """Encode a field of one number."""
    return varint(number << 3 | VARINT) + varint(value, size=size)


def node(operation: str, *inputs: str, result: str = "more") -> bytes:
    """Serialise a node."""
    return bytes(helper.make_node(operation, list(inputs), [result]).SerializeToString())


def in_graph(data: bytes) -> Callable[[bytes], bytes]:
    """Return a change that appends bytes to the graph, as a second graph that is merged with the first."""
    return lambda graph: graph + field(MODEL_GRAPH, data)


def inside(data: bytes) -> Callable[[bytes], bytes]:
    """Return a change that appends bytes to the graph in place."""

    def change(graph: bytes) -> bytes:
        model = onnx.load_from_string(graph)
        inner = model.graph.SerializeToString()
        model.ClearField("graph")
        return bytes(model.SerializeToString()) + field(MODEL_GRAPH, inner + data)

    return change


def after(data: bytes) -> Callable[[bytes], bytes]:
    """Return a change that appends bytes to the model."""
    return lambda graph: graph + data


def nested(depth: int) -> bytes:
    """Build a node whose attribute has a graph, whose node has an attribute, and so on."""
    heads: list[bytes] = []
    size = 0
    for _ in range(depth):
        for number in (6, 5, GRAPH_NODE):  # a graph in an attribute in a node
            head = varint(number << 3 | LENGTH) + varint(size)
            heads.append(head)
            size += len(head)
    return b"".join(reversed(heads))


def merged_location() -> bytes:
    """Build a constant whose tensor comes in two parts, of which only the second refers to a file."""
    first = field(5, field(8, b"secret") + number_field(2, 1) + number_field(1, 6))
    second = field(5, number_field(14, 1) + field(13, field(1, b"location") + field(2, b"secret.png")))
    attribute = field(1, b"value") + number_field(20, 4) + first + second
    return field(GRAPH_NODE, field(2, b"secret") + field(4, b"Constant") + field(5, attribute))


def truncated_location(value: int) -> bytes:
    """Build a tensor whose place is a number that means EXTERNAL only once it is cut to 32 bits."""
    tensor = elsewhere(located=False, named=False).SerializeToString() + number_field(14, value, size=10)
    return field(GRAPH_INITIALIZER, tensor)


def disguised_loop() -> bytes:
    """Build a node whose type is given twice, as protobuf allows: the last one counts."""
    return field(GRAPH_NODE, field(4, b"Identity") + field(1, b"pixels") + field(2, b"more") + field(4, b"Loop"))


def tiny_fields(count: int) -> Callable[[bytes], bytes]:
    """Return a change that appends empty nodes."""
    return lambda graph: graph + field(MODEL_GRAPH, field(GRAPH_NODE, b"") * count)


def retyped(old: bytes, new: bytes) -> Callable[[bytes], bytes]:
    """Return a change that replaces bytes, which must be there once at least."""

    def change(graph: bytes) -> bytes:
        assert old in graph
        return graph.replace(old, new, 1)

    return change


UNREADABLE = "read|encod|malformed|format"
ENCODINGS: tuple[ForgedGraph, ...] = (
    *table(
        "encoding",
        {
            "nothing": (lambda graph: b"", f"{UNREADABLE}|graph|empty|opset"),
            "zeros": (lambda graph: bytes(1000), UNREADABLE),
            "text": (lambda graph: b'ir_version: 8 graph { name: "x" }', UNREADABLE),
            "JSON": (lambda graph: b'{"irVersion": "8", "graph": {}}', UNREADABLE),
            "half": (lambda graph: graph[: len(graph) // 2], UNREADABLE),
            "all but one byte": (lambda graph: graph[:-1], UNREADABLE),
            "twice": (lambda graph: graph + graph, f"{UNREADABLE}|twice|more than"),
            "the format of another engine": (lambda graph: in_two_formats(), "ONNX format|read"),
            "the mark of another engine's format": (
                lambda graph: field(MODEL_PRODUCER, b"ab")[:4] + b"ORTM" + graph,
                "ONNX format|read",
            ),
        },
    ),
    *table(
        "overlong number",
        {
            "a tag": (after(varint(MODEL_PRODUCER << 3 | LENGTH, size=2) + varint(1) + b"x"), UNREADABLE),
            "a tag of ten bytes": (after(field(MODEL_PRODUCER, b"x", tag_size=10)), UNREADABLE),
            "a length": (after(field(MODEL_PRODUCER, b"x", length_size=5)), UNREADABLE),
            "the length of a graph": (lambda graph: graph + field(MODEL_GRAPH, b"", length_size=3), UNREADABLE),
            "an operator's name": (
                inside(field(GRAPH_NODE, field(1, b"pixels") + field(2, b"more") + field(4, b"Loop", length_size=2))),
                UNREADABLE,
            ),
            "a number": (inside(field(GRAPH_INITIALIZER, number_field(1, 6, size=9))), UNREADABLE),
            "a number of eleven bytes": (inside(field(GRAPH_INITIALIZER, number_field(1, 6, size=11))), UNREADABLE),
            "a number beyond 64 bits": (
                inside(field(GRAPH_INITIALIZER, b"\x08" + b"\xff" * 9 + b"\x7f")),
                UNREADABLE,
            ),
            "a number without end": (after(b"\x08" + b"\xff" * 100), UNREADABLE),
            "the version": (lambda graph: number_field(MODEL_VERSION, 8, size=10) + graph, UNREADABLE),
            "a place cut to 32 bits": (inside(truncated_location(2**32 + 1)), f"{UNREADABLE}|other files"),
            "a place that is negative": (
                inside(truncated_location(2**64 - 2**32 + 1)),
                f"{UNREADABLE}|other files",
            ),
        },
    ),
    *table(
        "odd field",
        {
            "a graph merged from two": (in_graph(b""), f"{UNREADABLE}|twice|more than"),
            "a graph merged from two, with a loop": (
                in_graph(field(GRAPH_NODE, node("Loop"))),
                f"{UNREADABLE}|twice|more than|loops",
            ),
            "a tensor merged from two": (inside(merged_location()), f"{UNREADABLE}|twice|more than|other files"),
            "a type given twice": (inside(disguised_loop()), f"{UNREADABLE}|twice|more than|loops"),
            "a name given twice": (inside(field(GRAPH_NAME, b"other")), f"{UNREADABLE}|twice|more than"),
            "a group": (after(varint(99 << 3 | START) + varint(99 << 3 | END)), f"{UNREADABLE}|field"),
            "a group without end": (after(varint(99 << 3 | START)), f"{UNREADABLE}|field"),
            "the end of a group": (after(varint(99 << 3 | END)), f"{UNREADABLE}|field"),
            "a graph as a group": (
                after(varint(MODEL_GRAPH << 3 | START) + field(GRAPH_NODE, node("Loop")) + varint(7 << 3 | END)),
                f"{UNREADABLE}|field",
            ),
            "a wire type that does not exist": (after(b"\x0e\x00"), f"{UNREADABLE}|field"),
            "the other wire type that does not exist": (after(b"\x0f\x00"), f"{UNREADABLE}|field"),
            "field 0": (after(b"\x02\x00"), f"{UNREADABLE}|field"),
            "the highest field number": (after(number_field(2**29 - 1, 1)), f"{UNREADABLE}|field"),
            "an unknown field of the model": (after(number_field(99, 1)), f"{UNREADABLE}|field"),
            "an unknown field of the graph": (inside(field(99, b"x")), f"{UNREADABLE}|field"),
            "an unknown field of a node": (
                inside(field(GRAPH_NODE, node("Relu", "pixels") + field(77, b"x"))),
                f"{UNREADABLE}|field",
            ),
            "an unknown field of a tensor": (
                inside(field(GRAPH_INITIALIZER, field(8, b"t") + field(77, b"x"))),
                f"{UNREADABLE}|field",
            ),
            "a number in place of a graph": (after(number_field(MODEL_GRAPH, 1)), f"{UNREADABLE}|field"),
            "a float in place of a graph": (
                after(varint(MODEL_GRAPH << 3 | FIXED32) + b"abcd"),
                f"{UNREADABLE}|field",
            ),
            "text in place of a version": (after(field(MODEL_VERSION, b"8")), f"{UNREADABLE}|field|version"),
            "a name that is not UTF-8": (
                inside(field(GRAPH_NODE, node("Relu", "pixels", result="x") + field(2, b"\xff"))),
                f"{UNREADABLE}|name|UTF",
            ),
            "a name with a zero byte": (
                on_model(lambda model: model.graph.node.append(helper.make_node("Relu", ["embedding"], ["a\0b"]))),
                f"{UNREADABLE}|name",
            ),
            "a length beyond the end": (after(b"\x12" + varint(10**6)), UNREADABLE),
            "a length of 2^63": (after(b"\x12" + varint(2**63)), UNREADABLE),
            "a length of 2^64 - 1": (after(b"\x12" + varint(2**64 - 1)), UNREADABLE),
            "packed sizes with half a number": (
                inside(field(GRAPH_INITIALIZER, field(8, b"t") + field(1, b"\x80"))),
                UNREADABLE,
            ),
            "packed floats of odd length": (
                inside(field(GRAPH_INITIALIZER, field(8, b"t") + field(4, b"abc"))),
                f"{UNREADABLE}|tensor",
            ),
        },
    ),
    *table(
        "depth and number of fields",
        {
            "a thousand graphs in each other": (inside(nested(1000)), f"{UNREADABLE}|operator|subgraph|deep|attribute"),
            "a hundred thousand graphs in each other": (
                inside(nested(100_000)),
                f"{UNREADABLE}|subgraph|deep|attribute|more than",
            ),
            "a million empty nodes": (tiny_fields(10**6), f"{UNREADABLE}|more than|nodes"),
            "a million attributes": (
                inside(field(GRAPH_NODE, node("Relu", "embedding") + field(5, b"") * 10**6)),
                f"{UNREADABLE}|more than|attribute",
            ),
            "a name of a megabyte": (
                on_model(lambda model: model.graph.node.append(helper.make_node("Relu", ["embedding"], ["x" * 2**20]))),
                f"{UNREADABLE}|name",
            ),
        },
    ),
    *table(
        "depth and number of fields",
        {
            "50 million empty nodes": (tiny_fields(50 * 10**6), f"{UNREADABLE}|more than|nodes|twice"),
            "a description of 300 MB": (after(field(6, b"x" * (300 << 20))), f"{UNREADABLE}|more than"),
        },
        heavy=True,
    ),
)
