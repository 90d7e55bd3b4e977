"""Operators on single elements have results of the shape of their inputs."""

import numpy as np
import pytest
from onnx import TensorProto

from discern.bundle.graph_safety import find_fault
from tests.unit.bundle.graph_safety.small_graphs import beside, facts, node, shape_after, values_after

ROWS = {"row": [[1.0] * 8], "column": [[1.0]] * 8, "cube": np.ones((5, 1, 1, 1, 1), np.float32)}


@pytest.mark.parametrize(
    ("nodes", "shape"),
    [
        ([node("Relu", "x")], "[N, 3, 8, 8]"),
        ([node("Add", "x", "row")], "[N, 3, 8, 8]"),
        ([node("Add", "row", "column")], "[8, 8]"),
        ([node("Mul", "x", "cube")], "[5, N, 3, 8, 8]"),
        ([node("Max", "x", "row", "column")], "[N, 3, 8, 8]"),
        ([node("Equal", "x", "x")], "[N, 3, 8, 8]"),
        ([node("Less", "x", "row", outputs=["c"]), node("Where", "c", "x", "column")], "[N, 3, 8, 8]"),
        ([node("Cast", "x", to=TensorProto.DOUBLE)], "[N, 3, 8, 8]"),
        ([node("CastLike", "pixels", "x")], "[N, 8, 8, 3]"),
        ([node("Clip", "x", "", "one")], "[N, 3, 8, 8]"),
        ([node("Softmax", "x", axis=-1)], "[N, 3, 8, 8]"),
        ([node("LayerNormalization", "x", "eight", outputs=["z", "y", "s"], axis=2)], "[N, 3, 1, 1]"),
        ([node("BatchNormalization", "x", *["three"] * 4)], "[N, 3, 8, 8]"),
        ([node("LRN", "x", size=5)], "[N, 3, 8, 8]"),
        ([node("QuantizeLinear", "x", "one", "zero")], "[N, 3, 8, 8]"),
        ([node("Dropout", "x", "one", "off", outputs=["z", "y"])], "[N, 3, 8, 8]"),
        ([node("ScatterND", "row", "place", "update")], "[1, 8]"),
        ([node("Div", "x", "row")], "[N, 3, 8, 8]"),
    ],
)
def test_the_shape_of_the_result(nodes: list, shape: str) -> None:
    weights = ROWS | {
        "one": 1.0,
        "three": [1.0] * 3,
        "eight": [1.0] * 8,
        "zero": np.array(0, np.uint8),
        "off": np.array(False),
        "place": [[0]],
        "update": [[1.0] * 8],
    }
    assert shape_after(*nodes, weights=weights) == shape


def test_the_type_of_the_result() -> None:
    nodes = [
        node("Equal", "x", "x", outputs=["flags"]),
        node("Cast", "x", outputs=["doubles"], to=TensorProto.DOUBLE),
        node("QuantizeLinear", "x", "one", outputs=["small"]),
        node("DequantizeLinear", "small", "one", outputs=["large"]),
        node("IsNaN", "x", outputs=["odd"]),
    ]
    found = facts(beside(*nodes, weights={"one": 1.0}))
    kinds = [found[name].kind for name in ("flags", "doubles", "small", "large", "odd")]
    assert kinds == [TensorProto.BOOL, TensorProto.DOUBLE, TensorProto.UINT8, TensorProto.FLOAT, TensorProto.BOOL]


@pytest.mark.parametrize(
    ("rejected", "why"),
    [
        (node("Add", "x", "seven"), "has inputs that do not fit together: [N, 3, 8, 8] and [7]"),
        (node("Add", "x", "pixels"), "has inputs that do not fit together"),
        (node("Cast", "x", to=TensorProto.STRING), "converts to the element type 8, which is not allowed"),
        (node("Cast", "x"), "converts to the element type 0"),
        (node("Softmax", "x", axis=4), "has the axis 4 for a tensor of 4 axes"),
        (node("Softmax", "x", axis=-(2**63)), "for a tensor of 4 axes"),
        (node("LayerNormalization", "x", "seven", axis=9), "has the axis 9"),
        (node("BatchNormalization", "x", *["seven"] * 4, training_mode=1), "statistics of the batch"),
        (node("Dropout", "x", "half", "on"), "at random"),
        (node("Dropout", "x", "half", "unknown"), "at random"),
        (node("LRN", "x", size=0), "joins 0 channels"),
        (node("LRN", "x", size=2**40), "joins 1099511627776 channels"),
        (node("Div", "pixels", "pixels"), "not known to be positive"),
        (node("Mod", "places", "places"), "not known to be positive"),
        (node("Mod", "places", "zeros", fmod=1), "not known to be positive"),
        (node("ScatterND", "x", "seven", "seven"), "has places that are not integers"),
        (node("Sum", *["x"] * 65), "has 65 inputs"),
        (node("Clip", ""), "lacks its input 1"),
    ],
)
def test_a_misuse_is_rejected(rejected: object, why: str) -> None:
    flag = node("Equal", "x", "x", outputs=["unknown"])
    weights = {
        "seven": [1.0] * 7,
        "half": 0.5,
        "on": np.array(True),
        "places": [3, -1],
        "zeros": [1, 0],
    }
    assert why in str(find_fault(beside(flag, rejected, weights=weights)))


def test_values_pass_through() -> None:
    assert values_after(node("Identity", "a"), weights={"a": [1, 2]}) == [1, 2]
    assert values_after(node("Add", "a", "a"), weights={"a": [1, 2]}) == [2, 4]
    assert values_after(node("Sqrt", "a"), weights={"a": [4.0]}) is None
    assert values_after(node("Max", "a"), weights={"a": [1, 2]}) is None
    assert values_after(node("Sum", "a", "a", "a"), weights={"a": [1, 2]}) is None
    limits = {"a": [-1.5, 2.0, 9.0], "low": 0.0, "high": 4.0}
    assert values_after(node("Clip", "a", "low", "high"), weights=limits) == [0, 2, 4]
    assert values_after(node("Clip", "a", "low"), weights=limits) == [0, 2, 9]
    assert values_after(node("Clip", "a", "", "high"), weights=limits) == [-1.5, 2, 4]
    assert values_after(node("Clip", "a", "high", "low"), weights=limits) is None
    assert values_after(node("Clip", "a", "low", "high"), weights=limits | {"a": [np.nan, 1.0]}) is None
    assert values_after(node("Clip", "a", "a"), weights={"a": [1, 2]}) is None
