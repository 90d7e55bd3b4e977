"""The schema is that of the onnx library, and messages are read as protobuf does, only more strictly."""

import struct

import onnx
import pytest
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from onnx import TensorProto, helper

from discern.bundle.graph_safety import graph_limits as limits
from discern.bundle.graph_safety import onnx_schema
from discern.bundle.graph_safety.graph_limits import GraphFault
from discern.bundle.graph_safety.onnx_schema import MessageReader, check_encoding
from tests.unit.bundle.factories import colour_graph
from tests.unit.bundle.graph_safety.small_graphs import node, serialised
from tests.unit.bundle.graph_safety.test_wire_format import encode

PROTOS: dict[str, type] = {
    "model": onnx.ModelProto,
    "opset": onnx.OperatorSetIdProto,
    "pair": onnx.StringStringEntryProto,
    "training": onnx.TrainingInfoProto,
    "function": onnx.FunctionProto,
    "graph": onnx.GraphProto,
    "annotation": onnx.TensorAnnotation,
    "node": onnx.NodeProto,
    "attribute": onnx.AttributeProto,
    "sparse": onnx.SparseTensorProto,
    "tensor": onnx.TensorProto,
    "value": onnx.ValueInfoProto,
    "type": onnx.TypeProto,
    "tensor_type": onnx.TypeProto.Tensor,
    "shape": onnx.TensorShapeProto,
    "dim": onnx.TensorShapeProto.Dimension,
}
WIRES = {
    FieldDescriptor.TYPE_INT64: 0,
    FieldDescriptor.TYPE_INT32: 0,
    FieldDescriptor.TYPE_UINT64: 0,
    FieldDescriptor.TYPE_ENUM: 0,
    FieldDescriptor.TYPE_DOUBLE: 1,
    FieldDescriptor.TYPE_FLOAT: 5,
}


def field(number: int, content: bytes) -> bytes:
    """Encode a field of text, of bytes, or of another message."""
    return encode(number << 3 | 2) + encode(len(content)) + content


def number(number: int, value: int) -> bytes:
    """Encode a field of a number."""
    return encode(number << 3) + encode(value % 2**64)


def in_tensor(content: bytes) -> bytes:
    """Encode a model with one weight."""
    return field(7, field(5, content))


def refusal(data: bytes) -> str:
    with pytest.raises(GraphFault) as caught:
        check_encoding(MessageReader(data))
    return str(caught.value)


@pytest.mark.parametrize("message", PROTOS)
def test_the_schema_is_that_of_the_onnx_library(message: str) -> None:
    descriptor: Descriptor = PROTOS[message].DESCRIPTOR
    expected = {(each.number << 3 | WIRES.get(each.type, 2), each.is_repeated) for each in descriptor.fields}
    ours = {(tag, row.many) for tag, row in onnx_schema._FIELDS[message].items() if not row.packed}
    assert ours == expected


def test_the_schema_names_every_message_that_is_read() -> None:
    assert set(PROTOS) == set(onnx_schema._SCHEMA)


@pytest.mark.parametrize("packed", [False, True])
def test_lists_are_read_in_both_forms(packed: bool) -> None:
    numbers, floats = (-1, 0, 2**62), (0.5, -2.0)
    if packed:
        data = field(8, b"".join(encode(each % 2**64) for each in numbers)) + field(7, struct.pack("<2f", *floats))
    else:
        data = b"".join(number(8, each) for each in numbers)
        data += b"".join(encode(7 << 3 | 5) + struct.pack("<f", each) for each in floats)
    assert onnx.AttributeProto.FromString(data).ints == list(numbers)
    found = MessageReader(data).read("attribute", (0, len(data)))
    assert found == {"ints": list(numbers), "floats": list(floats)}


def test_a_list_may_be_packed_in_part() -> None:
    data = number(1, 2) + field(1, encode(3) + encode(4)) + number(1, 5)
    assert MessageReader(data).read("tensor", (0, len(data))) == {"dims": [2, 3, 4, 5]}


def test_a_valid_graph_is_read_as_protobuf_does() -> None:
    data = colour_graph()
    reader = MessageReader(data)
    graph = reader.read("graph", reader.read("model", (0, len(data)))["graph"])
    expected = onnx.load_from_string(data).graph
    nodes = [reader.read("node", part) for part in graph["node"]]
    assert [each["op_type"] for each in nodes] == [each.op_type for each in expected.node]
    assert [each["input"] for each in nodes] == [list(each.input) for each in expected.node]


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (colour_graph() + field(7, b""), "the field graph of a model twice"),
        (colour_graph() + colour_graph(), "twice"),
        (in_tensor(number(2, 1) + number(2, 7)), "the field data_type of a tensor twice"),
        (in_tensor(field(9, b"a") + field(9, b"b")), "the field raw_data of a tensor twice"),
        (field(7, field(1, field(4, b"Add") + field(4, b"Sub"))), "the field op_type of a node twice"),
        (number(99, 1), "unknown field, number 99 of a model"),
        (in_tensor(number(3, 1)), "number 3 of a tensor"),
        (field(7, field(3, b"")), "number 3 of a graph"),
        (field(1, b"\x08"), "number 1 of a model"),
        (number(7, 5), "number 7 of a model"),
        (in_tensor(encode(2 << 3 | 5) + bytes(4)), "number 2 of a tensor"),
        (in_tensor(number(2, 2**32 + 1)), "too large"),
        (in_tensor(number(14, -(2**40))), "too large"),
        (in_tensor(field(8, b"\xff")), "UTF-8"),
        (field(7, field(1, field(1, b"\xc3\x28"))), "UTF-8"),
        (in_tensor(field(1, b"\x80\x00")), "unusual"),
        (field(7, field(1, field(5, field(7, b"12345")))), "cut off"),
        (field(14, field(1, b"ort_config") + field(2, b"{}")), "settings"),
    ],
)
def test_an_ambiguous_or_invalid_message_is_rejected(data: bytes, why: str) -> None:
    assert why in refusal(data)


def test_external_data_is_found_in_every_message_that_can_hold_a_tensor() -> None:
    outside, plain = number(14, 1), number(2, 1)
    paths = [[]]
    found = set[str]()
    while paths:
        path = paths.pop()
        message = path[-1][1] if path else "model"
        if message == "tensor":
            for content in (outside, plain):
                model = content
                for step, _ in reversed(path):
                    model = field(step, model)
                if content is outside:
                    assert refusal(model) == "keeps weights in other files"
                else:
                    check_encoding(MessageReader(model))
            found.add(".".join(str(step) for step, _ in path))
            continue
        for tag, row in onnx_schema._FIELDS[message].items():
            kinds = [kind for _, kind in path]
            if row.kind in onnx_schema._SCHEMA and kinds.count(row.kind) < 2:
                paths.append([*path, (tag >> 3, row.kind)])
    assert len(found) > 40


def test_deep_nesting_is_read_without_recursion() -> None:
    inner = number(14, 1)
    inner = field(5, field(5, inner))
    for _ in range(19):
        inner = field(5, field(6, field(1, inner)))
    assert refusal(field(7, field(1, inner))) == "keeps weights in other files"


def test_deeper_messages_are_rejected_at_once() -> None:
    inner = b""
    for _ in range(3000):
        inner = field(5, field(6, field(1, inner)))
    assert refusal(field(7, field(1, inner))) == "is nested more than 64 levels deep"


def test_the_number_of_fields_is_limited() -> None:
    assert "fields" in refusal(field(7, b"\x0a\x00" * (limits.MAX_FIELDS + 1)))
    assert "fields" in refusal(in_tensor(field(1, b"\x01" * (limits.MAX_FIELDS + 1))))
    assert "fields" in refusal(in_tensor(b"\x25\x00\x00\x00\x00" * (limits.MAX_FIELDS + 1)))


def test_the_length_of_all_texts_is_limited() -> None:
    half = field(7, field(10, b"a" * (limits.MAX_TEXT_BYTES // 2)))
    check_encoding(MessageReader(half))
    assert "MiB of names" in refusal(half + field(6, b"a" * (limits.MAX_TEXT_BYTES // 2 + 1)))


def test_a_message_is_decoded_once() -> None:
    data = serialised(node("Relu", "x"))
    reader = MessageReader(data)
    check_encoding(reader)
    left = reader.fields_left
    check_encoding(reader)
    assert reader.fields_left == left


def test_a_tensor_of_strings_or_segments_is_read_but_not_unpacked() -> None:
    tensor = TensorProto(string_data=[b"a", b"b"])
    data = tensor.SerializeToString()
    assert len(MessageReader(data).read("tensor", (0, len(data)))["string_data"]) == 2


def test_metadata_and_descriptions_are_accepted() -> None:
    model = onnx.load_from_string(serialised(node("Relu", "x")))
    model.doc_string = "A network."
    model.metadata_props.add(key="author", value="someone")
    model.graph.metadata_props.add(key="trace", value="é" * 1000)
    model.graph.node[0].metadata_props.add(key="stack", value="line\n" * 100)
    model.graph.value_info.append(helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", 3, 8, 8]))
    model.graph.quantization_annotation.add(tensor_name="x")
    check_encoding(MessageReader(model.SerializeToString()))
