"""Constants are followed if they are short, and bounded if they are long."""

import numpy as np
import pytest
from onnx import NodeProto

from discern.bundle.graph_safety import find_fault
from discern.bundle.graph_safety.batch_multiple import BatchMultiple
from tests.unit.bundle.graph_safety.small_graphs import Weights, beside, node, shape_after, values_after, weight

ONE = weight("", [5])


def counted(*values: int) -> tuple[NodeProto, Weights]:
    return node("Range", "a", "b", "c"), dict(zip("abc", map(np.int64, values), strict=True))


@pytest.mark.parametrize(
    ("case", "values"),
    [
        ((node("Constant", value_int=3), {}), 3),
        ((node("Constant", value_ints=[3, 4]), {}), [3, 4]),
        ((node("Constant", value_float=0.5), {}), 0.5),
        ((node("Constant", value_floats=[0.5]), {}), [0.5]),
        ((node("Constant", value=ONE), {}), [5]),
        ((node("ConstantOfShape", "a", value=ONE), {"a": [2, 1]}), [[5], [5]]),
        ((node("ConstantOfShape", "a"), {"a": [2]}), [0, 0]),
        ((node("ConstantOfShape", "a"), {"a": np.zeros(0, np.int64)}), 0),
        ((node("ConstantOfShape", "a"), {"a": [65]}), None),
        ((node("Shape", "x"), {}), [BatchMultiple(1), 3, 8, 8]),
        ((node("Shape", "x", start=-2), {}), [8, 8]),
        ((node("Shape", "x", start=1, end=-1), {}), [3, 8]),
        (counted(0, 5, 1), [0, 1, 2, 3, 4]),
        (counted(5, 0, -2), [5, 3, 1]),
        (counted(0, -5, 1), []),
        (counted(0, 65, 1), None),
    ],
)
def test_short_constants_are_known(case: tuple[NodeProto, Weights], values: object) -> None:
    assert values_after(case[0], weights=case[1]) == values


def test_numbers_up_to_that_of_the_pictures_are_counted() -> None:
    nodes = [node("Shape", "x", outputs=["n"], end=1), node("Squeeze", "n", outputs=["limit"])]
    assert shape_after(*nodes, node("Range", "a", "limit", "c"), weights={"a": 0, "c": 1}) == "[N]"
    fault = find_fault(beside(*nodes, node("Range", "a", "limit", "c"), weights={"a": 1, "c": 1}))
    assert "it counts otherwise than from 0 in ones" in str(fault)


@pytest.mark.parametrize(
    ("case", "why"),
    [
        ((node("Constant"), {}), "has no value, or several"),
        ((node("Constant", value_int=1, value_float=1.0), {}), "has no value, or several"),
        ((node("Constant", value_string="text"), {}), "the attribute value_string, which is not allowed"),
        ((node("ConstantOfShape", "a"), {"a": [2**15] * 4}), "bytes of computed constants"),
        ((node("ConstantOfShape", "a"), {"a": [10**12]}), "the longest of 1,000,000,000,000"),
        ((node("ConstantOfShape", "a"), {"a": [2**62, 0]}), "the longest of"),
        ((node("ConstantOfShape", "a"), {"a": [-1]}), "has the shape [-1]"),
        ((node("ConstantOfShape", "a"), {"a": [1] * 9}), "has the shape"),
        ((node("ConstantOfShape", "a", value=weight("", [1, 2])), {"a": [2]}), "repeats several numbers"),
        ((node("ConstantOfShape", "x"), {}), "cannot be bounded"),
        (counted(0, 5, 0), "it counts in steps of zero"),
        (counted(0, 2**31, 1), "bytes of computed constants"),
        (counted(0, 2**40, 1), "do not represent exactly"),
        (counted(-(2**63), 2**63 - 1, 1), "do not represent exactly"),
        ((node("Range", "a", "a", "a"), {"a": [1, 2]}), "is not one number"),
        ((node("Range", "a", "a", "a"), {"a": 1.0}), "has no integers"),
    ],
)
def test_a_misuse_is_rejected(case: tuple[NodeProto, Weights], why: str) -> None:
    assert why in str(find_fault(beside(case[0], weights=case[1])))
