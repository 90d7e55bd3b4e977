"""An ONNX file of the user's own is looked at before it is used, and then behaves as every backbone."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from discern.bundle import open_runtime
from discern.errors import BackboneError
from discern.features import load_backbone

Write = Callable[..., Path]


def foreign_model(
    *,
    size: int = 8,
    width: int = 3,
    batch: str | int = "N",
    input_name: str = "pixels",
    input_type: int = TensorProto.UINT8,
    output_name: str = "embedding",
    outputs: Sequence[str] = ("embedding", "map"),
    channels_last: bool = False,
    opset: int = 18,
    domain: str = "",
    bias: float = 0.0,
    external: bool = False,
) -> onnx.ModelProto:
    """A net of one convolution, right by default, with one thing wrong where it is asked for."""
    weights = numpy_helper.from_array(np.linspace(-1, 1, width * 27, dtype=np.float32).reshape(width, 3, 3, 3), "w")
    if external:
        weights.data_location = TensorProto.EXTERNAL
        weights.external_data.add(key="location", value="weights.bin")
        weights.ClearField("raw_data")
    nodes = [
        helper.make_node("Cast", [input_name], ["cast"], to=TensorProto.FLOAT),
        helper.make_node("Transpose", ["cast"], ["moved"], perm=[0, 3, 1, 2]),
        helper.make_node("Conv", ["moved", "w"], ["maps"], pads=[1, 1, 1, 1]),
        helper.make_node("GlobalAveragePool", ["maps"], ["pooled"]),
        helper.make_node("Flatten", ["pooled"], ["flat"]),
        helper.make_node("Add", ["flat", "bias"], [output_name], domain=domain),
    ]
    shape = ["N", size, size, width] if channels_last else ["N", width, size, size]
    if channels_last:
        nodes.append(helper.make_node("Transpose", ["maps"], ["map"], perm=[0, 2, 3, 1]))
    else:
        nodes.append(helper.make_node("Identity", ["maps"], ["map"]))
    declared = {
        output_name: helper.make_tensor_value_info(output_name, TensorProto.FLOAT, ["N", width]),
        "map": helper.make_tensor_value_info("map", TensorProto.FLOAT, shape),
    }
    bias_tensor = numpy_helper.from_array(np.full(width, bias, np.float32), "bias")
    given = helper.make_tensor_value_info(input_name, input_type, [batch, size, size, 3])
    graph = helper.make_graph(nodes, "foreign", [given], [declared[key] for key in outputs], [weights, bias_tensor])
    opsets = [helper.make_opsetid("", opset)] + ([helper.make_opsetid(domain, 1)] if domain else [])
    return helper.make_model(graph, opset_imports=opsets, ir_version=10)


@pytest.fixture
def foreign(tmp_path: Path) -> Callable[..., Path]:
    """Writes a foreign backbone, with the given thing wrong in it."""

    def write(**changes: object) -> Path:
        path = tmp_path / "net.onnx"
        path.write_bytes(foreign_model(**changes).SerializeToString())
        return path

    return write


PICTURES = np.random.default_rng(0).integers(0, 256, (3, 8, 8, 3), np.uint8)


def see(path: Path, pixels: np.ndarray, *, mirror: bool) -> dict[str, np.ndarray]:
    return open_runtime(load_backbone(path, mirror=mirror).graph, threads=1).run({"pixels": pixels})


def test_the_file_says_size_and_width(foreign: Write) -> None:
    backbone = load_backbone(foreign())
    assert (backbone.size, backbone.width, dict(backbone.blocks)) == (8, 3, {"head": (0, 3)})
    assert backbone.name == "net"
    assert "net.onnx" in backbone.pretraining


@pytest.mark.parametrize("channels_last", [False, True])
def test_maps_of_both_layouts_come_out_channels_last(foreign: Write, channels_last: bool) -> None:
    seen = see(foreign(channels_last=channels_last), PICTURES, mirror=False)
    assert seen["map"].shape == (3, 8, 8, 3)
    np.testing.assert_allclose(seen["map"].mean(axis=(1, 2)), seen["embedding"], rtol=1e-5)


def test_two_views_are_the_mean_of_each(foreign: Write) -> None:
    path = foreign()
    plain, turned = (see(path, pixels, mirror=False) for pixels in (PICTURES, PICTURES[:, :, ::-1].copy()))
    both = see(path, PICTURES, mirror=True)
    np.testing.assert_allclose(both["embedding"], (plain["embedding"] + turned["embedding"]) / 2, rtol=1e-5)
    np.testing.assert_allclose(both["map"], (plain["map"] + turned["map"][:, :, ::-1]) / 2, rtol=1e-4, atol=1e-4)


def test_a_map_is_not_needed(foreign: Write) -> None:
    assert list(see(foreign(outputs=("embedding",)), PICTURES, mirror=True)) == ["embedding"]


@pytest.mark.parametrize("opset", [13, 17, 18, 21])
def test_opsets_from_thirteen_run(foreign: Write, opset: int) -> None:
    assert see(foreign(opset=opset), PICTURES, mirror=True)["embedding"].shape == (3, 3)


def test_views_and_file_are_part_of_the_key(foreign: Write) -> None:
    one, two = (load_backbone(foreign(), mirror=mirror).key for mirror in (False, True))
    assert one != two
    assert load_backbone(foreign(width=4), mirror=True).key != two
    assert load_backbone(foreign(), mirror=True).key == two


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"input_name": "images"}, "goes from images"),
        ({"output_name": "logits", "outputs": ("logits",)}, "to logits"),
        ({"outputs": ("map",)}, "to map"),
        ({"input_type": TensorProto.FLOAT}, "does not take uint8"),
        ({"batch": 1}, "takes pixels of shape"),
        ({"size": "S"}, "takes pixels of shape"),
        ({"width": 3, "bias": 1.0}, "mean over the places"),
        ({"bias": float("nan")}, "finite"),
        ({"opset": 12}, "opset 12"),
        ({"opset": 99}, "opset 99"),
        ({"domain": "com.example"}, "beyond the standard ones"),
        ({"external": True}, "in other files"),
    ],
)
def test_what_is_wrong_is_said(foreign: Write, changes: dict[str, object], why: str) -> None:
    with pytest.raises(BackboneError, match=why):
        load_backbone(foreign(**changes))


@pytest.mark.parametrize("location", [TensorProto.EXTERNAL, TensorProto.DEFAULT])
def test_external_data_inside_an_operation_is_found(location: int, tmp_path: Path) -> None:
    model = foreign_model(outputs=("embedding",))
    hidden = numpy_helper.from_array(np.zeros(3, np.float32))
    hidden.data_location = location
    hidden.external_data.add(key="location", value="../../secret")
    model.graph.node.append(helper.make_node("Constant", [], ["unused"], value=hidden))
    (tmp_path / "net.onnx").write_bytes(model.SerializeToString())
    with pytest.raises(BackboneError, match="in other files"):
        load_backbone(tmp_path / "net.onnx")


def test_a_fixed_batch_inside_the_net_is_found(tmp_path: Path) -> None:
    model = foreign_model(outputs=("embedding",))
    model.graph.initializer.append(numpy_helper.from_array(np.array([1, 3]), "one_row"))
    model.graph.node[4].CopyFrom(helper.make_node("Reshape", ["pooled", "one_row"], ["flat"]))
    (tmp_path / "net.onnx").write_bytes(model.SerializeToString())
    with pytest.raises(BackboneError, match="does not run"):
        load_backbone(tmp_path / "net.onnx")


def test_another_size_is_refused(foreign: Write) -> None:
    with pytest.raises(BackboneError, match="8 px, not of 96 px"):
        load_backbone(foreign(), size=96)
    assert load_backbone(foreign(), size=8).size == 8


@pytest.mark.parametrize("content", [b"", b"not a graph", b"\x08\x0a" * 50])
def test_other_files_are_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "net.onnx").write_bytes(content)
    with pytest.raises(BackboneError):
        load_backbone(tmp_path / "net.onnx")


def test_a_folder_or_nothing_is_no_backbone(tmp_path: Path) -> None:
    (tmp_path / "folder.onnx").mkdir()
    for path in (tmp_path / "folder.onnx", tmp_path / "gone.onnx"):
        with pytest.raises(BackboneError, match="There is no backbone file"):
            load_backbone(path)
