"""Small graphs for the tests of their check, and what the check finds out about them."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from discern.bundle.graph_safety.batch_multiple import describe
from discern.bundle.graph_safety.graph_reader import read_graph
from discern.bundle.graph_safety.onnx_schema import MessageReader, check_encoding
from discern.bundle.graph_safety.operator_call import Tensor
from discern.bundle.graph_safety.size_check import check_sizes

SIZE = 8
Weights = Mapping[str, Any]
# Floats [N, 3, 8, 8] from the pixels, as every network begins.
BEGINNING = (
    helper.make_node("Transpose", ["pixels"], ["moved"], perm=[0, 3, 1, 2]),
    helper.make_node("Cast", ["moved"], ["x"], to=TensorProto.FLOAT),
)


def node(kind: str, *inputs: str, outputs: Sequence[str] = ("y",), **attributes: Any) -> onnx.NodeProto:
    """Build an operator whose result is `y`."""
    return helper.make_node(kind, list(inputs), list(outputs), **attributes)


def weight(name: str, values: Any) -> TensorProto:
    """Build a weight from an array; lists of integers become int64, other numbers float32."""
    if not isinstance(values, np.ndarray):
        values = np.array(values)
        values = values.astype(np.float32) if values.dtype == np.float64 else values
    return numpy_helper.from_array(np.asarray(values, order="C"), name)


def network(
    *nodes: onnx.NodeProto,
    weights: Weights | None = None,
    size: int = SIZE,
    opset: int = 18,
    output: str | None = None,
) -> onnx.ModelProto:
    """Build a network from `pixels` whose only output, of any shape, is that of its last operator."""
    every = [*BEGINNING, *nodes]
    result = onnx.ValueInfoProto(name=output or every[-1].output[0])
    result.type.tensor_type.elem_type = TensorProto.FLOAT
    pixels = helper.make_tensor_value_info("pixels", TensorProto.UINT8, ["N", size, size, 3])
    initial = [weight(name, values) for name, values in (weights or {}).items()]
    graph = helper.make_graph(every, "network", [pixels], [result], initial)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=10)


def beside(*nodes: onnx.NodeProto, weights: Weights | None = None, opset: int = 18) -> bytes:
    """Serialise a network that returns its input, and computes something else beside it."""
    return serialised(*nodes, node("Identity", "x", outputs=["beside"]), weights=weights, opset=opset)


def serialised(*nodes: onnx.NodeProto, weights: Weights | None = None, opset: int = 18, **options: Any) -> bytes:
    """Serialise a network."""
    return bytes(network(*nodes, weights=weights, opset=opset, **options).SerializeToString())


def facts(graph: bytes) -> dict[str, Tensor]:
    """Compute the facts about all tensors of a graph."""
    reader = MessageReader(graph)
    check_encoding(reader)
    return check_sizes(read_graph(reader), reader)


def shape_after(*nodes: onnx.NodeProto, weights: Weights | None = None, result: str = "y", opset: int = 18) -> str:
    """Compute the shape of the result of some operators, as it is written in messages."""
    return describe(facts(beside(*nodes, weights=weights, opset=opset))[result].shape)


def values_after(*nodes: onnx.NodeProto, weights: Weights | None = None, result: str = "y") -> list[Any] | None:
    """Compute the known elements of the result of some operators, None if they are not known."""
    found = facts(beside(*nodes, weights=weights))[result].values
    return None if found is None else found.tolist()
