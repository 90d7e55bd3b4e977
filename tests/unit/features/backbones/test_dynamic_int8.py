"""Dynamically quantised operators compute with floats what their integer weights stand for."""

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from discern.bundle import open_runtime
from discern.features.backbones.dynamic_int8 import replace_dynamic_int8

_RANDOM = np.random.default_rng(0)
ROWS = _RANDOM.normal(size=(3, 6)).astype(np.float32)
MAPS = _RANDOM.normal(size=(3, 2, 4, 4)).astype(np.float32)
SCALE = np.float32(0.01)


def network(kind: str, taken: np.ndarray, weights: np.ndarray, zero: np.ndarray | None) -> onnx.ModelProto:
    """Build a network of one quantised product, as ONNX Runtime's quantiser writes it."""
    stored = {"weights": weights, "scale": SCALE} | ({} if zero is None else {"zero": zero})
    product = ["quantised", "weights", "input_zero"] + ([] if zero is None else ["zero"])
    strides = {"strides": [2, 2]} if kind == "ConvInteger" else {}
    nodes = [
        helper.make_node("DynamicQuantizeLinear", ["pixels"], ["quantised", "input_scale", "input_zero"]),
        helper.make_node(kind, product, ["integers"], **strides),
        helper.make_node("Cast", ["integers"], ["floats"], to=TensorProto.FLOAT),
        helper.make_node("Mul", ["input_scale", "scale"], ["scales"]),
        helper.make_node("Mul", ["floats", "scales"], ["embedding"]),
    ]
    graph = helper.make_graph(
        nodes,
        "main_graph",
        [helper.make_tensor_value_info("pixels", TensorProto.FLOAT, ["N", *taken.shape[1:]])],
        [helper.make_tensor_value_info("embedding", TensorProto.FLOAT, [None] * taken.ndim)],
        [numpy_helper.from_array(np.asarray(values), name) for name, values in stored.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)


def run(model: onnx.ModelProto, values: np.ndarray) -> np.ndarray:
    return open_runtime(model.SerializeToString(), threads=1).run({"pixels": values})["embedding"]


@pytest.mark.parametrize("zero", [None, np.array(7, np.int8), np.array([7, -3, 0, 5], np.int8)])
def test_a_matrix_product_is_that_of_floats(zero: np.ndarray | None) -> None:
    weights = _RANDOM.integers(-128, 128, (6, 4), np.int8)
    model = network("MatMulInteger", ROWS, weights, zero)
    assert replace_dynamic_int8(model.graph)
    onnx.checker.check_model(model)
    expected = ROWS @ (weights.astype(np.float32) - (0 if zero is None else zero.astype(np.float32))) * SCALE
    np.testing.assert_allclose(run(model, ROWS), expected, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(run(model, ROWS[:1]), expected[:1], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("zero", [None, np.array(130, np.uint8), np.array([130, 120, 1], np.uint8)])
def test_a_convolution_is_that_of_floats(zero: np.ndarray | None) -> None:
    weights = _RANDOM.integers(0, 256, (3, 2, 2, 2), np.uint8)
    model = network("ConvInteger", MAPS, weights, zero)
    assert replace_dynamic_int8(model.graph)
    onnx.checker.check_model(model)
    shift = np.zeros(1) if zero is None else zero.astype(np.float64)
    kernel = weights - shift.reshape(-1, 1, 1, 1)
    blocks = MAPS.reshape(3, 2, 2, 2, 2, 2)
    expected = np.einsum("ncyaxb,kcab->nkyx", blocks, kernel) * SCALE
    np.testing.assert_allclose(run(model, MAPS), expected, rtol=1e-4, atol=1e-4)


def test_other_networks_are_left_alone() -> None:
    model = network("MatMulInteger", ROWS, np.zeros((6, 4), np.int8), None)
    replace_dynamic_int8(model.graph)
    before = model.SerializeToString()
    assert not replace_dynamic_int8(model.graph)
    assert model.SerializeToString() == before
