"""Operators that rearrange elements keep their number for every number of pictures, or are refused."""

import pytest
from onnx import NodeProto

from discern.bundle.graph_safety import find_fault
from discern.bundle.graph_safety.batch_multiple import BatchMultiple
from tests.unit.bundle.graph_safety.small_graphs import Weights, beside, node, shape_after, values_after

LOWEST, HIGHEST = -(2**63), 2**63 - 1


def sliced(start: int, end: int, axis: int = 2, step: int = 1) -> tuple[NodeProto, Weights]:
    return node("Slice", "x", "a", "b", "c", "d"), {"a": [start], "b": [end], "c": [axis], "d": [step]}


def with_list(kind: str, *values: int, name: str = "x", **attributes: object) -> tuple[NodeProto, Weights]:
    return node(kind, name, "a", **attributes), {"a": list(values)}


@pytest.mark.parametrize(
    ("case", "shape"),
    [
        (with_list("Reshape", 0, -1), "[N, 192]"),
        (with_list("Reshape", -1, 192), "[N, 192]"),
        (with_list("Reshape", -1), "[192N]"),
        (with_list("Reshape", -1, 3, 4, 2, 4, 2), "[N, 3, 4, 2, 4, 2]"),
        (with_list("Reshape", 3, -1), "[3, 64N]"),
        (with_list("Expand", 1, 3, 1, 1), "[N, 3, 8, 8]"),
        (with_list("Expand", 5, 1, 1, 1, 1), "[5, N, 3, 8, 8]"),
        (with_list("Tile", 2, 1, 1, 3), "[2N, 3, 8, 24]"),
        (with_list("Gather", 0, 2, 1, 2, axis=1), "[N, 4, 8, 8]"),
        (with_list("Gather", 0, axis=0), "[1, 3, 8, 8]"),
        (with_list("Split", 8, axis=2), "[N, 3, 8, 8]"),
        (with_list("Unsqueeze", 0, -1), "[1, N, 3, 8, 8, 1]"),
        (with_list("Squeeze", 3, name="mean"), "[N, 3, 1]"),
        ((node("Transpose", "x"), {}), "[8, 8, 3, N]"),
        ((node("Flatten", "x", axis=2), {}), "[3N, 64]"),
        ((node("Flatten", "x", axis=0), {}), "[1, 192N]"),
        ((node("Flatten", "x", axis=4), {}), "[192N, 1]"),
        ((node("Concat", "x", "x", axis=0), {}), "[2N, 3, 8, 8]"),
        ((node("Concat", "x", "x", "x", axis=-1), {}), "[N, 3, 8, 24]"),
        ((node("SpaceToDepth", "x", blocksize=4), {}), "[N, 48, 2, 2]"),
        ((node("DepthToSpace", "twelve", blocksize=2), {}), "[N, 3, 16, 16]"),
        (sliced(1, 3), "[N, 3, 2, 8]"),
        (sliced(-3, HIGHEST), "[N, 3, 3, 8]"),
        (sliced(-1, LOWEST, step=-1), "[N, 3, 8, 8]"),
        (sliced(0, HIGHEST, step=3), "[N, 3, 3, 8]"),
        (sliced(0, HIGHEST, axis=0), "[N, 3, 8, 8]"),
        (sliced(-1, LOWEST, axis=0, step=-1), "[N, 3, 8, 8]"),
        (sliced(0, 1, axis=0), "[1, 3, 8, 8]"),
    ],
)
def test_the_shape_of_the_result(case: tuple[NodeProto, Weights], shape: str) -> None:
    before = (
        node("GlobalAveragePool", "x", outputs=["mean"]),
        node("Concat", *["x"] * 4, axis=1, outputs=["twelve"]),
    )
    assert shape_after(*before, case[0], weights=case[1]) == shape


def test_a_split_without_lengths_has_a_shorter_last_part() -> None:
    split = node("Split", "x", outputs=["y", "z", "last"], axis=2, num_outputs=3)
    assert shape_after(split) == "[N, 3, 3, 8]"
    assert shape_after(split, result="last") == "[N, 3, 2, 8]"


@pytest.mark.parametrize(
    ("case", "why"),
    [
        (with_list("Reshape", 1, 192), "cannot be run for every number of pictures"),
        (with_list("Reshape", -1, 5), "cannot be run for every number of pictures"),
        (with_list("Reshape", -1, -1), "has the shape [-1, -1]"),
        (with_list("Reshape", -2, 192), "has the shape [-2, 192]"),
        (with_list("Reshape", 0, 0, 0, 0, 0), "keeps an axis that is not there"),
        (with_list("Reshape", 0, -1, allowzero=1), "every number of pictures"),
        (with_list("Reshape", *[1] * 9), "a result of 9 axes"),
        (with_list("Reshape", 2**62, 2**62, -1), "every number of pictures"),
        (with_list("Expand", -1, 3, 8, 8), "has the shape [-1, 3, 8, 8]"),
        (with_list("Expand", 3, 3, 8, 8), "do not fit together"),
        (with_list("Expand", 10**8, 1, 1, 1, 1), "76,800,000,000 for one picture"),
        (with_list("Tile", 1, 1), "repeats 4 axes [1, 1] times"),
        (with_list("Tile", 1, 1, 1, -1), "repeats 4 axes"),
        (with_list("Tile", 1, 1, 0, 1), "an empty result"),
        (with_list("Tile", 2**62, 2**62, 1, 1), "the longest of"),
        (with_list("Gather", 3, axis=1), "an axis of length 3 does not have"),
        (with_list("Gather", -4, axis=1), "an axis of length 3 does not have"),
        (with_list("Gather", 0, axis=7), "has the axis 7"),
        (with_list("Split", 3, axis=2), "cuts an axis of length 8 into [3]"),
        ((node("Split", "x", outputs=["y", "z", "last"], axis=2, num_outputs=1), {}), "has 3 outputs, not those"),
        ((node("Split", "x", axis=2, num_outputs=-1), {}), "has 1 outputs, not those"),
        (with_list("Split", 1, axis=0), "needs fixed sizes, not [N]"),
        (with_list("Unsqueeze", 0, 0), "has an axis twice"),
        (with_list("Unsqueeze", *range(9)), "9 axes"),
        (with_list("Squeeze", 0), "removes the axes [0] of [N, 3, 8, 8]"),
        ((node("Squeeze", "x"), {}), "every number of pictures"),
        ((node("Transpose", "x", perm=[0, 1, 2]), {}), "the order of axes [0, 1, 2] for 4 axes"),
        ((node("Transpose", "x", perm=[0, 1, 1, 2]), {}), "the order of axes"),
        ((node("Flatten", "x", axis=5), {}), "has the axis 5"),
        ((node("Concat", "x", "pixels", axis=0), {}), "joins [N, 3, 8, 8] and [N, 8, 8, 3]"),
        ((node("Concat", "x", "one", axis=0), {"one": [[[[1.0] * 8] * 8] * 3]}), "joins one picture with all"),
        ((node("Concat", "x", axis=9), {}), "has the axis 9"),
        ((node("SpaceToDepth", "x", blocksize=3), {}), "into blocks of 3"),
        ((node("SpaceToDepth", "x", blocksize=0), {}), "the block size [0]"),
        ((node("DepthToSpace", "x", blocksize=2), {}), "into blocks of 2"),
        (sliced(1, HIGHEST, axis=0), "keeps a part of the pictures"),
        (sliced(0, 2, axis=0), "keeps a part of the pictures"),
        (sliced(0, -1, axis=0), "keeps a part of the pictures"),
        (sliced(0, HIGHEST, axis=0, step=2), "keeps a part of the pictures"),
        (sliced(0, 2, step=0), "do not fit together"),
        (sliced(0, 2, axis=4), "has the axis 4"),
        (sliced(0, HIGHEST, step=-1), "runs backwards"),
        (sliced(LOWEST, LOWEST, step=-1), "runs backwards"),
        (sliced(5, 2), "an empty result"),
    ],
)
def test_a_misuse_is_rejected(case: tuple[NodeProto, Weights], why: str) -> None:
    assert why in str(find_fault(beside(case[0], weights=case[1])))


@pytest.mark.parametrize("kind", ["Reshape", "Expand", "Tile", "Squeeze", "Unsqueeze"])
def test_a_shape_that_depends_on_the_picture_is_rejected(kind: str) -> None:
    chosen = [node("ArgMax", "x", outputs=["best"], axis=3), node("Flatten", "best", outputs=["flat"], axis=0)]
    fault = str(find_fault(beside(*chosen, node(kind, "x", "flat"))))
    assert fault.endswith("has an output size that cannot be bounded: it depends on the picture")


SHAPE = node("Shape", "x", outputs=["s"])


@pytest.mark.parametrize(
    ("nodes", "values"),
    [
        ([node("Gather", "s", "i")], [8, 3]),
        ([node("Slice", "s", "one", "three")], [3, 8]),
        ([node("Concat", "s", "i", axis=0)], [BatchMultiple(1), 3, 8, 8, 2, 1]),
        ([node("Concat", "i", "i", axis=0)], [2, 1, 2, 1]),
        ([node("Reshape", "i", "column")], [[2], [1]]),
        ([node("Unsqueeze", "i", "zero")], [[2, 1]]),
        ([node("Split", "i", "halves", outputs=["z", "y"], axis=0)], [1]),
        ([node("Expand", "one", "three")], [1, 1, 1]),
        ([node("Transpose", "i")], [2, 1]),
        ([node("Flatten", "i", axis=0)], [[2, 1]]),
    ],
)
def test_values_are_followed(nodes: list[NodeProto], values: list) -> None:
    weights = {"i": [2, 1], "one": [1], "three": [3], "zero": [0], "column": [2, 1], "halves": [1, 1]}
    assert values_after(SHAPE, *nodes, weights=weights) == values
