"""Function that appends a hidden layer to an ONNX backbone."""

import onnx
from onnx import TensorProto, helper

from discern.bundle.heads import SMALLEST_LENGTH
from discern.bundle.heads.hidden_layer import HiddenLayer
from discern.bundle.onnx_graph.graph_writer import GraphWriter, rename, serialise, shape_of
from discern.errors import BundleError

_PREFIX = "hidden/"
_FEATURES, _PLACES = f"{_PREFIX}features", f"{_PREFIX}places"


def attach_hidden_layer(backbone_graph: bytes, layer: HiddenLayer) -> bytes:
    """Append a hidden layer to the ONNX graph of a backbone.

    Args:
        backbone_graph: ONNX model (opset 18 or later) from `pixels` to `embedding` `[N, D]` and perhaps `map`
            `[N, h, w, C]`, the mean of which is the first block.
        layer: hidden layer for that embedding.

    Returns:
        ONNX model whose `embedding` `[N, H]` are the hidden values, and whose `map` `[N, h, w, H]` is what each place
        adds to those of them that are active, since the layer is linear around each picture.

    Raises:
        BundleError: the layer does not fit the backbone.
    """
    model = onnx.load_from_string(backbone_graph)
    shapes = {output.name: shape_of(output) for output in model.graph.output}
    width = layer.spans[-1][1]
    if shapes.get("embedding", (-1, -1))[1] not in (-1, width):
        raise BundleError(f"The hidden layer reads {width} features; the backbone has {shapes['embedding'][1]}.")
    rename(model.graph.node, {"embedding": _FEATURES, "map": _PLACES})
    writer = _LayerWriter(_PREFIX)
    active, length = writer.hidden_values(layer)
    outputs = {"embedding": ["N", layer.width]}
    if shapes.get("map", (0,))[-1] == layer.spans[0][1]:
        writer.places(layer, active, length)
        outputs["map"] = ["N", *(side if side > 0 else None for side in shapes["map"][1:3]), layer.width]
    writer.append_to(model)
    del model.graph.output[:]
    for name, shape in outputs.items():
        model.graph.output.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, shape))
    return serialise(model)


class _LayerWriter(GraphWriter):
    def hidden_values(self, layer: HiddenLayer) -> tuple[str, str]:
        """Add the output `embedding`, and return the scales, 0 for values that are not active, and the first length."""
        units, lengths = [], []
        for start, end in layer.spans:
            block = self.add("Slice", _FEATURES, self.numbers(start), self.numbers(end), self.numbers(1))
            norm = self.add("ReduceL2", block, self.numbers(1), keepdims=1)
            lengths.append(self.add("Max", norm, self.scalar(SMALLEST_LENGTH)))
            units.append(self.add("Div", block, lengths[-1]))
        rows = self.add("Concat", *units, axis=1)
        values = self.add("Gemm", rows, self.weight("weight", layer.weight), self.weight("bias", layer.bias))
        scale = self.weight("scale", layer.scale)
        scaled = self.add("Mul", self.add("Relu", values), scale)
        self.add("Add", scaled, self.weight("shift", layer.shift), result="embedding")
        is_active = self.add("Cast", self.add("Greater", values, self.scalar(0.0)), to=TensorProto.FLOAT)
        return self.add("Mul", is_active, scale), lengths[0]

    def places(self, layer: HiddenLayer, active: str, length: str) -> None:
        """Add the output `map`."""
        start, end = layer.spans[0]
        ends = self.numbers(start), self.numbers(end), self.numbers(0)
        weight = self.add("Slice", self.weight("weight", layer.weight), *ends)
        along = self.add("MatMul", _PLACES, weight)
        factor = self.add("Unsqueeze", self.add("Div", active, length), self.numbers(1, 2))
        self.add("Mul", along, factor, result="map")
