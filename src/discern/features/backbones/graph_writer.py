"""Writes ONNX graphs: the few operations that backbones are made of, and the averaging over mirrored views."""

from collections.abc import Iterable, Mapping

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

OPSET = 18
IR_VERSION = 10
_CHANNELS_FIRST = [0, 3, 1, 2]
_CHANNELS_LAST = [0, 2, 3, 1]


class GraphWriter:
    """Collects nodes and weights; each method adds operations and returns the name of their result."""

    def __init__(self, prefix: str = "") -> None:
        self._prefix = prefix
        self._nodes: list[onnx.NodeProto] = []
        self._weights: dict[str, onnx.TensorProto] = {}

    def add(self, kind: str, *inputs: str, result: str | None = None, **attributes: object) -> str:
        """Add one operation of the standard domain."""
        name = f"{self._prefix}{kind.lower()}_{len(self._nodes)}"
        self._nodes.append(helper.make_node(kind, list(inputs), [result or name], name=name, **attributes))
        return result or name

    def weight(self, name: str, values: np.ndarray) -> str:
        """Keep an array under a name; the same name is kept once."""
        name = self._prefix + name
        if name not in self._weights:
            self._weights[name] = numpy_helper.from_array(np.asarray(values, order="C"), name)
        return name

    def numbers(self, *values: int) -> str:
        """An int64 vector."""
        return self.weight("numbers_" + "_".join(map(str, values)), np.array(values, np.int64))

    def scalar(self, value: float) -> str:
        """A float32 scalar."""
        return self.weight(f"scalar_{value}", np.array(value, np.float32))

    def relu6(self, values: str) -> str:
        """The activation min(max(x, 0), 6)."""
        return self.add("Clip", values, self.scalar(0.0), self.scalar(6.0))

    def centred_pixels(self, pixels: str) -> str:
        """uint8 `[N, H, W, 3]` in 0..255 to float32 `[N, 3, H, W]` in -127.5..127.5."""
        moved = self.add("Transpose", pixels, perm=_CHANNELS_FIRST)
        return self.add("Sub", self.add("Cast", moved, to=TensorProto.FLOAT), self.scalar(127.5))

    def mirrored(self, values: str) -> str:
        """`[N, h, w, C]` mirrored left to right."""
        start, end, axis = self.numbers(-1), self.numbers(np.iinfo(np.int64).min), self.numbers(2)
        return self.add("Slice", values, start, end, axis, start)

    def spatial_mean(self, values: str) -> str:
        """`[N, C, h, w]` to `[N, C]`: the mean over the places."""
        return self.add("Flatten", self.add("GlobalAveragePool", values))

    def spatial_statistics(self, values: str, *, places: int) -> tuple[str, str]:
        """`[N, C, h, w]` with h * w = `places` to the mean and the population deviation over them, both `[N, C]`."""
        mean = self.add("GlobalAveragePool", values)
        # Norm of the differences, not the difference of the squares: it cannot turn negative.
        norm = self.add("ReduceL2", self.add("Sub", values, mean), self.numbers(2, 3), keepdims=0)
        return self.add("Flatten", mean), self.add("Div", norm, self.scalar(places**0.5))

    def channels_last(self, values: str, *, result: str | None = None) -> str:
        """`[N, C, h, w]` to `[N, h, w, C]`."""
        return self.add("Transpose", values, perm=_CHANNELS_LAST, result=result)

    def model(self, *, size: int, embedding: int, map_shape: tuple[int, int, int] | None) -> onnx.ModelProto:
        """The model from `pixels` to `embedding` and `map`, which must have been added under these names."""
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

    def wrap(self, model: onnx.ModelProto, *, before: "GraphWriter") -> None:
        """Put what `before` collected in front of the model's own nodes, and what this writer collected behind."""
        graph = model.graph
        nodes = [*before._nodes, *graph.node, *self._nodes]
        del graph.node[:]
        graph.node.extend(nodes)
        graph.initializer.extend((before._weights | self._weights).values())


def average_mirrored(model: onnx.ModelProto) -> None:
    """Make the model see each picture twice, as it is and mirrored left to right, and average what it saw.

    Both views pass the net in one batch. The map of the mirrored view is turned back before it is averaged.

    Args:
        model: from `pixels` to `embedding` and perhaps `map` (channels last), opset 13 or later; changed in place.
    """
    shapes = {output.name: shape_of(output) for output in model.graph.output}
    rename(model.graph.node, {name: f"views/{name}" for name in ("pixels", *shapes)})
    front, back = GraphWriter(prefix="views/"), GraphWriter(prefix="views/")
    front.add("Concat", "pixels", front.mirrored("pixels"), axis=0, result="views/pixels")
    for name, shape in shapes.items():
        pairs = back.add("Reshape", f"views/{name}", back.numbers(2, -1, *shape[1:]))
        plain, turned = (back.add("Gather", pairs, back.weight(f"view_{i}", np.array(i)), axis=0) for i in (0, 1))
        if name == "map":
            turned = back.mirrored(turned)
        back.add("Mul", back.add("Add", plain, turned), back.scalar(0.5), result=name)
    back.wrap(model, before=front)


def shape_of(value: onnx.ValueInfoProto) -> tuple[int, ...]:
    """The declared shape of an input or output; -1 where a size is not fixed."""
    sizes = value.type.tensor_type.shape.dim
    return tuple(size.dim_value if size.HasField("dim_value") else -1 for size in sizes)


def rename(nodes: Iterable[onnx.NodeProto], names: Mapping[str, str]) -> None:
    """Give values new names wherever the nodes, or the graphs inside them, take or make them; in place."""
    for node in nodes:
        for values in (node.input, node.output):
            values[:] = [names.get(value, value) for value in values]
        for attribute in node.attribute:
            for inner in (attribute.g, *attribute.graphs):
                rename(inner.node, names)


def serialise(model: onnx.ModelProto) -> bytes:
    """The model's bytes: the same for the same model."""
    return bytes(model.SerializeToString(deterministic=True))
