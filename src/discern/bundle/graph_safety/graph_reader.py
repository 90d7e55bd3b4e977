"""Reader that turns a serialised ONNX model into the few facts that its checks need."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from discern.bundle.graph_safety import graph_limits as limits
from discern.bundle.graph_safety.batch_multiple import BatchMultiple, Shape
from discern.bundle.graph_safety.graph_limits import GraphFault, OperatorFault, printable
from discern.bundle.graph_safety.onnx_schema import MessageReader, Part
from discern.bundle.graph_safety.stored_tensor import StoredTensor, check_type, read_tensor

# Kind of an attribute -> its number in ONNX, and the field of its value.
_ATTRIBUTE_KINDS = {"float": (1, "f"), "int": (2, "i"), "text": (3, "s"), "tensor": (4, "t"), "floats": (6, "floats"),
                    "ints": (7, "ints")}  # fmt: skip
_DESCRIPTIVE = {"name", "type", "doc_string"}
_REFUSED = {
    "training_info": "contains steps of a training",
    "functions": "contains functions",
    "configuration": "is split over several devices",
}
STANDARD_DOMAINS = ("", "ai.onnx")


@dataclass(frozen=True, slots=True)
class Declared:
    """Input or output that a graph declares.

    Attributes:
        name: its name.
        kind: number of its element type in ONNX.
        shape: length of each axis, -1 where it is not declared; None if no axis is.
    """

    name: str
    kind: int
    shape: tuple[int, ...] | None


@dataclass(frozen=True, slots=True)
class Node:
    """One operator of a graph.

    Attributes:
        kind: name of the operator.
        name: name of this use of it, for messages.
        inputs: names of its inputs, empty where one is left out.
        outputs: names of its outputs, empty where one is left out.
        attributes: fields of each attribute, by its name.
    """

    kind: str
    name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: Mapping[str, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Graph:
    """Graph of an ONNX model, as far as its checks need it."""

    opset: int
    nodes: tuple[Node, ...]
    weights: Mapping[str, StoredTensor]
    inputs: tuple[Declared, ...]
    outputs: tuple[Declared, ...]


def read_graph(reader: MessageReader) -> Graph:
    """Read the graph of a serialised ONNX model whose encoding was checked.

    Raises:
        GraphFault: it has parts that are not allowed, or contradicts itself.
    """
    model = reader.read("model", (0, len(reader.data)))
    opset = _check_versions(reader, model)
    for field, why in _REFUSED.items():
        if field in model:
            raise GraphFault(why)
    if "graph" not in model:
        raise GraphFault("cannot be read: it is empty")
    graph = reader.read("graph", model["graph"])
    if "sparse_initializer" in graph:
        raise GraphFault("contains sparse weights")
    if len(graph.get("node", [])) > limits.MAX_NODES:
        raise GraphFault(f"has more than {limits.MAX_NODES:,} operators")
    stored = [read_tensor(reader, part) for part in graph.get("initializer", [])]
    weights = {tensor.name: tensor for tensor in stored}
    inputs, outputs = ([_read_declared(reader, part) for part in graph.get(way, [])] for way in ("input", "output"))
    for values in (stored, inputs, outputs):
        _check_names([value.name for value in values])
    nodes = tuple(_read_node(reader, part) for part in graph.get("node", []))
    return Graph(opset, nodes, MappingProxyType(weights), _without_weights(inputs, weights), tuple(outputs))


def input_shape(graph: Graph) -> tuple[Declared, Shape]:
    """Return the one input of a graph, with its shape for N pictures.

    Raises:
        GraphFault: it has another number of inputs, or their size is not fixed.
    """
    if len(graph.inputs) != 1:
        raise GraphFault(f"has the inputs {', '.join(printable(value.name) for value in graph.inputs[:9]) or 'none'}")
    taken = graph.inputs[0]
    shape = taken.shape or ()
    if len(shape) < 2 or shape[0] != -1 or min(shape[1:]) < 1:
        raise GraphFault(f"takes {printable(taken.name)} of shape {list(shape)}")
    return taken, (BatchMultiple(1), *shape[1:])


def read_attribute(reader: MessageReader, found: dict[str, Any], kind: str) -> Any:
    """Read the value of an attribute that must have the given type.

    Raises:
        OperatorFault: it has another type, or is too long.
    """
    number, field = _ATTRIBUTE_KINDS[kind]
    repeated = field in ("floats", "ints")
    if found.get("type") != number or not set(found) <= _DESCRIPTIVE | {field} or not (repeated or field in found):
        raise OperatorFault(f"has the attribute {printable(found.get('name', ''))} of another type than {kind}")
    value = found.get(field, [])
    if repeated and len(value) > limits.MAX_LIST:
        raise OperatorFault(f"has the attribute {found['name']} of more than {limits.MAX_LIST} numbers")
    if kind == "tensor":
        return read_tensor(reader, value)
    if kind == "text":
        if value[1] - value[0] > limits.MAX_NAME_BYTES:
            raise OperatorFault(f"has the attribute {found['name']} of more than {limits.MAX_NAME_BYTES} letters")
        return reader.data[slice(*value)].decode("utf-8", "replace")
    return value


def _check_versions(reader: MessageReader, model: dict[str, Any]) -> int:
    opsets = dict[str, int]()
    for part in model.get("opset_import", []):
        entry = reader.read("opset", part)
        domain = entry.get("domain", "")
        if domain not in STANDARD_DOMAINS:
            raise GraphFault(f"uses operators beyond the standard ones, of {printable(domain)}")
        opsets[domain] = entry.get("version", 0)
    if len(opsets) != len(model.get("opset_import", [])) or len(opsets) > 1:
        raise GraphFault("uses two opsets at once")
    opset, version = next(iter(opsets.values()), 0), model.get("ir_version", 0)
    if not limits.OLDEST_OPSET <= opset <= limits.NEWEST_OPSET:
        raise GraphFault(f"uses opset {opset}, not one of {limits.OLDEST_OPSET} to {limits.NEWEST_OPSET}")
    if not limits.OLDEST_IR <= version <= limits.NEWEST_IR:
        raise GraphFault(f"has the format version {version}, not one of {limits.OLDEST_IR} to {limits.NEWEST_IR}")
    return opset


def _read_declared(reader: MessageReader, part: Part) -> Declared:
    found = reader.read("value", part)
    name = found.get("name", "")
    declared = reader.read("type", found["type"]) if "type" in found else {}
    if not set(declared) <= {"tensor_type", "denotation"} or "tensor_type" not in declared:
        raise GraphFault(f"declares {printable(name)} as something other than an array of numbers")
    tensor = reader.read("tensor_type", declared["tensor_type"])
    if "shape" not in tensor:
        return Declared(name, check_type(name, tensor.get("elem_type", 0), [])[0], None)
    sizes = []
    for axis in reader.read("shape", tensor["shape"]).get("dim", []):
        size = reader.read("dim", axis)
        if "dim_value" in size and "dim_param" in size:
            raise GraphFault(f"declares an axis of {printable(name)} twice")
        if size.get("dim_value", 0) < 0:
            raise GraphFault(f"declares {printable(name)} with an axis of negative length")
        sizes.append(size.get("dim_value", -1))
    kind, _ = check_type(name, tensor.get("elem_type", 0), [1] * len(sizes))
    return Declared(name, kind, tuple(sizes))


def _read_node(reader: MessageReader, part: Part) -> Node:
    found = reader.read("node", part)
    kind = found.get("op_type", "")
    if found.get("domain", "") not in STANDARD_DOMAINS:
        raise GraphFault(f"uses operators beyond the standard ones, of {printable(found['domain'])}")
    if found.get("overload") or "device_configurations" in found:
        raise GraphFault(f"uses the operator {printable(kind)} of another implementation or device")
    given = [reader.read("attribute", each) for each in found.get("attribute", [])]
    attributes = {each.get("name", ""): each for each in given}
    if len(attributes) < len(given):
        raise GraphFault(f"gives an operator {printable(kind)} the same attribute twice")
    inputs, outputs = tuple(found.get("input", ())), tuple(found.get("output", ()))
    name = found.get("name") or next(filter(None, outputs), "")
    return Node(kind, name, inputs, outputs, MappingProxyType(attributes))


def _without_weights(inputs: list[Declared], weights: Mapping[str, StoredTensor]) -> tuple[Declared, ...]:
    """Drop inputs that are weights, as in older files, after checking that they are declared as what they are."""
    for value in inputs:
        weight = weights.get(value.name)
        if weight and (value.kind, value.shape) != (weight.kind, weight.shape):
            raise GraphFault(f"declares the weight {printable(value.name)} as an input of another type or shape")
    return tuple(value for value in inputs if value.name not in weights)


def _check_names(names: list[str]) -> None:
    seen = set[str]()
    for name in names:
        if not name or len(name) > limits.MAX_NAME_BYTES:
            raise GraphFault("has a weight, input or output without a name, or with a very long one")
        if name in seen:
            raise GraphFault(f"has the name {printable(name)} twice")
        seen.add(name)
