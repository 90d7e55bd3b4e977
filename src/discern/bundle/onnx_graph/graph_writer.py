"""Builder of ONNX graphs, shared by backbones and classifier heads."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

OPSET = 18
IR_VERSION = 10
_CHANNELS_FIRST = [0, 3, 1, 2]
_CHANNELS_LAST = [0, 2, 3, 1]


class GraphWriter:
    """Builder that collects the nodes and initializers of an ONNX graph.

    Each method that adds operations returns the name of their result.

    Args:
        prefix: put before the names of nodes, unnamed results and initializers.
    """

    def __init__(self, prefix: str = "") -> None:
        self._prefix = prefix
        self._nodes: list[onnx.NodeProto] = []
        self._weights: dict[str, onnx.TensorProto] = {}

    def add(self, kind: str, *inputs: str, result: str | None = None, **attributes: Any) -> str:
        """Add a standard ONNX operation and return the name of its output.

        A `result` is a name that gets no prefix.
        """
        name = f"{self._prefix}{kind.lower()}_{len(self._nodes)}"
        self._nodes.append(helper.make_node(kind, list(inputs), [result or name], name=name, **attributes))
        return result or name

    def weight(self, name: str, values: np.ndarray) -> str:
        """Add an array to the graph as an initializer, once per name."""
        name = self._prefix + name
        if name not in self._weights:
            self._weights[name] = numpy_helper.from_array(np.asarray(values, order="C"), name)
        return name

    def numbers(self, *values: int) -> str:
        """Add a vector of integers to the graph as an int64 initializer."""
        return self.weight("numbers_" + "_".join(map(str, values)), np.array(values, np.int64))

    def scalar(self, value: float) -> str:
        """Add a number to the graph as a float32 initializer."""
        return self.weight(f"scalar_{value}", np.array(value, np.float32))

    def relu6(self, values: str) -> str:
        """Add a ReLU6 activation, which clips a tensor to the range 0 to 6."""
        return self.add("Clip", values, self.scalar(0.0), self.scalar(6.0))

    def centred_pixels(self, pixels: str) -> str:
        """Add operations that convert uint8 images to centred float32 tensors.

        Maps `[N, H, W, 3]` to `[N, 3, H, W]` in -127.5..127.5.
        """
        moved = self.channels_first(pixels)
        return self.add("Sub", self.add("Cast", moved, to=TensorProto.FLOAT), self.scalar(127.5))

    def mirrored(self, values: str) -> str:
        """Add an operation that mirrors a batch of images or feature maps left to right.

        The layout is `[N, h, w, C]`.
        """
        start, end, axis = self.numbers(-1), self.numbers(np.iinfo(np.int64).min), self.numbers(2)
        return self.add("Slice", values, start, end, axis, start)

    def spatial_mean(self, values: str) -> str:
        """Add an operation that averages a feature map over its positions.

        Maps `[N, C, h, w]` to `[N, C]`.
        """
        return self.add("Flatten", self.add("GlobalAveragePool", values))

    def spatial_statistics(self, values: str, *, places: int) -> tuple[str, str]:
        """Add operations that compute the mean and standard deviation of a feature map over its positions.

        The feature map is `[N, C, h, w]`, and `places` is h * w.
        """
        mean = self.add("GlobalAveragePool", values)
        # Norm of the differences, not the difference of the squares: it cannot turn negative.
        norm = self.add("ReduceL2", self.add("Sub", values, mean), self.numbers(2, 3), keepdims=0)
        return self.add("Flatten", mean), self.add("Div", norm, self.scalar(places**0.5))

    def channels_first(self, values: str) -> str:
        """Add an operation that moves the channels of pictures or a feature map to the second axis.

        Maps `[N, h, w, C]` to `[N, C, h, w]`.
        """
        return self.add("Transpose", values, perm=_CHANNELS_FIRST)

    def channels_last(self, values: str, *, result: str | None = None) -> str:
        """Add an operation that moves the channels of a feature map to the last axis.

        Maps `[N, C, h, w]` to `[N, h, w, C]`.
        """
        return self.add("Transpose", values, perm=_CHANNELS_LAST, result=result)

    def model(self, *, size: int, embedding: int, map_shape: tuple[int, int, int] | None) -> onnx.ModelProto:
        """Build an ONNX backbone model from the collected nodes.

        Its input is `pixels`; its outputs are `embedding` and, with a `map_shape`, `map`.

        Args:
            size: height and width of the pictures, in pixels.
            embedding: D, the length of the result that was added as `embedding`.
            map_shape: shape (h, w, C) of the result that was added as `map`; None without one.
        """
        outputs = [helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["N", embedding])]
        if map_shape:
            outputs.append(helper.make_tensor_value_info("map", TensorProto.FLOAT, ["N", *map_shape]))
        pixels = helper.make_tensor_value_info("pixels", TensorProto.UINT8, ["N", size, size, 3])
        graph = helper.make_graph(self._nodes, "backbone", [pixels], outputs, list(self._weights.values()))
        return helper.make_model(
            graph,
            opset_imports=[helper.make_opsetid("", OPSET)],
            ir_version=IR_VERSION,
            producer_name="discern",
        )

    def append_to(self, model: onnx.ModelProto, *, before: "GraphWriter | None" = None) -> None:
        """Append the collected nodes to an ONNX model in place, after those of `before`."""
        graph, front = model.graph, before or GraphWriter()
        nodes = [*front._nodes, *graph.node, *self._nodes]
        del graph.node[:]
        graph.node.extend(nodes)
        graph.initializer.extend((front._weights | self._weights).values())


def shape_of(value: onnx.ValueInfoProto) -> tuple[int, ...]:
    """Return the declared shape of an ONNX input or output, with -1 for dynamic axes."""
    sizes = value.type.tensor_type.shape.dim
    return tuple(size.dim_value if size.HasField("dim_value") else -1 for size in sizes)


def rename(nodes: Iterable[onnx.NodeProto], names: Mapping[str, str]) -> None:
    """Rename the inputs and outputs of ONNX nodes and their subgraphs in place."""
    for node in nodes:
        for values in (node.input, node.output):
            values[:] = [names.get(value, value) for value in values]
        for attribute in node.attribute:
            for inner in (attribute.g, *attribute.graphs):
                rename(inner.node, names)


def serialise(model: onnx.ModelProto) -> bytes:
    """Serialise an ONNX model deterministically."""
    return bytes(model.SerializeToString(deterministic=True))
