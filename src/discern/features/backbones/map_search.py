"""Search for the feature map of a network whose vector is not its mean.

Such a vector is the token of a transformer for the whole picture, or the output of layers after the pooling.
"""

from collections.abc import Iterator
from dataclasses import replace
from functools import reduce
from math import isqrt

import onnx

from discern.features.backbones.feature_outputs import Features, Shapes, read_averaged_axes, stored_tensors

_MOST_PREFIX = 5  # tokens before those of the patches: for the whole picture, of a teacher, and up to four registers
CLASS_TOKEN, POOLED = "class_token", "pooled"


def find_map(graph: onnx.GraphProto, shapes: Shapes, features: Features) -> Features:
    """Add the map from which a network computes its vector, and so the mean of the map as the first block.

    It is the last tensor with several places through which everything passes on its way from the pictures to the
    vector, in the second half of the network's operators.

    Args:
        graph: network with one input, for float pictures.
        shapes: shape of each tensor, with -1 for axes that grow with the number of pictures.
        features: vector without a map.

    Returns:
        Both; or only the map if the vector is its mean; or `features` if there is no such map.
    """
    assert features.embedding is not None
    order = {name: number for number, node in enumerate(graph.node) for name in node.output}
    for name in _passed_tensors(graph, features.embedding):
        found = _as_map(name, shapes.get(name, ()))
        if found and 2 * order.get(name, 0) >= len(graph.node):
            if _is_mean(graph, shapes, features.embedding, name):
                return replace(found, note=features.note)
            block = CLASS_TOKEN if found.prefix else POOLED
            return replace(
                found, embedding=features.embedding, block=block, vector_width=features.width, note=features.note
            )
    return features


def _passed_tensors(graph: onnx.GraphProto, target: str) -> Iterator[str]:
    """List the tensors without which the target cannot be computed from the pictures, the last one first.

    These are its dominators in the graph. The sizes of tensors are not followed.
    """
    stored = {tensor.name for tensor in graph.initializer}
    dominator = {value.name: "" for value in graph.input if value.name not in stored}
    depth = dict.fromkeys(dominator, 0)

    def nearest(one: str, other: str) -> str:
        while one != other:
            if depth[one] >= depth[other]:
                one = dominator[one]
            else:
                other = dominator[other]
        return one

    for node in graph.node:
        reached = [name for name in node.input if name in dominator]
        if not reached or node.op_type in ("Shape", "Size"):
            continue
        common = reduce(nearest, reached)
        for name in node.output:
            dominator[name], depth[name] = common, depth[common] + 1
    name = dominator.get(target, "")
    while name:
        yield name
        name = dominator[name]


def _as_map(name: str, shape: tuple[int, ...]) -> Features | None:
    """Describe a tensor as a map if it has the shape of one, `[N, D, s, s]`, `[N, s, s, D]` or tokens `[N, T, D]`."""
    if shape[:1] != (-1,) or min(shape[1:], default=0) < 2:
        return None
    if len(shape) == 4:
        if shape[2] == shape[3]:
            return Features(embedding=None, map=name, channels_last=False, width=shape[1])
        if shape[1] == shape[2]:
            return Features(embedding=None, map=name, channels_last=True, width=shape[3])
    for prefix in range(_MOST_PREFIX + 1) if len(shape) == 3 else ():
        places = shape[1] - prefix
        if places > 1 and isqrt(places) ** 2 == places:
            return Features(
                embedding=None, map=name, channels_last=True, width=shape[2], tokens=shape[1], prefix=prefix
            )
    return None


def _is_mean(graph: onnx.GraphProto, shapes: Shapes, vector: str, tokens: str) -> bool:
    """Check whether a vector is the mean of all tokens."""
    node = next((node for node in graph.node if vector in node.output), None)
    while node is not None and node.op_type in ("Identity", "Dropout"):
        node = next((each for each in graph.node if node.input[0] in each.output), None)
    if node is None or node.input[0] != tokens:
        return False
    return read_averaged_axes(node, shapes[tokens], stored_tensors(graph)) == [1]
