"""Windows over a picture give as many results as in the inference engine, or are refused."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import NodeProto

from discern.bundle import open_runtime
from discern.bundle.graph_safety import find_fault
from discern.errors import BundleDamaged
from tests.unit.bundle.graph_safety.small_graphs import Weights, beside, facts, network, node, shape_after
from tests.unit.bundle.graph_safety.test_batch_multiple import at

FILTERS = {"w": np.ones((6, 3, 3, 3), np.float32), "grouped": np.ones((6, 1, 3, 3), np.float32), "b": [1.0] * 6}


def resized(*scales: float, **attributes: object) -> tuple[NodeProto, Weights]:
    return node("Resize", "x", "", "a", **attributes), {"a": list(scales)}


def padded(*pads: int, **attributes: object) -> tuple[NodeProto, Weights]:
    return node("Pad", "x", "a", **attributes), {"a": list(pads)}


@pytest.mark.parametrize(
    ("case", "shape"),
    [
        ((node("Conv", "x", "w"), {}), "[N, 6, 6, 6]"),
        ((node("Conv", "x", "w", "b", pads=[1] * 4, strides=[2, 1]), {}), "[N, 6, 4, 8]"),
        ((node("Conv", "x", "w", auto_pad="SAME_UPPER", strides=[3, 3]), {}), "[N, 6, 3, 3]"),
        ((node("Conv", "x", "w", auto_pad="VALID", dilations=[3, 1]), {}), "[N, 6, 2, 6]"),
        ((node("Conv", "x", "grouped", group=3, kernel_shape=[3, 3]), {}), "[N, 6, 6, 6]"),
        ((node("MaxPool", "x", kernel_shape=[3, 3], strides=[2, 2]), {}), "[N, 3, 3, 3]"),
        ((node("MaxPool", "x", kernel_shape=[3, 3], strides=[2, 2], ceil_mode=1), {}), "[N, 3, 4, 4]"),
        ((node("MaxPool", "x", kernel_shape=[2, 2], outputs=["z", "y"]), {}), "[N, 3, 7, 7]"),
        ((node("AveragePool", "x", kernel_shape=[8, 8]), {}), "[N, 3, 1, 1]"),
        (resized(1.0, 1.0, 2.0, 0.4), "[N, 3, 16, 3]"),
        (padded(0, 0, 1, 2, 0, 0, 3, -1), "[N, 3, 12, 9]"),
        ((node("Pad", "x", "p", "", "axis"), {"p": [1, 2], "axis": [-1]}), "[N, 3, 8, 11]"),
    ],
)
def test_the_shape_of_the_result(case: tuple[NodeProto, Weights], shape: str) -> None:
    assert shape_after(case[0], weights={**FILTERS, **case[1]}) == shape


def test_a_resize_may_take_its_sizes_from_the_batch() -> None:
    nodes = [
        node("Shape", "x", outputs=["s"], end=2),
        node("Concat", "s", "wanted", outputs=["sizes"], axis=0),
        node("Resize", "x", "", "", "sizes", mode="linear"),
    ]
    assert shape_after(*nodes, weights={"wanted": [20, 30]}) == "[N, 3, 20, 30]"


@pytest.mark.parametrize(
    ("case", "why"),
    [
        ((node("Conv", "x", "w", group=0), {}), "has 0 groups"),
        ((node("Conv", "x", "w", group=-1), {}), "has -1 groups"),
        ((node("Conv", "x", "grouped", group=2), {}), "has 2 groups"),
        ((node("Conv", "x", "w", kernel_shape=[9, 9]), {}), "has a weight [6, 3, 3, 3]"),
        ((node("Conv", "x", "flat"), {"flat": [[1.0]]}), "has a weight [1, 1]"),
        ((node("Conv", "x", "empty"), {"empty": np.ones((0, 3, 1, 1), np.float32)}), "groups"),
        ((node("Conv", "x", "w", "short"), {"short": [1.0]}), "has a bias [1] for 6 channels"),
        ((node("Conv", "x", "w", strides=[0, 1]), {}), "has the strides [0, 1]"),
        ((node("Conv", "x", "w", strides=[1]), {}), "has the strides [1]"),
        ((node("Conv", "x", "w", dilations=[1, -1]), {}), "has the dilations [1, -1]"),
        ((node("Conv", "x", "w", dilations=[2**61, 1]), {}), "larger than [8, 8]"),
        ((node("Conv", "x", "w", pads=[-1, 0, 0, 0]), {}), "has the pads [-1, 0, 0, 0]"),
        ((node("Conv", "x", "w", pads=[2**40] * 4), {}), "has the pads"),
        ((node("Conv", "x", "w", pads=[1, 1]), {}), "has the pads [1, 1]"),
        ((node("Conv", "x", "w", auto_pad="FULL"), {}), "has the auto_pad 'FULL', which is not allowed"),
        ((node("Conv", "x", "w", auto_pad="SAME_LOWER", dilations=[2, 2]), {}), "dilations with SAME padding"),
        ((node("Conv", "x", "x"), {}), "it needs fixed sizes, not [N, 3]"),
        ((node("MaxPool", "x"), {}), "has the kernel []"),
        ((node("MaxPool", "x", kernel_shape=[0, 2]), {}), "has the kernel [0, 2]"),
        ((node("MaxPool", "x", kernel_shape=[9, 1]), {}), "larger than [8, 8]"),
        ((node("AveragePool", "x", kernel_shape=[2**62, 2]), {}), "has the kernel"),
        ((node("MaxPool", "flat", kernel_shape=[1]), {"flat": [[1.0]]}), "takes [1, 1]"),
        ((node("GlobalAveragePool", "flat"), {"flat": [[1.0]]}), "takes [1, 1]"),
        (resized(1.0, 1.0, 1e7, 1e7), "more than 134,217,728"),
        (resized(1.0, 1.0, 2.0), "has the scales"),
        (resized(1.0, 1.0, -1.0, 2.0), "has the scales"),
        (resized(1.0, 1.0, float("nan"), 2.0), "has the scales"),
        (resized(1.0, 1.0, float("inf"), 2.0), "has the scales"),
        (resized(1.0, 1.0, 0.01, 1.0), "into [N, 3, 0, 8]"),
        (resized(2.0, 1.0, 1.0, 1.0), "needs fixed sizes"),
        (resized(1.0, 1.0, 1.0, 2.0, coordinate_transformation_mode="tf_crop_and_resize"), "is not allowed"),
        (resized(1.0, 1.0, 1.0, 2.0, keep_aspect_ratio_policy="not_larger"), "is not allowed"),
        ((node("Resize", "x"), {}), "its scales are not known"),
        ((node("Resize", "x", "", "x"), {}), "its scales are not known"),
        ((node("Resize", "x", "", "", "a"), {"a": [3, 3, 9, 9]}), "into [3, 3, 9, 9]"),
        (padded(0, 0, 1, 1), "has 4 pads for 4 axes"),
        (padded(1, 0, 0, 0, 0, 0, 0, 0), "needs fixed sizes, not [N]"),
        (padded(0, 0, -9, 0, 0, 0, 0, 0), "removes more than there is"),
        (padded(0, 0, 2**62, 0, 0, 0, 0, 0), "the longest of"),
        (padded(0, 0, 2**20, 2**20, 0, 0, 0, 0), "more than 134,217,728"),
        (padded(0, 0, 0, 1, 0, 0, 0, 0, mode="circular"), "the mode 'circular', which is not allowed"),
    ],
)  # fmt: skip
def test_a_misuse_is_rejected(case: tuple[NodeProto, Weights], why: str) -> None:
    assert why in str(find_fault(beside(case[0], weights={**FILTERS, **case[1]})))


def _agree(*nodes: NodeProto, weights: Weights, size: int) -> None:
    model = network(*nodes, weights=weights, size=size)
    data = model.SerializeToString()
    if find_fault(data) is not None:
        return
    expected = facts(data)["y"].shape
    try:
        outputs = open_runtime(data, threads=1).run({"pixels": np.zeros((2, size, size, 3), np.uint8)})
    except BundleDamaged:  # the engine may refuse more
        return
    assert outputs["y"].shape == tuple(at(length, 2) for length in expected)


PAIR = st.tuples(st.integers(1, 5), st.integers(1, 5)).map(list)


@settings(max_examples=100, deadline=None)
@given(
    st.sampled_from(["Conv", "MaxPool", "AveragePool"]),
    st.integers(4, 16),
    PAIR,
    st.fixed_dictionaries(
        {},
        optional={
            "strides": PAIR,
            "pads": st.lists(st.integers(0, 3), min_size=4, max_size=4),
            "auto_pad": st.sampled_from(["NOTSET", "VALID", "SAME_UPPER", "SAME_LOWER"]),
            "ceil_mode": st.integers(0, 1),
        },
    ),
)
def test_windows_are_counted_as_the_engine_counts_them(
    kind: str, size: int, kernel: Sequence[int], attributes: dict[str, object]
) -> None:
    if "auto_pad" in attributes:
        attributes.pop("pads", None)
    if kind == "Conv":
        attributes.pop("ceil_mode", None)
        weights = {"w": np.ones((2, 3, *kernel), np.float32)}
        _agree(node(kind, "x", "w", **attributes), weights=weights, size=size)
    else:
        _agree(node(kind, "x", kernel_shape=kernel, **attributes), weights={}, size=size)


@settings(max_examples=40, deadline=None)
@given(st.integers(4, 40), st.floats(0.125, 4, width=32), st.sampled_from(["nearest", "linear", "cubic"]))
def test_sizes_are_scaled_as_the_engine_scales_them(size: int, scale: float, mode: str) -> None:
    _agree(node("Resize", "x", "", "s", mode=mode), weights={"s": [1.0, 1.0, scale, 1.0]}, size=size)
