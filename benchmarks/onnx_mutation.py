"""Random changes of ONNX files and bundles, by the structure of protobuf, of ONNX, and of a bundle."""

import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from tests.attacks.forged_figures import sound_golden
from tests.attacks.hostile_bundles import serialise_array, serialise_arrays, sound_members, with_member

from discern.bundle import archive
from discern.bundle.graph_safety.allowed_operators import ALLOWED

NUMBERS = (
    *(0, 1, 2, 3, 4, 5, 7, 8, 16, 31, 32, 64, 127, 128, 255, 256, 1000, 4096, 65535, 2**20, 2**31 - 1, 2**31, 2**32),
    *(2**40, 2**62, 2**63 - 1, -1, -2, -3, -4, -128, -(2**31), -(2**62), -(2**63)),
)
FLOATS = (0.0, -0.0, 1.0, -1.0, 0.5, 1e-45, 1e-7, 1e30, 3.4e38, float("inf"), float("-inf"), float("nan"))
MESSAGES: dict[str, dict[int, str]] = {
    "model": {7: "graph", 8: "opset", 14: "property", 20: "training", 25: "function"},
    "graph": {1: "node", 5: "tensor", 11: "value", 12: "value", 13: "value", 15: "sparse"},
    "node": {5: "attribute"},
    "attribute": {5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 14: "type", 22: "sparse", 23: "sparse"},
    "value": {2: "type"},
    "type": {1: "tensor type", 4: "sequence"},
    "tensor type": {2: "shape"},
    "sequence": {1: "type"},
    "shape": {1: "size"},
    "sparse": {1: "tensor", 2: "tensor"},
    "tensor": {3: "segment", 13: "property"},
    "training": {1: "graph", 2: "graph"},
    "function": {7: "node", 9: "opset"},
}
"""Messages in the fields of messages, by ONNX's schema."""


@dataclass
class Field:
    """One field of a protobuf message; `value` is a number, bytes, or the fields of a message."""

    number: int
    wire: int
    value: Any
    padding: int = 0


def parse(data: bytes, kind: str) -> list[Field]:
    """Parse the fields of a sound message."""
    fields, at = [], 0
    while at < len(data):
        tag, at = _read_varint(data, at)
        number, wire = tag >> 3, tag & 7
        if wire == 0:
            value, at = _read_varint(data, at)
        else:
            size, at = _read_varint(data, at) if wire == 2 else ({1: 8, 5: 4}[wire], at)
            value, at = data[at : at + size], at + size
        inner = MESSAGES.get(kind, {}).get(number)
        fields.append(Field(number, wire, parse(value, inner) if inner and wire == 2 else value))
    return fields


def serialise(fields: list[Field]) -> bytes:
    """Serialise fields, whose padding makes lengths or numbers overlong."""
    parts: list[bytes] = []
    for field in fields:
        parts.append(_varint(field.number << 3 | field.wire))
        if isinstance(field.value, int):
            parts.append(_varint(field.value, field.padding) if field.wire == 0 else field.value.to_bytes(8, "little"))
            continue
        value = serialise(field.value) if isinstance(field.value, list) else field.value
        if field.wire == 2:
            parts.append(_varint(len(value), field.padding))
        parts.append(value)
    return b"".join(parts)


def _read_varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        value |= (data[at] & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if data[at - 1] < 0x80:
            return value, at


def _varint(value: int, padding: int = 0) -> bytes:
    value &= 2**64 - 1
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes(out) + (bytes([value | 0x80]) + b"\x80" * (padding - 1) + b"\0" if padding else bytes([value]))


def mutate_fields(data: bytes, generator: random.Random) -> bytes:
    """Change one field of an ONNX file: its place, number, type, length or content."""
    tree = parse(data, "model")
    messages = [tree]
    for fields in messages:
        messages += [field.value for field in fields if isinstance(field.value, list)]
    messages = [fields for fields in messages if fields]
    fields = generator.choice(messages)
    place = generator.randrange(len(fields))
    if generator.random() < 0.5:
        _change_field(fields[place], generator)
    else:
        generator.choice((_move_field, _replace_field))(fields, place, messages, generator)
    try:
        return serialise(tree)
    except (RecursionError, OverflowError):  # a message within itself
        return data


def _move_field(fields: list[Field], place: int, messages: list[list[Field]], generator: random.Random) -> None:
    """Repeat, remove or reorder fields, or add those of another message."""
    match generator.randrange(4):
        case 0:
            fields.insert(generator.randrange(len(fields) + 1), fields[place])
        case 1:
            del fields[place]
        case 2:
            generator.shuffle(fields)
        case 3:
            fields += generator.choice(messages)[:50]


def _change_field(field: Field, generator: random.Random) -> None:
    """Change the number, type, encoding or bytes of a field."""
    match generator.randrange(4):
        case 0:
            field.number = generator.choice((generator.randrange(1, 30), 0, 99, 2**28))
        case 1:
            field.wire = generator.randrange(8)
        case 2:
            field.padding = generator.randrange(1, 10)
        case 3 if isinstance(field.value, bytes):
            cut = generator.randrange(len(field.value) + 1)
            field.value = field.value[:cut] + generator.choice((b"", field.value, bytes(8), b"\xff" * 10))


def _replace_field(fields: list[Field], place: int, messages: list[list[Field]], generator: random.Random) -> None:
    """Replace a field by a number, by the content of another, or by an unknown one."""
    field = fields[place]
    match generator.randrange(3):
        case 0:
            field.value, field.wire = generator.choice(NUMBERS) & 2**64 - 1, 0
        case 1:
            other = generator.choice(generator.choice(messages))
            field.value, field.wire = other.value, other.wire
        case 2:
            fields.insert(place, Field(generator.randrange(1, 40), 2, generator.randbytes(generator.randrange(9))))


@lru_cache
def operators() -> tuple[str, ...]:
    """Return the names of all standard operators."""
    return tuple(sorted({schema.name for schema in onnx.defs.get_all_schemas() if schema.domain == ""}))


def _operator_name(generator: random.Random) -> str:
    return generator.choice(operators() if generator.random() < 0.1 else tuple(ALLOWED))


def mutate_model(data: bytes, generator: random.Random) -> bytes:
    """Change an operator, attribute, weight, size or connection of an ONNX file."""
    model = onnx.load_from_string(data)
    generator.choice(
        (_operator, _attribute, _attribute, _weight, _weight, _weight, _connection, _connection, _addition, _addition,
         _addition, _size, _removal, _opset)
    )(model, generator)  # fmt: skip
    return bytes(model.SerializeToString())


def _operator(model: onnx.ModelProto, generator: random.Random) -> None:
    generator.choice(model.graph.node).op_type = _operator_name(generator)


def _attribute(model: onnx.ModelProto, generator: random.Random) -> None:
    nodes = [node for node in model.graph.node if node.attribute]
    if not nodes:
        return
    node = generator.choice(nodes)
    attribute = generator.choice(node.attribute)
    if attribute.ints and generator.random() < 0.8:
        attribute.ints[generator.randrange(len(attribute.ints))] = generator.choice(NUMBERS)
    elif attribute.type == attribute.INT:
        attribute.i = generator.choice(NUMBERS)
    elif attribute.type == attribute.FLOAT:
        attribute.f = generator.choice(FLOATS)
    elif attribute.type == attribute.TENSOR:
        _other_values(attribute.t, generator)
    else:
        attribute.name = generator.choice(("axis", "axes", "pads", "group", "dilations", "mode", "keepdims", "value"))


def _weight(model: onnx.ModelProto, generator: random.Random) -> None:
    # Small integers are the sizes, axes and indices.
    small = [tensor for tensor in model.graph.initializer if tensor.data_type == TensorProto.INT64]
    chosen = small if small and generator.random() < 0.8 else model.graph.initializer
    if chosen:
        _other_values(generator.choice(chosen), generator)


def _other_values(tensor: TensorProto, generator: random.Random) -> None:
    if generator.random() < 0.2:
        if tensor.dims:
            tensor.dims[generator.randrange(len(tensor.dims))] = generator.choice(NUMBERS)
        else:
            tensor.dims.append(generator.choice(NUMBERS))
        return
    values = numpy_helper.to_array(tensor).copy()
    flat = values.reshape(-1)
    if values.size and values.dtype.kind in "iu":
        info = np.iinfo(values.dtype)
        flat[generator.randrange(flat.size)] = min(max(generator.choice(NUMBERS), info.min), info.max)
    elif values.size and values.dtype.kind == "f":
        flat[generator.randrange(flat.size)] = generator.choice(FLOATS)
    if generator.random() < 0.3 and values.size <= 4096:
        values = np.concatenate([flat, flat]) if generator.random() < 0.5 else values[None]
    tensor.CopyFrom(numpy_helper.from_array(values, tensor.name))


def _connection(model: onnx.ModelProto, generator: random.Random) -> None:
    nodes = [node for node in model.graph.node if node.input]
    if not nodes:
        return
    node = generator.choice(nodes)
    node.input[generator.randrange(len(node.input))] = generator.choice(_names(model.graph))


def _names(graph: onnx.GraphProto) -> list[str]:
    names = [name for node in graph.node for name in node.output]
    return [*names, *(tensor.name for tensor in graph.initializer), *("pixels",) * (1 + len(names) // 4)]


def _addition(model: onnx.ModelProto, generator: random.Random) -> None:
    """Put an operator of random inputs between a result and its readers."""
    graph = model.graph
    place = generator.randrange(len(graph.node))
    before = _names(graph)
    inputs = [generator.choice(before) for _ in range(generator.choice((1, 1, 2, 2, 3, 4)))]
    if generator.random() < 0.6:
        values = [generator.choice(NUMBERS[:30]) for _ in range(generator.choice((1, 1, 2, 4)))]
        tensor = numpy_helper.from_array(np.array(values, np.int64), f"numbers{len(graph.initializer)}")
        graph.initializer.append(tensor)
        inputs[-1 if generator.random() < 0.8 else 0] = tensor.name
    if generator.random() < 0.7:
        inputs[0] = generator.choice(before)
    schema = onnx.defs.get_schema(_operator_name(generator))
    attributes = {
        name: _random_value(each.type.value, generator)
        for name, each in schema.attributes.items()
        if each.required or generator.random() < 0.3
    }
    attributes = {name: value for name, value in attributes.items() if value is not None}
    node = helper.make_node(schema.name, inputs, [f"added{len(graph.node)}"])
    for name, value in attributes.items():
        node.attribute.append(helper.make_attribute(name, value))
    reader = generator.choice(graph.node)
    if reader.input:
        reader.input[generator.randrange(len(reader.input))] = node.output[0]
    nodes = [*graph.node[:place], node, *graph.node[place:]]
    copied = [onnx.NodeProto.FromString(each.SerializeToString()) for each in nodes]
    del graph.node[:]
    graph.node.extend(copied)


def _random_value(kind: int, generator: random.Random) -> Any:
    match kind:
        case 1:
            return generator.choice(FLOATS)
        case 2:
            return generator.choice(NUMBERS)
        case 3:
            return generator.choice(("SAME_UPPER", "linear", "nearest", "constant", "reflect", "ij,jk->ik", "float"))
        case 6:
            return [generator.choice(FLOATS)]
        case 7:
            return [generator.choice(NUMBERS) for _ in range(generator.choice((1, 2, 2, 4)))]
    return None


def _size(model: onnx.ModelProto, generator: random.Random) -> None:
    value = generator.choice([*model.graph.input, *model.graph.output])
    sizes = value.type.tensor_type.shape.dim
    if sizes and generator.random() < 0.8:
        generator.choice(sizes).dim_value = generator.choice(NUMBERS)
    else:
        value.type.tensor_type.elem_type = generator.randrange(1, 24)


def _removal(model: onnx.ModelProto, generator: random.Random) -> None:
    graph = model.graph
    chosen = generator.choice([each for each in (graph.node, graph.initializer, graph.output) if each])
    del chosen[generator.randrange(len(chosen))]


def _opset(model: onnx.ModelProto, generator: random.Random) -> None:
    model.opset_import[0].version = generator.choice((7, 12, 13, 14, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26))
    model.ir_version = generator.choice((3, 4, 8, 10, 11, 12, 13, 99))


VALUES: tuple[Callable[[random.Random], Any], ...] = (
    lambda generator: generator.choice(NUMBERS),
    lambda generator: generator.choice(FLOATS[:8]),
    lambda generator: generator.choice((None, True, False, [], {}, "", "x", "\ud800", "\0", "\u202e", "x" * 9999)),
    lambda generator: 10 ** generator.randrange(400),
    lambda generator: [generator.choice(NUMBERS), {"a": [generator.choice(FLOATS)]}],
)


def mutate_manifest(members: dict[str, bytes], generator: random.Random) -> dict[str, bytes]:
    """Change one value, or some bytes, of `bundle.json`."""
    before = members[archive.MANIFEST]
    if generator.random() < 0.25:
        return members | {archive.MANIFEST: mutate_bytes(before, generator)}
    try:
        facts = json.loads(before)
        places = [(facts, key) for key in facts]
    except (ValueError, TypeError, RecursionError):
        return members
    for container, key in places:
        inner = container[key]
        keys = inner if isinstance(inner, dict) else range(len(inner)) if isinstance(inner, list) else ()
        places += [(inner, each) for each in keys]
    container, key = generator.choice(places)
    if isinstance(container, dict) and generator.random() < 0.2:
        container[generator.choice(("x", "", "\ud800", "__class__", key + " "))] = container.pop(key)
    else:
        container[key] = generator.choice(VALUES)(generator)
    return members | {
        archive.MANIFEST: json.dumps(facts, ensure_ascii=generator.random() < 0.5).encode("utf-8", "surrogatepass")
    }


def mutate_arrays(members: dict[str, bytes], generator: random.Random) -> dict[str, bytes]:
    """Change the golden vectors or the hashes of training pictures, with the right hashes of the members."""
    if generator.random() < 0.4:
        name = generator.choice(("golden.npz", "seen.npy", "CARD.md"))
        return with_member(members, name, mutate_bytes(members[name], generator))
    arrays: dict[str, np.ndarray] = dict(sound_golden())
    name = generator.choice(list(arrays))
    values = arrays[name]
    match generator.randrange(6):
        case 0:
            arrays[name] = values.astype(generator.choice(("f2", "f8", "i4", "u1", "c8", "U4", ">f4", "?")))
        case 1:
            arrays[name] = generator.choice((values[:0], values[None], values.reshape(-1), values[..., :1]))
        case 2:
            flat = values.copy().reshape(-1)
            flat[generator.randrange(flat.size)] = generator.choice(FLOATS) if flat.dtype.kind == "f" else 0
            arrays[name] = flat.reshape(values.shape)
        case 3:
            del arrays[name]
        case 4:
            arrays[generator.choice(("picture_6", "more", "probabilities.npy", "../x"))] = values
        case 5:
            return with_member(members, "seen.npy", serialise_array(values))
    return with_member(members, "golden.npz", serialise_arrays(**arrays))


def mutate_bytes(data: bytes, generator: random.Random) -> bytes:
    """Change some bytes, mostly near the beginning."""
    changed = bytearray(data)
    for _ in range(generator.choice((1, 1, 2, 6))):
        at = generator.randrange(max(1, min(len(changed), generator.choice((200, len(changed))))))
        changed[at : at + generator.choice((0, 1, 1, 4))] = generator.choice(
            (generator.randbytes(1), bytes(changed[at : at + 30]) * 2, b"", b"\xff" * 4)
        )
    return bytes(changed)


def mutate_bundle(members: dict[str, bytes], generator: random.Random) -> dict[str, bytes]:
    """Change the words, the figures or the graph of a bundle."""
    match generator.randrange(4):
        case 0:
            return mutate_arrays(members, generator)
        case 1:
            graph = members["model.onnx"]
            return with_member(members, "model.onnx", mutate_model(graph, generator))
    return mutate_manifest(members, generator)


def sound() -> dict[str, bytes]:
    """Return the members of the sound bundle."""
    return dict(sound_members())
