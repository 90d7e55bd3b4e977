"""Functions that find the features in the graph of an exported network."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isqrt, prod
from typing import Any

import onnx
from onnx import helper, numpy_helper

Shapes = Mapping[str, tuple[int, ...]]

# Numbers of classes in the sets on which networks are commonly pretrained: ImageNet-1k, with a background class, the
# subsets 12k of ImageNet-22k, 21k in its versions, and Places365.
_CLASSES = {1000, 1001, 11221, 11821, 21841, 21842, 21843, 10450, 365}
_CLASS_NAMES = ("logit", "prob", "class", "score", "softmax")
_ACTIVATIONS = {"Softmax", "LogSoftmax", "Sigmoid"}
_RESHAPING = {"Flatten", "Reshape", "Squeeze", "Identity", "Dropout"}
_BETTER = (
    "features before the last layer usually classify better: export the network without it, with timm by "
    "`num_classes=0`, with torchvision by replacing `fc`, `classifier` or `head` with `torch.nn.Identity()`."
)
EMBEDDING = "embedding"


@dataclass(frozen=True, kw_only=True)
class Features:
    """Tensors of a graph that become the outputs of a backbone.

    Attributes:
        embedding: tensor `[N, D]` or `[N, D, 1, 1]`, or tokens `[N, T, D]` of which it is the first; None for the mean
            of `map` over its places.
        map: tensor `[N, D, h, w]` or `[N, h, w, D]`, or tokens `[N, h * w, D]`; None without one.
        channels_last: whether the map is `[N, h, w, D]`.
        width: D.
        tokens: number of tokens T; 0 if these tensors are not tokens.
        note: sentence for people on the choice; empty if there was none.
        prefix: number of tokens before those of the patches, which the map leaves out.
        block: name of the block for `embedding` if it is not the mean of `map`, which is then the block before it;
            empty if it is.
        vector_width: length of that block.
    """

    embedding: str | None
    map: str | None
    channels_last: bool
    width: int
    tokens: int = 0
    note: str = ""
    prefix: int = 0
    block: str = ""
    vector_width: int = 0

    @property
    def blocks(self) -> Mapping[str, tuple[int, int]]:
        """Return the column ranges of the embedding blocks in order."""
        own = {self.block: (self.width, self.width + self.vector_width)} if self.block else {}
        return {"head": (0, self.width), **own}


class NoFeatures(ValueError):
    """Error raised for a graph without features; its message continues "the backbone ..."."""


def find_features(model: onnx.ModelProto, shapes: Shapes) -> Features:
    """Choose the features among the outputs of a network and the tensors before them.

    A vector is preferred to a map, and the input of the last layer of a known classifier to its output. The map is the
    one whose mean over the places is the vector, if there is one.

    Args:
        model: network for float pictures.
        shapes: shape of each tensor, with -1 for axes that grow with the number of pictures.

    Raises:
        NoFeatures: no output has the shape of features, or several have.
    """
    return _Search(model, shapes).run()


class _Search:
    """Search in the graph of one network, backwards from its outputs."""

    def __init__(self, model: onnx.ModelProto, shapes: Shapes) -> None:
        self._shapes = shapes
        self._outputs = [output.name for output in model.graph.output]
        self._producers = {name: node for node in model.graph.node for name in node.output if name}
        self._stored = stored_tensors(model.graph)

    def run(self) -> Features:
        vectors = [name for name in self._outputs if self._width(name)]
        if EMBEDDING in vectors:
            return self._of_vector(EMBEDDING)
        if vectors:
            return self._choose_layer(self._choose_vector(vectors))
        maps = [name for name in self._outputs if len(self._shapes[name]) == 4 and min(self._shapes[name][1:]) > 0]
        if not maps:
            return self._of_tokens()
        coarsest = min(maps, key=lambda name: self._places(self._shapes[name]))
        shape = self._shapes[coarsest]
        channels_last = shape[1] == shape[2] != shape[3]
        return Features(
            embedding=None, map=coarsest, channels_last=channels_last, width=shape[3 if channels_last else 1]
        )

    def _of_tokens(self) -> Features:
        """Return the first token of a transformer if it is one more than a square, and the mean of a square."""
        tokens = [name for name in self._outputs if len(self._shapes[name]) == 3 and min(self._shapes[name][1:]) > 1]
        for name in tokens if len(tokens) == 1 else ():
            _, count, width = self._shapes[name]
            if isqrt(count - 1) ** 2 == count - 1:
                note = f"Of its {count:,} tokens, the first is used, which stands for the whole picture."
                return Features(embedding=name, map=None, channels_last=True, width=width, tokens=count, note=note)
            if isqrt(count) ** 2 == count:
                note = f"The mean of its {count:,} tokens is used."
                return Features(embedding=None, map=name, channels_last=True, width=width, tokens=count, note=note)
        raise NoFeatures(f"returns {self._list(self._outputs)}: nothing of shape [N, D] or [N, D, h, w]")

    def _width(self, name: str) -> int:
        """Return the length of a vector per picture; 0 for other tensors."""
        shape = self._shapes.get(name, ())
        is_vector = len(shape) == 2 or (len(shape) == 4 and shape[2:] == (1, 1))
        return max(0, shape[1]) if is_vector and shape[0] == -1 else 0

    def _choose_vector(self, vectors: Sequence[str]) -> str:
        """Choose the vector from which the others are computed."""
        layers = {name: self._last_layer(name) for name in vectors}
        origins = {name: self._strip(name) for name in vectors}
        computed = [
            name
            for name in vectors
            if (layer := layers[name]) and any(layer == origins[other] for other in vectors if other != name)
        ]
        rest = [name for name in vectors if name not in computed] or list(vectors)
        if len({layers[name] or origins[name] for name in rest}) > 1:
            raise NoFeatures(f"returns several vectors, {self._list(rest)}, none of which is called `{EMBEDDING}`")
        return rest[0]

    def _choose_layer(self, vector: str) -> Features:
        """Choose between a vector and the input of the last layer that computes it."""
        features, width = self._last_layer(vector), self._width(vector)
        scores = self._producers.get(vector)
        named = any(word in vector.lower() for word in _CLASS_NAMES)
        known = width in _CLASSES or named or (scores is not None and scores.op_type in _ACTIVATIONS)
        if not known and not features:
            return self._of_vector(vector)
        if not known:
            count = self._width(features)
            note = f"Its last layer makes {width:,} numbers of {count:,}. If they are scores of classes, {_BETTER}"
            return self._of_vector(vector, note if width < count else "")
        if not features:
            return self._of_vector(vector, f"It returns scores of {width:,} classes; {_BETTER}")
        count = self._width(features)
        note = f"It returns scores of {width:,} classes; the {count:,} features before its last layer are used instead."
        return self._of_vector(features, note)

    def _last_layer(self, name: str) -> str:
        """Return the input of the linear layer that computes a vector, apart from reshaping; empty if none does."""
        node = self._producers.get(self._strip(name))
        while node is not None and node.op_type in _ACTIVATIONS:
            node = self._producers.get(self._strip(node.input[0]))
        if node is not None and node.op_type == "Add":
            added = [value for value in node.input if value not in self._stored]
            node = self._producers.get(added[0]) if len(added) == 1 else None
        if node is None or node.op_type not in ("Gemm", "MatMul") or node.input[1] not in self._stored:
            return ""
        features = self._strip(node.input[0])
        return features if self._width(features) else ""

    def _strip(self, name: str) -> str:
        """Follow a vector back through operators that only reshape it."""
        while (node := self._producers.get(name)) is not None and node.op_type in _RESHAPING:
            if self._width(node.input[0]) != self._width(name):
                break
            name = node.input[0]
        return name

    def _of_vector(self, vector: str, note: str = "") -> Features:
        width = self._width(vector)
        found, channels_last = self._pooled_map(self._strip(vector), width)
        return Features(embedding=vector, map=found, channels_last=channels_last, width=width, note=note)

    def _pooled_map(self, vector: str, width: int) -> tuple[str | None, bool]:
        """Return the map of which a vector is the mean over all places, and whether its channels are last."""
        node = self._producers.get(vector)
        if node is None:
            return None, False
        shape = self._shapes.get(node.input[0], ())
        if len(shape) != 4 or self._places(shape) == 1:
            return None, False
        axes = read_averaged_axes(node, shape, self._stored)
        for channels_last, expected in ((False, [2, 3]), (True, [1, 2])):
            if axes == expected and shape[3 if channels_last else 1] == width:
                return node.input[0], channels_last
        return None, False

    @staticmethod
    def _places(shape: tuple[int, ...]) -> int:
        """Return the number of places of a map in either layout, whose height and width are equal."""
        return prod(shape[1:]) // (shape[3] if shape[1] == shape[2] != shape[3] else shape[1])

    def _list(self, names: Sequence[str]) -> str:
        described = (f"{name} {['N', *self._shapes[name][1:]]}".replace("'", "") for name in names[:6])
        return ", ".join(described) + (", ..." if len(names) > 6 else "")


def stored_tensors(graph: onnx.GraphProto) -> dict[str, onnx.TensorProto]:
    """Return the weights and constants of a graph by name."""
    constants = {
        node.output[0]: attribute.t
        for node in graph.node
        if node.op_type == "Constant"
        for attribute in node.attribute
        if attribute.name == "value"
    }
    return constants | {tensor.name: tensor for tensor in graph.initializer}


def read_attribute(node: onnx.NodeProto, name: str, default: Any) -> Any:
    """Return the value of a node's attribute, or a default."""
    return next((helper.get_attribute_value(each) for each in node.attribute if each.name == name), default)


def read_averaged_axes(
    node: onnx.NodeProto, shape: tuple[int, ...], stored: Mapping[str, onnx.TensorProto]
) -> list[int]:
    """Return the axes over which an operator averages completely; empty for other operators."""
    if node.op_type == "GlobalAveragePool":
        return [2, 3]
    if node.op_type == "AveragePool":
        whole = read_attribute(node, "kernel_shape", []) == list(shape[2:])
        return [2, 3] if whole and not any(read_attribute(node, "pads", [])) else []
    if node.op_type != "ReduceMean":
        return []
    axes = read_attribute(node, "axes", [])
    if len(node.input) > 1 and node.input[1] in stored:
        axes = numpy_helper.to_array(stored[node.input[1]]).tolist()
    return sorted(axis % len(shape) for axis in axes)


def keep_needed(graph: onnx.GraphProto) -> None:
    """Remove the operators and weights of a graph that its outputs do not need, in place."""
    needed = {output.name for output in graph.output}
    kept = []
    for node in reversed(graph.node):
        if needed.intersection(node.output):
            kept.append(node)
            needed.update(node.input)
    weights = [tensor for tensor in graph.initializer if tensor.name in needed]
    del graph.node[:], graph.initializer[:]
    graph.node.extend(reversed(kept))
    graph.initializer.extend(weights)
