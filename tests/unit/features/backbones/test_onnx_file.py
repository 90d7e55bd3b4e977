"""The user's own ONNX file is validated before it is used, and then behaves as every backbone does."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from tests.unit.bundle.onnx_graph.test_head_graph import make_head

from discern.bundle import open_runtime
from discern.bundle.heads import UnknownScorer
from discern.bundle.onnx_graph import attach_head
from discern.errors import BackboneError
from discern.features import load_backbone

Write = Callable[..., Path]


def make_model(
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
    """Build a network of one convolution, valid unless the arguments make it invalid."""
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
    pixels = helper.make_tensor_value_info(input_name, input_type, [batch, size, size, 3])
    graph = helper.make_graph(nodes, "network", [pixels], [declared[key] for key in outputs], [weights, bias_tensor])
    opsets = [helper.make_opsetid("", opset)] + ([helper.make_opsetid(domain, 1)] if domain else [])
    return helper.make_model(graph, opset_imports=opsets, ir_version=10)


@pytest.fixture
def write_model(tmp_path: Path) -> Callable[..., Path]:
    """Function that writes `make_model(**changes)` to a file."""

    def write(**changes: object) -> Path:
        path = tmp_path / "net.onnx"
        path.write_bytes(make_model(**changes).SerializeToString())
        return path

    return write


PICTURES = np.random.default_rng(0).integers(0, 256, (3, 8, 8, 3), np.uint8)


def embed(path: Path, pixels: np.ndarray, *, mirror: bool) -> dict[str, np.ndarray]:
    return open_runtime(load_backbone(path, mirror=mirror).graph, threads=1).run({"pixels": pixels})


def test_size_and_width_are_those_of_the_file(write_model: Write) -> None:
    backbone = load_backbone(write_model())
    assert (backbone.size, backbone.width, dict(backbone.blocks)) == (8, 3, {"head": (0, 3)})
    assert backbone.name == "net"
    assert "net.onnx" in backbone.pretraining


@pytest.mark.parametrize("channels_last", [False, True])
def test_maps_of_both_layouts_become_channels_last(write_model: Write, channels_last: bool) -> None:
    outputs = embed(write_model(channels_last=channels_last), PICTURES, mirror=False)
    assert outputs["map"].shape == (3, 8, 8, 3)
    np.testing.assert_allclose(outputs["map"].mean(axis=(1, 2)), outputs["embedding"], rtol=1e-5)


def test_two_views_are_averaged(write_model: Write) -> None:
    path = write_model()
    plain, mirrored = (embed(path, pixels, mirror=False) for pixels in (PICTURES, PICTURES[:, :, ::-1].copy()))
    both = embed(path, PICTURES, mirror=True)
    np.testing.assert_allclose(both["embedding"], (plain["embedding"] + mirrored["embedding"]) / 2, rtol=1e-5)
    np.testing.assert_allclose(both["map"], (plain["map"] + mirrored["map"][:, :, ::-1]) / 2, rtol=1e-4, atol=1e-4)


def test_a_map_is_optional(write_model: Write) -> None:
    assert list(embed(write_model(outputs=("embedding",)), PICTURES, mirror=True)) == ["embedding"]


@pytest.mark.parametrize("opset", [13, 17, 18, 21])
def test_opsets_from_thirteen_run(write_model: Write, opset: int) -> None:
    assert embed(write_model(opset=opset), PICTURES, mirror=True)["embedding"].shape == (3, 3)


def test_the_key_depends_on_views_and_file(write_model: Write) -> None:
    one, two = (load_backbone(write_model(), mirror=mirror).key for mirror in (False, True))
    assert one != two
    assert load_backbone(write_model(width=4), mirror=True).key != two
    assert load_backbone(write_model(), mirror=True).key == two


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"input_name": "images"}, "has the inputs images"),
        ({"output_name": "logits", "outputs": ("logits",)}, "the outputs logits"),
        ({"outputs": ("map",)}, "the outputs map"),
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
def test_an_invalid_model_is_rejected_with_the_reason(write_model: Write, changes: dict[str, object], why: str) -> None:
    with pytest.raises(BackboneError, match=why):
        load_backbone(write_model(**changes))


@pytest.mark.parametrize("location", [TensorProto.EXTERNAL, TensorProto.DEFAULT])
def test_external_data_inside_an_operation_is_rejected(location: int, tmp_path: Path) -> None:
    model = make_model(outputs=("embedding",))
    hidden = numpy_helper.from_array(np.zeros(3, np.float32))
    hidden.data_location = location
    hidden.external_data.add(key="location", value="../../secret")
    model.graph.node.append(helper.make_node("Constant", [], ["unused"], value=hidden))
    (tmp_path / "net.onnx").write_bytes(model.SerializeToString())
    with pytest.raises(BackboneError, match="in other files"):
        load_backbone(tmp_path / "net.onnx")


def test_a_fixed_batch_inside_the_network_is_rejected(tmp_path: Path) -> None:
    model = make_model(outputs=("embedding",))
    model.graph.initializer.append(numpy_helper.from_array(np.array([1, 3]), "one_row"))
    model.graph.node[4].CopyFrom(helper.make_node("Reshape", ["pooled", "one_row"], ["flat"]))
    (tmp_path / "net.onnx").write_bytes(model.SerializeToString())
    with pytest.raises(BackboneError, match="cannot be run"):
        load_backbone(tmp_path / "net.onnx")


def test_another_size_is_rejected(write_model: Write) -> None:
    with pytest.raises(BackboneError, match="8 px, not of 96 px"):
        load_backbone(write_model(), size=96)
    assert load_backbone(write_model(), size=8).size == 8


@pytest.mark.parametrize("content", [b"", b"not a graph", b"\x08\x0a" * 50])
def test_other_files_are_rejected(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "net.onnx").write_bytes(content)
    with pytest.raises(BackboneError):
        load_backbone(tmp_path / "net.onnx")


def test_a_folder_or_missing_file_is_rejected(tmp_path: Path) -> None:
    (tmp_path / "folder.onnx").mkdir()
    for path in (tmp_path / "folder.onnx", tmp_path / "gone.onnx"):
        with pytest.raises(BackboneError, match="There is no backbone file"):
            load_backbone(path)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"opset": 12}, "opset 12"),
        ({"domain": "com.example"}, "beyond the standard ones, of com.example"),
        ({"external": True}, "in other files"),
    ],
)
def test_a_graph_that_is_not_allowed_names_the_remedy(write_model: Write, changes: dict[str, object], why: str) -> None:
    with pytest.raises(BackboneError, match=why) as caught:
        load_backbone(write_model(**changes))
    assert "standard operators" in (caught.value.hint or "")


@pytest.mark.parametrize(
    ("node", "why"),
    [
        (helper.make_node("NonZero", ["maps"], ["extra"]), "uses the operator NonZero, which is not allowed"),
        (helper.make_node("RandomNormalLike", ["maps"], ["extra"]), "the operator RandomNormalLike"),
        (helper.make_node("Conv", ["maps", "w"], ["extra"], name="stem/conv", group=0), r"Conv \(stem/conv\) that has"),
        (
            helper.make_node("Expand", ["maps", "huge"], ["extra"]),
            "bytes of one result to 76,800,000,000 for one picture",
        ),
        (helper.make_node("Reshape", ["maps", "best"], ["extra"]), "cannot be bounded"),
    ],
)
def test_an_operator_that_is_not_allowed_is_named(tmp_path: Path, node: onnx.NodeProto, why: str) -> None:
    model = make_model(outputs=("embedding",))
    model.graph.initializer.append(numpy_helper.from_array(np.array([10**8, 1, 1, 1, 1]), "huge"))
    model.graph.node.append(helper.make_node("ArgMax", ["flat"], ["best"], keepdims=0))
    model.graph.node.append(node)
    (tmp_path / "net.onnx").write_bytes(model.SerializeToString())
    with pytest.raises(BackboneError, match=why):
        load_backbone(tmp_path / "net.onnx")


def test_output_sizes_that_the_file_leaves_open_are_computed(tmp_path: Path) -> None:
    model = make_model()
    for output, shape in zip(model.graph.output, (["N", "D"], None), strict=True):
        output.CopyFrom(helper.make_tensor_value_info(output.name, TensorProto.FLOAT, shape))
    (tmp_path / "net.onnx").write_bytes(model.SerializeToString())
    assert load_backbone(tmp_path / "net.onnx").width == 3
    for mirror in (False, True):
        outputs = embed(tmp_path / "net.onnx", PICTURES, mirror=mirror)
        assert outputs["map"].shape == (3, 8, 8, 3)
        np.testing.assert_allclose(outputs["map"].mean(axis=(1, 2)), outputs["embedding"], rtol=1e-4, atol=1e-4)


def test_a_file_that_declares_all_sizes_is_used_as_it_is(write_model: Write) -> None:
    path = write_model(outputs=("embedding",))
    assert load_backbone(path, mirror=False).graph == onnx.load(path).SerializeToString(deterministic=True)


@pytest.mark.parametrize("opset", [13, 17, 18])
def test_a_head_fits_a_backbone_of_every_opset(write_model: Write, opset: int) -> None:
    backbone = load_backbone(write_model(width=6, opset=opset))
    spans = tuple(backbone.blocks.values())
    graph = attach_head(backbone.graph, make_head(3, spans), make_scorer(spans), blocks=backbone.blocks)
    outputs = open_runtime(graph, threads=1).run({"pixels": PICTURES})
    assert outputs["probabilities"].shape == (3, 3)
    assert outputs["evidence"].shape == (3, 8, 8, 3)


def make_scorer(spans: tuple[tuple[int, int], ...]) -> UnknownScorer:
    width = spans[-1][1]
    few = np.eye(width, 2)
    return UnknownScorer(
        spans=spans,
        prototypes=np.eye(3, width).astype(np.float16),
        scale=np.ones(width, np.float32),
        centre=np.zeros(width, np.float32),
        within=few.astype(np.float16),
        directions=few.astype(np.float16),
        lengths=np.ones(2, np.float32),
        mean=np.zeros(4, np.float32),
        spread=np.ones(4, np.float32),
        share=np.ones(4, np.float32),
    )
