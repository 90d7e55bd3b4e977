"""Networks of timm and torchvision are trained further as their frozen backbones. They need PyTorch."""

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is optional")
timm = pytest.importorskip("timm", reason="timm is optional")
pytest.importorskip("onnxscript", reason="the exporter is optional")

from discern.bundle import open_runtime  # noqa: E402
from discern.features import load_backbone  # noqa: E402
from discern.features.backbones import Normalisation, OnnxBackbone  # noqa: E402
from discern.training.methods.networks.torch_library_network import LibraryNetwork  # noqa: E402

SIZE = 64
PIXELS = np.random.default_rng(0).integers(0, 256, (4, SIZE, SIZE, 3), np.uint8)
PICTURES = torch.from_numpy(PIXELS.astype(np.float32) / 255)
BY = Normalisation(mean=(100.0, 110.0, 120.0), deviation=(50.0, 60.0, 70.0), scale=255.0)


@pytest.fixture(scope="module")
def backbone(tmp_path_factory: pytest.TempPathFactory) -> OnnxBackbone:
    folder = tmp_path_factory.mktemp("library")
    torch.manual_seed(0)
    torch.save(timm.create_model("test_resnet").state_dict(), folder / "test_resnet.pth")
    loaded = load_backbone("timm/test_resnet", size=SIZE, weights=folder, normalisation=BY, cache=folder / "cache")
    assert isinstance(loaded, OnnxBackbone)
    return loaded


def load(backbone: OnnxBackbone) -> LibraryNetwork:
    assert backbone.origin is not None
    return LibraryNetwork.load(backbone, backbone.origin, 2, stem_scale=0.1, freeze_statistics=True)


def difference(network: LibraryNetwork, backbone: OnnxBackbone) -> float:
    network.eval()
    with torch.inference_mode():
        expected = network.embed(PICTURES).numpy()
    found = open_runtime(backbone.graph, threads=1).run({"pixels": PIXELS})["embedding"]
    return float(np.abs(found - expected).max() / np.abs(expected).max())


def test_the_untrained_network_is_the_frozen_backbone(backbone: OnnxBackbone) -> None:
    network = load(backbone)
    assert network.blocks == backbone.blocks
    assert difference(network, backbone) <= 1e-4


def test_a_trained_network_is_exported_as_trained(backbone: OnnxBackbone) -> None:
    network = load(backbone)
    optimiser = torch.optim.SGD(network.parameters(), lr=0.1)
    network.training_mode()
    torch.nn.functional.cross_entropy(network(PICTURES), torch.tensor([0, 1, 0, 1])).backward()
    optimiser.step()
    exported = network.to_backbone(size=SIZE, factor=1)
    assert difference(network, exported) <= 1e-4
    assert difference(network, backbone) > 1e-3
    assert exported.name == backbone.name == "timm/test_resnet"
    assert exported.blocks == backbone.blocks
    assert exported.pretraining.endswith("then trained on the pictures of this model")


def test_the_origin_is_kept_with_an_export_from_the_cache(backbone: OnnxBackbone) -> None:
    assert backbone.origin is not None
    weights = backbone.origin.weights
    again = load_backbone(
        "timm/test_resnet", size=SIZE, weights=weights, normalisation=BY, cache=Path(weights).parent / "cache"
    )
    assert again.origin == backbone.origin
    assert again.origin.mirror
    assert again.origin.normalisation == BY
