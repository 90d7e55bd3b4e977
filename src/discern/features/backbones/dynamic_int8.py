"""Integer operators of networks that were quantised for dynamic ranges of the activations.

Such a network chooses the range of the activations by all pictures of a batch, so that a picture has other features
alone. Its stored weights are kept as integers, and its arithmetic becomes that of floats.
"""

from collections.abc import Mapping

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from discern.bundle.onnx_graph import rename
from discern.features.backbones.feature_outputs import stored_tensors

_FLOAT_OPERATORS = {"MatMulInteger": "MatMul", "ConvInteger": "Conv"}
_PREFIX = "discern/int8/"


def replace_dynamic_int8(graph: onnx.GraphProto) -> bool:
    """Replace dynamically quantised operators by float operators on the same integer weights, in place.

    The product of integers is scaled by both scales afterwards; that of the activations becomes 1.

    Returns:
        Whether there were any.
    """
    quantised = [node for node in graph.node if node.op_type == "DynamicQuantizeLinear"]
    if not quantised:
        return False
    unit = numpy_helper.from_array(np.array(1, np.float32), f"{_PREFIX}unit")
    graph.initializer.append(unit)
    stored = stored_tensors(graph)
    kept: list[onnx.NodeProto] = []
    for node in graph.node:
        if node.op_type in _FLOAT_OPERATORS:
            kept.extend(_float_operator(node, stored, f"{_PREFIX}{len(kept)}"))
        elif node.op_type != "DynamicQuantizeLinear":
            kept.append(node)
    rename(kept, {node.output[0]: node.input[0] for node in quantised})
    rename(kept, {node.output[1]: unit.name for node in quantised})
    del graph.node[:]
    graph.node.extend(kept)
    return True


def _float_operator(node: onnx.NodeProto, stored: Mapping[str, onnx.TensorProto], name: str) -> list[onnx.NodeProto]:
    """Return nodes that compute a product of floats and integer weights, less their zero points.

    They are no `DequantizeLinear`, after which ONNX Runtime would round the activations again.
    """
    centred = f"{name}/weights"
    nodes = [helper.make_node("Cast", [node.input[1]], [centred], to=TensorProto.FLOAT)]
    zero = numpy_helper.to_array(stored[node.input[3]]) if len(node.input) > 3 else np.array(0)
    if zero.any():
        shape = (-1, 1, 1, 1) if node.op_type == "ConvInteger" and zero.ndim else zero.shape
        value = numpy_helper.from_array(zero.astype(np.float32).reshape(shape))
        nodes.append(helper.make_node("Constant", [], [f"{name}/zero"], value=value))
        nodes.append(helper.make_node("Sub", [centred, f"{name}/zero"], [f"{name}/centred"]))
        centred = f"{name}/centred"
    product = helper.make_node(_FLOAT_OPERATORS[node.op_type], [node.input[0], centred], list(node.output))
    product.attribute.extend(node.attribute)
    return [*nodes, product]
