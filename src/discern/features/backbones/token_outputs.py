"""Outputs of a backbone that are computed from the tokens of a vision transformer."""

from dataclasses import replace
from math import isqrt

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from discern.bundle.onnx_graph import GraphWriter
from discern.features.backbones.dynamic_int8 import replace_dynamic_int8
from discern.features.backbones.feature_outputs import Features, NoFeatures, Shapes, stored_tensors
from discern.features.backbones.token_layout import TokenLayout


def add_token_outputs(model: onnx.ModelProto, layout: TokenLayout) -> Features:
    """Let a vision transformer return only its tokens and the vector that stands for the whole picture, in place.

    Returns:
        Both; the number of tokens is not known yet.

    Raises:
        NoFeatures: the network does not have the outputs that the layout names.
    """
    found = [output.name for output in model.graph.output]
    if missing := sorted({layout.tokens, layout.summary} - {*found, ""}):
        raise NoFeatures(f"returns {', '.join(found)}, and not {' and '.join(missing)}")
    _fold_powers(model.graph)
    replace_dynamic_int8(model.graph)
    writer = GraphWriter(prefix="discern/tokens/")
    summary = layout.summary or writer.add("Gather", layout.tokens, writer.weight("first", np.array(0)), axis=1)
    writer.append_to(model)
    del model.graph.output[:]
    names = (summary, layout.tokens)
    model.graph.output.extend(helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in names)
    return Features(
        embedding=summary,
        map=layout.tokens,
        channels_last=True,
        width=layout.width,
        prefix=0 if layout.summary else 1,
        block=layout.block,
        vector_width=layout.width,
    )


def count_tokens(features: Features, shapes: Shapes) -> Features:
    """Add the number of tokens to features.

    Raises:
        NoFeatures: the patches are not as many along both sides of the picture.
    """
    assert features.map is not None
    tokens = shapes[features.map][1]
    if isqrt(tokens - features.prefix) ** 2 != tokens - features.prefix:
        raise NoFeatures(f"returns {tokens - features.prefix:,} tokens of patches, not as many along both sides")
    return replace(features, tokens=tokens)


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
