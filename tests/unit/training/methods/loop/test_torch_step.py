"""Steps: sample weights, parts of a step, mixing and decay. They need PyTorch."""

from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is optional")

from discern.errors import UsageError  # noqa: E402
from discern.training.methods.loop.loop_config import LoopConfig  # noqa: E402
from discern.training.methods.loop.torch_device import Device  # noqa: E402
from discern.training.methods.loop.torch_processes import Processes  # noqa: E402
from discern.training.methods.loop.torch_step import TrainingStep  # noqa: E402
from discern.training.methods.networks.torch_small_cnn import SmallCnn  # noqa: E402

COUNT, SIDE = 8, 16


class Frozen(SmallCnn):
    """Network without statistics of batches, whose gradient is a sum over pictures."""

    def training_mode(self) -> None:
        self.eval()


def drawn() -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(0)
    return random.random((COUNT, SIDE, SIDE, 3)).astype(np.float32), np.arange(COUNT) % 3


def step(network: SmallCnn, weights: np.ndarray | None = None, **options: Any) -> float:
    """Take one step on all pictures and return its loss."""
    pictures, labels = drawn()
    config = LoopConfig(**{"epochs": 1, "batch": COUNT, "lr": 0.01} | options)
    chosen = np.ones(COUNT, np.float32) if weights is None else weights.astype(np.float32)
    taken = TrainingStep(network, labels, chosen, config=config, device=Device(), processes=Processes())
    network.training_mode()
    return float(taken.take(np.arange(COUNT), pictures, of=COUNT, place=(0, 0), factor=1.0)[0])


def network() -> SmallCnn:
    torch.manual_seed(0)
    return Frozen(3)


def flat(trained: SmallCnn) -> np.ndarray:
    return torch.cat([each.detach().flatten() for each in trained.parameters()]).numpy()


def test_the_loss_is_the_weighted_mean() -> None:
    weights = np.linspace(0.5, 1.5, COUNT)
    pictures, labels = drawn()
    trained = network()
    trained.training_mode()
    logits = trained(torch.from_numpy(pictures))
    losses = torch.nn.functional.cross_entropy(logits, torch.from_numpy(labels), reduction="none")
    expected = (losses * torch.from_numpy(weights)).mean().item()
    assert step(network(), weights) == pytest.approx(expected, rel=1e-4)


def test_pictures_without_weight_do_not_matter() -> None:
    weights = np.array([1.0] * 4 + [0.0] * 4)
    one, other = network(), network()
    pictures, _ = drawn()
    step(one, weights)
    labels = np.arange(COUNT) % 3
    labels[4:] = 0
    config = LoopConfig(epochs=1, batch=COUNT, lr=0.01)
    taken = TrainingStep(
        other, labels, weights.astype(np.float32), config=config, device=Device(), processes=Processes()
    )
    other.training_mode()
    taken.take(np.arange(COUNT), pictures, of=COUNT, place=(0, 0), factor=1.0)
    np.testing.assert_allclose(flat(one), flat(other), atol=1e-6)


@pytest.mark.parametrize("parts", [2, 3, 8, 20])
def test_parts_of_a_step_add_up_to_the_whole(parts: int) -> None:
    whole, divided = network(), network()
    losses = step(whole, lr=1e-4), step(divided, lr=1e-4, accumulate=parts)
    assert losses[0] == pytest.approx(losses[1], rel=1e-4)
    np.testing.assert_allclose(flat(whole), flat(divided), atol=3e-4)


def test_the_same_place_mixes_the_same_way_whatever_was_drawn_before() -> None:
    one, other = network(), network()
    losses = step(one, augment="strong")
    torch.manual_seed(77)
    np.random.default_rng().random()
    assert step(other, augment="strong") == losses
    np.testing.assert_array_equal(flat(one), flat(other))
    assert step(network(), augment="strong", seed=1) != losses


def test_what_decays_decays_as_asked() -> None:
    sizes = []
    for decay in (0.0, None, 20.0):
        trained = network()
        step(trained, weight_decay=decay)
        sizes.append([float(each.detach().norm()) for each in trained.parameters()])
    first = [float(each.detach().norm()) for each in network().parameters()]
    kernel = next(place for place, each in enumerate(network().parameters()) if each.ndim > 1)
    vector = next(place for place, each in enumerate(network().parameters()) if each.ndim == 1)
    assert sizes[2][kernel] < sizes[1][kernel] <= sizes[0][kernel]
    assert sizes[2][vector] == pytest.approx(sizes[0][vector]), "factors of normalisations do not decay"
    assert sizes[2][kernel] < 0.9 * first[kernel]


def test_a_gradient_that_is_too_long_is_shortened() -> None:
    weights = np.full(COUNT, 1e6)
    one, other = network(), network()
    step(one, weights)
    step(other, weights * 100)
    np.testing.assert_allclose(flat(one), flat(other), atol=1e-4)


def test_too_few_pictures_for_the_processes_are_refused() -> None:
    Processes(count=1).require_pictures(1)
    Processes(count=2).require_pictures(4)
    with pytest.raises(UsageError, match="too small for 2 processes") as caught:
        Processes(count=2).require_pictures(3)
    assert "--batch" in caught.value.hint


def test_each_process_takes_its_part_of_a_batch() -> None:
    rows = np.arange(7)
    parts = [Processes(rank=rank, count=3).part(rows).tolist() for rank in range(3)]
    assert parts == [[0, 3, 6], [1, 4], [2, 5]]
