"""Outputs of a backbone that are computed from the tokens of a vision transformer."""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from discern.bundle.onnx_graph import GraphWriter
from discern.features.backbones.dynamic_int8 import replace_dynamic_int8
from discern.features.backbones.feature_outputs import Features, NoFeatures, stored_tensors
from discern.features.backbones.token_layout import TokenLayout

_LAST = (1 << 63) - 1


def add_token_outputs(model: onnx.ModelProto, layout: TokenLayout) -> Features:
    """Let a vision transformer return only a map of its patch tokens and an embedding, in place.

    The embedding is the mean of the patch tokens and, after it, the vector that stands for the whole picture.

    Raises:
        NoFeatures: the network does not have the outputs that the layout names.
    """
    found = [output.name for output in model.graph.output]
    if missing := sorted({layout.tokens, layout.summary} - {*found, ""}):
        raise NoFeatures(f"returns {', '.join(found)}, and not {' and '.join(missing)}")
    _fold_powers(model.graph)
    replace_dynamic_int8(model.graph)
    writer = GraphWriter(prefix="discern/tokens/")
    patches, summary = layout.tokens, layout.summary
    if not summary:
        summary = writer.add("Gather", patches, writer.weight("first", np.array(0)), axis=1)
        patches = writer.add("Slice", patches, writer.numbers(1), writer.numbers(_LAST), writer.numbers(1))
    places = writer.add("Reshape", patches, writer.numbers(-1, layout.side, layout.side, layout.width))
    mean = writer.spatial_mean(writer.channels_first(places))
    features = Features(
        embedding=writer.add("Concat", mean, summary, axis=1), map=places, channels_last=True, width=2 * layout.width
    )
    writer.append_to(model)
    del model.graph.output[:]
    names = (features.embedding, features.map)
    model.graph.output.extend(helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in names)
    return features


def _fold_powers(graph: onnx.GraphProto) -> None:
    """Replace powers of constants by their values, in place.

    Exporters leave the square root of the number of trained positions to the engine, and shapes depend on it.
    """
    stored = stored_tensors(graph)
    for node in graph.node:
        if node.op_type == "Pow" and all(name in stored and not stored[name].dims for name in node.input):
            value = np.power(*(numpy_helper.to_array(stored[name]) for name in node.input))
            result = node.output[0]
            node.CopyFrom(helper.make_node("Constant", [], [result], value=numpy_helper.from_array(value)))
