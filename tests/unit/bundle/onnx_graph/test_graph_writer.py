"""Each operation of the graph writer computes what numpy computes."""

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from discern.bundle import open_runtime
from discern.bundle.onnx_graph import GraphWriter, rename, serialise, shape_of

PICTURES = np.random.default_rng(0).integers(0, 256, (2, 5, 5, 3), np.uint8)


def run(writer: GraphWriter, pixels: np.ndarray = PICTURES, *, width: int = 3) -> np.ndarray:
    model = writer.model(size=5, embedding=width, map_shape=None)
    onnx.checker.check_model(model, full_check=True)
    return open_runtime(serialise(model), threads=1).run({"pixels": pixels})["embedding"]


def test_pixels_are_centred_and_moved() -> None:
    writer = GraphWriter()
    writer.add("Flatten", writer.add("Identity", writer.centred_pixels("pixels")), result="embedding")
    expected = (PICTURES.astype(np.float32) - 127.5).transpose(0, 3, 1, 2).reshape(2, 75)
    np.testing.assert_array_equal(run(writer, width=75), expected)


def test_relu6_stays_between_zero_and_six() -> None:
    writer = GraphWriter()
    writer.add("Flatten", writer.relu6(writer.centred_pixels("pixels")), result="embedding")
    assert set(np.unique(run(writer, width=75))) <= {0, 0.5, 1.5, 2.5, 3.5, 4.5, 5.5, 6}


@pytest.mark.parametrize("which", [0, 1])
def test_spatial_statistics_equal_numpys(which: int) -> None:
    writer = GraphWriter()
    values = writer.spatial_statistics(writer.centred_pixels("pixels"), places=25)[which]
    writer.add("Identity", values, result="embedding")
    expected = (PICTURES.mean((1, 2)) - 127.5, PICTURES.std((1, 2)))[which]
    np.testing.assert_allclose(run(writer), expected, rtol=1e-5)


@pytest.mark.parametrize("value", [0, 77, 255])
def test_a_constant_map_has_no_deviation(value: int) -> None:
    writer = GraphWriter()
    _, deviation = writer.spatial_statistics(writer.centred_pixels("pixels"), places=25)
    writer.add("Identity", deviation, result="embedding")
    np.testing.assert_allclose(run(writer, np.full_like(PICTURES, value)), 0, atol=1e-4)


def test_mirroring_is_left_to_right() -> None:
    writer = GraphWriter()
    writer.add("Flatten", writer.centred_pixels(writer.mirrored("pixels")), result="embedding")
    expected = (PICTURES[:, :, ::-1].astype(np.float32) - 127.5).transpose(0, 3, 1, 2).reshape(2, 75)
    np.testing.assert_array_equal(run(writer, width=75), expected)


def test_an_initializer_of_the_same_name_is_added_once() -> None:
    writer = GraphWriter()
    assert writer.scalar(6.0) == writer.scalar(6.0)
    writer.add("Flatten", writer.relu6(writer.relu6(writer.centred_pixels("pixels"))), result="embedding")
    names = [weight.name for weight in writer.model(size=5, embedding=75, map_shape=None).graph.initializer]
    assert len(names) == len(set(names))


def test_renaming_includes_subgraphs() -> None:
    inner = helper.make_graph([helper.make_node("Identity", ["pixels"], ["out"])], "inner", [], [])
    node = helper.make_node("If", ["condition"], ["embedding"], then_branch=inner, else_branch=inner)
    rename([node], {"pixels": "a", "embedding": "b"})
    assert list(node.output) == ["b"]
    assert [attribute.g.node[0].input[0] for attribute in node.attribute] == ["a", "a"]


def test_sizes_that_are_not_fixed_are_minus_one() -> None:
    assert shape_of(helper.make_tensor_value_info("map", TensorProto.FLOAT, ["N", 6, None])) == (-1, 6, -1)


def test_equal_models_have_equal_bytes() -> None:
    def made() -> bytes:
        writer = GraphWriter()
        writer.add("Flatten", writer.centred_pixels("pixels"), result="embedding")
        return serialise(writer.model(size=5, embedding=75, map_shape=None))

    assert made() == made()
