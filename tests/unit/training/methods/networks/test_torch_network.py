"""The classifier of a trained network is the linear head of a bundle. It needs PyTorch."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is optional")

from discern.bundle.heads import LinearHead  # noqa: E402
from discern.features.backbones import OnnxBackbone  # noqa: E402
from discern.training.methods.networks.torch_network import TrainableNetwork, group_parameters  # noqa: E402

SPANS = ((0, 3), (3, 8), (8, 12))


class Mean(TrainableNetwork):
    """Network whose embedding is drawn, and whose only layer is the classifier."""

    def __init__(self, classes: int = 4) -> None:
        super().__init__({"head": SPANS[0], "stage7": SPANS[1], "stage6": SPANS[2]}, classes)

    def embed(self, pictures: torch.Tensor) -> torch.Tensor:
        return pictures

    def to_backbone(self, *, size: int, factor: int) -> OnnxBackbone:
        raise NotImplementedError


def drawn_head(*, centred: bool) -> tuple[LinearHead, np.ndarray]:
    random = np.random.default_rng(0)
    weight, bias, centre = (random.normal(size=shape).astype(np.float32) for shape in ((12, 4), 4, 12))
    head = LinearHead(spans=SPANS, weight=weight, bias=bias, centre=centre * 0.1 if centred else None)
    return head, random.normal(size=(6, 12)).astype(np.float32)


@pytest.mark.parametrize("centred", [False, True])
def test_a_head_that_was_set_gives_its_logits(centred: bool) -> None:
    head, features = drawn_head(centred=centred)
    network = Mean()
    network.set_linear_weights(head.weight, head.bias, head.centre)
    logits = network(torch.from_numpy(features)).detach().numpy()
    np.testing.assert_allclose(logits, head.logits(features), atol=1e-5)


def test_an_embedding_of_zeros_gives_finite_logits_and_gradients() -> None:
    network, features = Mean(), torch.zeros(2, 12, requires_grad=True)
    network(features).sum().backward()
    assert torch.isfinite(features.grad).all()


def test_the_linear_weights_are_those_that_were_set() -> None:
    head, _ = drawn_head(centred=True)
    network = Mean()
    network.set_linear_weights(head.weight, head.bias, head.centre)
    weight, bias = network.linear_weights()
    np.testing.assert_allclose(weight, head.weight, rtol=1e-6)
    np.testing.assert_allclose(bias, head.bias)
    np.testing.assert_allclose(network.centre.numpy(), head.centre)


def test_logits_are_computed_in_full_precision() -> None:
    head, features = drawn_head(centred=False)
    network = Mean()
    network.set_linear_weights(head.weight, head.bias)
    assert network.classify(torch.from_numpy(features).to(torch.bfloat16)).dtype == torch.float32


def test_biases_and_factors_of_normalisations_do_not_decay() -> None:
    layers = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.BatchNorm2d(4), torch.nn.Linear(4, 2))
    groups = group_parameters([(each, 0.5) for each in layers.parameters()])
    decays = {id(each): group["weight_decay"] for group in groups for each in group["params"]}
    assert {group["scale"] for group in groups} == {0.5}
    assert all(decays[id(each)] > 0 for each in (layers[0].weight, layers[2].weight))
    assert all(decays[id(each)] == 0 for each in (layers[0].bias, *layers[1].parameters(), layers[2].bias))
    assert len(decays) == 6


def test_a_layer_that_is_not_trained_is_in_no_group_and_not_counted() -> None:
    network = Mean()
    whole = network.count_parameters()
    network.classifier.bias.requires_grad_(False)
    grouped = [each for group in network.parameter_groups() for each in group["params"]]
    assert [id(each) for each in grouped] == [id(network.classifier.weight)]
    assert network.count_parameters() == whole - 4


def test_the_centre_is_part_of_a_checkpoint_but_not_trained() -> None:
    network = Mean()
    assert "centre" in network.state_dict()
    assert not any(each is network.centre for each in network.parameters())
