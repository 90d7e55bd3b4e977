"""Small networks: what they compute is what their graphs compute, at any size, and their maps explain it. PyTorch."""

from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is optional")

from discern.bundle import open_runtime  # noqa: E402
from discern.errors import UsageError  # noqa: E402
from discern.training.methods.networks.torch_dense_cnn import build_dense_cnn  # noqa: E402
from discern.training.methods.networks.torch_small_cnn import ResNet9, SmallCnn  # noqa: E402

DENSE = ("banana-cnn", "nursing-cnn", "bins-simple")


def build(name: str, side: int) -> Any:
    torch.manual_seed(1)
    if name not in DENSE:
        network = {"small": SmallCnn, "resnet9": ResNet9}[name](4)
    else:
        network = build_dense_cnn(name, 4, side=side, hidden=24, dropout=0.5)
    network.training_mode()
    with torch.no_grad():
        network(torch.rand(6, side, side, 3))  # the statistics of batch normalisations are no longer 0 and 1
    return network.eval()


def pixels(size: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (3, size, size, 3), np.uint8)


@pytest.mark.parametrize("name", ["small", "resnet9", *DENSE])
@pytest.mark.parametrize(("side", "factor"), [(16, 1), (33, 1), (24, 2)])
def test_the_graph_computes_what_the_network_does(name: str, side: int, factor: int) -> None:
    network, size = build(name, side), side * factor
    backbone = network.to_backbone(size=size, factor=factor)
    found = open_runtime(backbone.graph, threads=1).run({"pixels": pixels(size)})
    reduced = pixels(size).reshape(3, side, factor, side, factor, 3).mean(axis=(2, 4)) / 255
    with torch.inference_mode():
        expected = network.embed(torch.from_numpy(reduced.astype(np.float32))).numpy()
    assert np.ptp(expected) > 0
    np.testing.assert_allclose(found["embedding"], expected, atol=1e-4 * np.abs(expected).max())
    assert found["map"].shape == (3, found["map"].shape[1], found["map"].shape[1], backbone.width)


@pytest.mark.parametrize("name", DENSE)
def test_the_map_is_the_share_of_each_place_in_the_last_layer(name: str) -> None:
    network = build(name, 24)
    for layer in network.dense:
        torch.nn.init.zeros_(layer.bias)
    found = open_runtime(network.to_backbone(size=24, factor=1).graph, threads=1).run({"pixels": pixels(24)})
    largest = np.abs(found["embedding"]).max()
    np.testing.assert_allclose(found["map"].mean(axis=(1, 2)), found["embedding"], atol=1e-4 * largest)


@pytest.mark.parametrize(("name", "side"), [("banana-cnn", 7), ("nursing-cnn", 15), ("bins-simple", 15)])
def test_pictures_that_are_too_small_are_refused(name: str, side: int) -> None:
    with pytest.raises(UsageError, match=f"of {side} px are too small for the network {name}") as caught:
        build_dense_cnn(name, 2, side=side, hidden=8, dropout=0.0)
    assert "--size" in caught.value.hint
    build_dense_cnn(name, 2, side=side + 1, hidden=8, dropout=0.0)


def test_dropout_leaves_out_values_in_training_only() -> None:
    network = build("banana-cnn", 16)
    pictures = torch.rand(8, 16, 16, 3)
    with torch.no_grad():
        assert torch.equal(network.embed(pictures), network.embed(pictures))
        network.training_mode()
        assert not torch.equal(network.embed(pictures), network.embed(pictures))


def test_the_hidden_option_is_the_width_of_the_last_dense_layer() -> None:
    network = build_dense_cnn("bins-simple", 5, side=32, hidden=40, dropout=0.0)
    assert [layer.out_features for layer in network.dense] == [120, 40]
    assert network.classifier.in_features == 40
