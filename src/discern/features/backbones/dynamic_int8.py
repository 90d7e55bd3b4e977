"""Integer operators of networks that were quantised for dynamic ranges of the activations.

Such a network chooses the range of the activations by all pictures of a batch, so that a picture has other features
alone. Its stored weights are kept as integers, and its arithmetic becomes that of floats.
"""

from collections.abc import Mapping

import numpy as np
import onnx
from onnx import helper, numpy_helper

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
    """Return nodes that compute a product of floats and integer weights, less their zero point."""
    weights, zero = node.input[1], node.input[3] if len(node.input) > 3 else ""
    sizes = list(stored[zero].dims) if zero in stored else []
    ones = helper.make_node(
        "Constant", [], [f"{name}/ones"], value=numpy_helper.from_array(np.ones(sizes, np.float32), "")
    )
    axis = 0 if node.op_type == "ConvInteger" else 1  # that of the outputs, each of which may have its zero point
    inputs = [weights, f"{name}/ones", zero] if zero else [weights, f"{name}/ones"]
    centred = helper.make_node("DequantizeLinear", inputs, [f"{name}/weights"], axis=axis)
    product = helper.make_node(_FLOAT_OPERATORS[node.op_type], [node.input[0], f"{name}/weights"], list(node.output))
    product.attribute.extend(node.attribute)
    return [ones, centred, product]
