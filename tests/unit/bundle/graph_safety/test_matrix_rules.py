"""Products of matrices and reductions have results of bounded size."""

import numpy as np
import pytest
from onnx import NodeProto

from discern.bundle.graph_safety import count_multiply_adds, find_fault
from tests.unit.bundle.graph_safety.small_graphs import Weights, beside, node, shape_after

BEFORE = (node("Flatten", "x", outputs=["rows"]),)  # [N, 192]


def ones(*shape: int) -> np.ndarray:
    return np.ones(shape, np.float32)


@pytest.mark.parametrize(
    ("case", "shape"),
    [
        ((node("MatMul", "rows", "w"), {"w": ones(192, 5)}), "[N, 5]"),
        ((node("MatMul", "rows", "w"), {"w": ones(192)}), "[N]"),
        ((node("MatMul", "x", "w"), {"w": ones(8, 2)}), "[N, 3, 8, 2]"),
        ((node("MatMul", "w", "x"), {"w": ones(3, 5, 8)}), "[N, 3, 5, 8]"),
        ((node("MatMul", "w", "x"), {"w": ones(8)}), "[N, 3, 8]"),
        ((node("MatMul", "w", "w"), {"w": ones(8)}), "[]"),
        ((node("Gemm", "rows", "w"), {"w": ones(192, 5)}), "[N, 5]"),
        ((node("Gemm", "rows", "w", "b", transB=1), {"w": ones(5, 192), "b": ones(5)}), "[N, 5]"),
        ((node("Gemm", "w", "v", transA=1), {"w": ones(4, 2), "v": ones(4, 3)}), "[2, 3]"),
        ((node("Einsum", "x", "w", equation="nchw, cd -> ndhw"), {"w": ones(3, 7)}), "[N, 7, 8, 8]"),
        ((node("Einsum", "x", equation="nchw->nc"), {}), "[N, 3]"),
        ((node("ReduceMean", "x", "a", keepdims=0), {"a": [2, 3]}), "[N, 3]"),
        ((node("ReduceL2", "x", "a"), {"a": [-1]}), "[N, 3, 8, 1]"),
        ((node("ReduceMax", "x"), {}), "[1, 1, 1, 1]"),
        ((node("ReduceMax", "x", noop_with_empty_axes=1), {}), "[N, 3, 8, 8]"),
        ((node("ArgMax", "x", axis=1, keepdims=0), {}), "[N, 8, 8]"),
        ((node("GlobalMaxPool", "x"), {}), "[N, 3, 1, 1]"),
        ((node("Attention", "x", "x", "x"), {}), "[N, 3, 8, 8]"),
    ],
)
def test_the_shape_of_the_result(case: tuple[NodeProto, Weights], shape: str) -> None:
    assert shape_after(*BEFORE, case[0], weights=case[1], opset=23) == shape


def test_axes_may_be_an_attribute_as_before_opset_18() -> None:
    assert shape_after(node("ReduceMean", "x", axes=[1], keepdims=0), opset=17) == "[N, 8, 8]"


@pytest.mark.parametrize(
    ("case", "why"),
    [
        ((node("MatMul", "rows", "w"), {"w": ones(5, 192)}), "do not fit together: [N, 192] and [5, 192]"),
        ((node("MatMul", "rows", "w"), {"w": np.float32(1)}), "do not fit together: [N, 192] and []"),
        ((node("Transpose", "rows", outputs=["t"]), {}), "square of the number of pictures"),
        ((node("Gemm", "x", "w"), {"w": ones(8, 5)}), "do not fit together"),
        ((node("Gemm", "rows", "w"), {"w": ones(191, 5)}), "do not fit together"),
        ((node("Gemm", "rows", "w", "b"), {"w": ones(192, 5), "b": ones(4)}), "do not fit together"),
        ((node("Einsum", "x", equation="nchw->z"), {}), "has the equation"),
        ((node("Einsum", "x", equation="nchw"), {}), "has the equation"),
        ((node("Einsum", "x", equation="...w->w"), {}), "has the equation"),
        ((node("Einsum", "x", equation="nnhw->n"), {}), "has the equation"),
        ((node("Einsum", "x", equation="nch->n"), {}), "has the equation"),
        ((node("Einsum", "x", equation="nchw->nn"), {}), "has the equation"),
        ((node("Einsum", "x", "w", equation="nchw,cd->ndhw"), {"w": ones(4, 7)}), "do not fit the equation"),
        ((node("Einsum", "x", equation="nchw->" + "n" * 90), {}), "has the equation"),
        ((node("ReduceMean", "x", "a"), {"a": [4]}), "has the axis 4"),
        ((node("ReduceMean", "x", "a"), {"a": [0, 0]}), "has an axis twice"),
        ((node("ArgMax", "x", axis=-5), {}), "has the axis -5"),
        ((node("Attention", "rows", "rows", "rows"), {}), "takes [N, 192]"),
        ((node("Attention", "x", "x", "w"), {"w": ones(1, 3, 9, 8)}), "do not fit together"),
        ((node("Attention", "x", "x", "x", "w"), {"w": ones(9, 1)}), "do not fit together"),
    ],
)
def test_a_misuse_is_rejected(case: tuple[NodeProto, Weights], why: str) -> None:
    nodes = [*BEFORE, case[0]]
    if "square" in why:
        nodes.append(node("MatMul", "rows", "t"))
    assert why in str(find_fault(beside(*nodes, weights=case[1], opset=23)))


@pytest.mark.parametrize(
    ("case", "count"),
    [
        ((node("MatMul", "x", "w"), {"w": ones(8, 2)}), 3 * 8 * 2 * 8),
        ((node("Conv", "x", "w", kernel_shape=[3, 3], pads=[1] * 4), {"w": ones(5, 3, 3, 3)}), 5 * 64 * 27),
        ((node("Conv", "x", "w", kernel_shape=[1, 1], group=3), {"w": ones(3, 1, 1, 1)}), 3 * 64),
        ((node("MaxPool", "x", kernel_shape=[2, 2]), {}), 0),
        ((node("Relu", "x"), {}), 0),
    ],
)
def test_multiply_adds_are_counted_as_they_are_and_not_by_their_time(
    case: tuple[NodeProto, Weights], count: int
) -> None:
    operator, weights = case
    assert count_multiply_adds(beside(operator, weights=weights)) == count


def test_pictures_that_a_graph_doubles_count_twice() -> None:
    doubled = node("Concat", "x", "x", outputs=["both"], axis=0)
    product = node("MatMul", "both", "w")
    assert count_multiply_adds(beside(doubled, product, weights={"w": ones(8, 2)})) == 2 * 3 * 8 * 2 * 8
