"""An ordinary export for float pictures is a backbone: the same features, normalised inside the graph."""

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from tests.unit.features.backbones.float_networks import (
    CLASSIFIER,
    DEVIATION,
    MEAN,
    PICTURES,
    POOLED,
    SIZE,
    TRUNK,
    WIDTH,
    feature_map,
    make_network,
    write_network,
)

from discern.bundle import open_runtime
from discern.bundle.graph_safety import find_fault
from discern.errors import BackboneError
from discern.features import Backbone, Normalisation, load_backbone
from discern.features.testing import BackboneContract

USUAL = Normalisation.of(mean=MEAN, deviation=DEVIATION, scale=None)


def load(path: Path, normalisation: Normalisation | None = USUAL, **changes: Any) -> Backbone:
    size = changes.pop("ask", None)
    write_network(path / "net.onnx", make_network(**changes))
    return load_backbone(path / "net.onnx", size=size, mirror=False, normalisation=normalisation)


def embed(backbone: Backbone, pixels: np.ndarray = PICTURES) -> dict[str, np.ndarray]:
    assert find_fault(backbone.graph) is None
    return open_runtime(backbone.graph, threads=1).run({"pixels": pixels})


class TestFloatExport(BackboneContract):
    """The contract of every backbone, for a classifier without its last layer."""

    @pytest.fixture(autouse=True)
    def _written(self, tmp_path: Path) -> None:
        self.path = write_network(tmp_path / "net.onnx", make_network())

    def backbone(self) -> Backbone:
        return load_backbone(self.path, normalisation=USUAL)


def tokens(*, first: bool) -> dict[str, Any]:
    nodes = [
        *TRUNK,
        helper.make_node("Reshape", ["features", "lines"], ["rows"]),
        helper.make_node("Transpose", ["rows"], ["patches"], perm=[0, 2, 1]),
        helper.make_node("ReduceMax", ["patches", "middle"], ["token"], keepdims=1),
        helper.make_node("Concat", ["token", "patches"], ["all"], axis=1),
    ]
    weights = {"lines": np.array([0, WIDTH, -1]), "middle": np.array([1])}
    return {"nodes": nodes, "outputs": ["all" if first else "patches"], "weights": weights}


def test_the_first_token_of_a_transformer_is_used(tmp_path: Path) -> None:
    backbone = load(tmp_path, **tokens(first=True))
    found = embed(backbone)
    assert list(found) == ["embedding"]
    np.testing.assert_allclose(found["embedding"], feature_map(PICTURES).max(axis=(1, 2)), rtol=1e-4, atol=1e-5)
    assert backbone.notes == ("net.onnx: Of its 17 tokens, the first is used, which stands for the whole picture.",)


def test_tokens_of_patches_alone_are_averaged(tmp_path: Path) -> None:
    found = embed(load(tmp_path, **tokens(first=False)))
    np.testing.assert_allclose(found["map"], feature_map(PICTURES), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(found["embedding"], found["map"].mean(axis=(1, 2)), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("batch", ["batch", 1, 2])
@pytest.mark.parametrize(
    ("nodes", "outputs"),
    [(CLASSIFIER, ("output",)), (POOLED, ("flat",)), (POOLED, ("pooled",)), (TRUNK, ("features",))],
)
def test_the_features_are_those_of_the_network(tmp_path: Path, nodes: Any, outputs: Any, batch: int | str) -> None:
    backbone = load(tmp_path, nodes=nodes, outputs=outputs, shape=(batch, 3, SIZE, SIZE))
    found, expected = embed(backbone), feature_map(PICTURES)
    assert (backbone.size, backbone.width) == (SIZE, WIDTH)
    np.testing.assert_allclose(found["map"], expected, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(found["embedding"], expected.mean(axis=(1, 2)), rtol=1e-4, atol=1e-5)


def test_open_sizes_are_chosen(tmp_path: Path) -> None:
    open_sizes = ("batch", 3, "height", "width")
    assert load(tmp_path, shape=open_sizes).size == 224
    backbone = load(tmp_path, shape=open_sizes, ask=12)
    pixels = np.random.default_rng(1).integers(0, 256, (2, 12, 12, 3), np.uint8)
    np.testing.assert_allclose(embed(backbone, pixels)["map"], feature_map(pixels), rtol=1e-4, atol=1e-5)
    assert load(tmp_path, shape=("batch", 3, "height", 16)).size == 16


def test_channels_may_be_last(tmp_path: Path) -> None:
    nodes = (helper.make_node("Transpose", ["seen"], ["input"], perm=[0, 3, 1, 2]), *CLASSIFIER)
    model = make_network(nodes, shape=("batch", SIZE, SIZE, 3))
    model.graph.input[0].name = "seen"
    backbone = load_backbone(write_network(tmp_path / "net.onnx", model), mirror=False, normalisation=USUAL)
    np.testing.assert_allclose(embed(backbone)["map"], feature_map(PICTURES), rtol=1e-4, atol=1e-5)


def test_half_precision_is_taken(tmp_path: Path) -> None:
    found = embed(load(tmp_path, kind=TensorProto.FLOAT16))
    assert found["embedding"].dtype == np.float32
    np.testing.assert_allclose(found["map"], feature_map(PICTURES), rtol=2e-2, atol=2e-2)


@pytest.mark.parametrize(
    ("given", "mean", "deviation"),
    [
        ({"mean": 0.5, "deviation": 0.25, "scale": None}, (0.5,) * 3, (0.25,) * 3),
        ({"mean": (100, 110, 120), "deviation": (50, 60, 70), "scale": None},
         np.array([100, 110, 120]) / 255, np.array([50, 60, 70]) / 255),
        ({"mean": None, "deviation": None, "scale": 1}, (0.0,) * 3, (1.0,) * 3),
        ({"mean": None, "deviation": None, "scale": 255}, (0.0,) * 3, (1 / 255,) * 3),
    ],
)  # fmt: skip
def test_the_normalisation_is_the_given_one(tmp_path: Path, given: Any, mean: Any, deviation: Any) -> None:
    found = embed(load(tmp_path, Normalisation.of(**given)))["map"]
    np.testing.assert_allclose(found, feature_map(PICTURES, mean, deviation), rtol=1e-4, atol=1e-3)


def test_the_normalisation_is_read_from_the_metadata(tmp_path: Path) -> None:
    metadata = {"mean": str(list(MEAN)), "std": str(list(DEVIATION))}
    backbone = load(tmp_path, None, metadata=metadata)
    np.testing.assert_allclose(embed(backbone)["map"], feature_map(PICTURES), rtol=1e-4, atol=1e-5)
    assert "net.onnx is fed with pixels from 0 to 1, mean 0.485,0.456,0.406" in backbone.notes[0]
    other = Normalisation.of(mean=0.5, deviation=0.5, scale=None)
    np.testing.assert_allclose(
        embed(load(tmp_path, other, metadata=metadata))["map"],
        feature_map(PICTURES, [0.5] * 3, [0.5] * 3),
        rtol=1e-4,
        atol=1e-5,
    )


def test_names_of_the_network_may_be_those_of_a_backbone(tmp_path: Path) -> None:
    model = make_network(POOLED, ("flat",))
    for node in model.graph.node:
        node.input[:] = [
            {"input": "map", "conv": "pixels", "features": "embedding"}.get(name, name) for name in node.input
        ]
        node.output[:] = [{"conv": "pixels", "features": "embedding"}.get(name, name) for name in node.output]
    model.graph.input[0].name = "map"
    backbone = load_backbone(write_network(tmp_path / "net.onnx", model), mirror=True, normalisation=USUAL)
    assert embed(backbone)["map"].shape == (3, 4, 4, WIDTH)


def test_texts_of_the_exporter_are_left_out(tmp_path: Path) -> None:
    model = make_network()
    model.graph.node[0].metadata_props.add(key="trace", value="/home/someone/train.py")
    model.graph.node[1].doc_string = model.doc_string = "/home/someone/net.py"
    graph = load_backbone(write_network(tmp_path / "net.onnx", model), normalisation=USUAL).graph
    assert b"someone" not in graph
    assert len(onnx.load_from_string(graph).graph.initializer) < 20


def reshape(*shape: int, allowzero: int = 0) -> dict[str, Any]:
    flat = helper.make_node("Reshape", ["pooled", "target"], ["flat"], allowzero=allowzero)
    nodes = (*POOLED[:3], flat, CLASSIFIER[-1])
    return {"nodes": nodes, "weights": {"target": np.array(shape)}, "shape": (1, 3, SIZE, SIZE)}


@pytest.mark.parametrize("changes", [reshape(1, WIDTH), reshape(1, -1), reshape(1, WIDTH, allowzero=1)])
def test_shapes_for_one_picture_are_freed(tmp_path: Path, changes: dict[str, Any]) -> None:
    found = embed(load(tmp_path, **changes))["embedding"]
    np.testing.assert_allclose(found, feature_map(PICTURES).mean(axis=(1, 2)), rtol=1e-4, atol=1e-5)


def test_a_batch_that_cannot_be_freed_names_the_remedy(tmp_path: Path) -> None:
    token = helper.make_node("Concat", ["row", "flat"], ["output"], axis=1)
    with pytest.raises(BackboneError, match="was exported for a batch of 1;") as caught:
        load(
            tmp_path,
            nodes=(*POOLED, token),
            weights={"row": np.ones((1, 2), np.float32)},
            shape=(1, 3, SIZE, SIZE),
        )
    assert "dynamic_axes" in (caught.value.hint or "")


def test_pictures_that_the_network_mixes_are_rejected(tmp_path: Path) -> None:
    nodes = (*POOLED, helper.make_node("Softmax", ["flat"], ["embedding"], axis=0))
    with pytest.raises(BackboneError, match="alone and in a batch"):
        load(tmp_path, nodes=nodes, outputs=("embedding",))


def test_sizes_that_do_not_fit_name_those_that_do(tmp_path: Path) -> None:
    # A transformer adds one position to each of 3 x 3 patches.
    nodes = (*TRUNK, helper.make_node("Add", ["features", "places"], ["output"]))
    changes = {
        "nodes": nodes,
        "weights": {"places": np.zeros((1, WIDTH, 112, 112), np.float32)},
        "shape": ("batch", 3, "height", "width"),
    }
    assert load(tmp_path, **changes).size == 224
    with pytest.raises(BackboneError, match="does not take pictures of 200 px") as caught:
        load(tmp_path, **changes, ask=200)
    assert "such as 224." in (caught.value.hint or "")


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"ask": 16}, "takes pictures of 8 px, not of 16 px"),
        ({"shape": ("batch", 3, 8, 16)}, "takes pictures of 16 x 8 px"),
        ({"shape": ("batch", 1, 8, 8)}, r"takes pictures of shape \[N, 1, 8, 8\]"),
        ({"nodes": (*CLASSIFIER, helper.make_node("Einsum", ["conv"], ["z"]))}, "Einsum"),
        ({"nodes": (*TRUNK, helper.make_node("NonZero", ["conv"], ["output"]))}, "NonZero"),
        ({"nodes": (*TRUNK, helper.make_node("Reshape", ["features", "tokens"], ["output"])),
          "weights": {"tokens": np.array([0, WIDTH, -1])}}, r"returns output \[N, 6, 16\]"),
        ({"nodes": (*TRUNK, helper.make_node("NonZero", ["conv"], ["output"])), "shape": (1, 3, SIZE, SIZE)},
         r"net\.onnx uses the operator NonZero"),
        ({"opset": 12}, "opset 12"),
    ],
)  # fmt: skip
def test_other_networks_are_rejected_with_the_reason(tmp_path: Path, changes: dict[str, Any], why: str) -> None:
    with pytest.raises(BackboneError, match=why):
        load(tmp_path, **changes)


def test_external_data_is_rejected(tmp_path: Path) -> None:
    model = make_network()
    weight = model.graph.initializer[0]
    weight.data_location = TensorProto.EXTERNAL
    weight.external_data.add(key="location", value="net.onnx.data")
    weight.ClearField("raw_data")
    with pytest.raises(BackboneError, match="in other files") as caught:
        load_backbone(write_network(tmp_path / "net.onnx", model), normalisation=USUAL)
    assert "external_data=False" in (caught.value.hint or "")


def test_an_unknown_normalisation_names_the_options(tmp_path: Path) -> None:
    with pytest.raises(BackboneError, match="how its float pixels are normalised") as caught:
        load(tmp_path, None)
    assert "--mean .485,.456,.406 --deviation .229,.224,.225" in (caught.value.hint or "")
    with pytest.raises(BackboneError, match=r"cannot be used\. Its metadata ask for pictures in the format 'bgr8'"):
        load(tmp_path, None, metadata={"Image.BitmapPixelFormat": "Bgr8"})
