"""The losses: the ordinal one is a proper score that follows the order, and both pick the right probabilities."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is optional")

from discern.bundle.heads import softmax  # noqa: E402
from discern.bundle.prediction_sets import median_label  # noqa: E402
from discern.heads.temperature import log_loss  # noqa: E402
from discern.training.methods.loop.torch_objective import Objective, measure_loss, ordinal_losses  # noqa: E402


def fitted(frequencies: list[float], *, ordered: bool) -> np.ndarray:
    """Probabilities of the logits that have the lowest loss on labels of the given frequencies."""
    logits = torch.zeros(1, len(frequencies), dtype=torch.float64, requires_grad=True)
    labels, shares = torch.arange(len(frequencies)), torch.tensor(frequencies, dtype=torch.float64)
    optimiser = torch.optim.LBFGS([logits], max_iter=200, tolerance_grad=1e-10, tolerance_change=1e-12)

    def closure() -> torch.Tensor:
        optimiser.zero_grad()
        loss = shares @ Objective(ordered=ordered).losses(logits.expand(len(labels), -1), labels)
        loss.backward()
        return loss

    optimiser.step(closure)
    return softmax(logits.detach().numpy())[0]


@pytest.mark.parametrize("ordered", [False, True])
def test_the_lowest_loss_is_that_of_the_true_probabilities(ordered: bool) -> None:
    frequencies = [0.1, 0.45, 0.05, 0.4]
    np.testing.assert_allclose(fitted(frequencies, ordered=ordered), frequencies, atol=1e-3)
    assert median_label(fitted(frequencies, ordered=True)[None]) == [1]


def test_the_ordinal_loss_is_that_of_the_cumulative_probabilities() -> None:
    probabilities = torch.tensor([[0.1, 0.2, 0.3, 0.4]], dtype=torch.float64)
    at_most = [0.1, 0.3, 0.6]
    expected = -(np.log(1 - at_most[0]) + np.log(1 - at_most[1]) + np.log(at_most[2])) / 3
    found = ordinal_losses(probabilities.log() + 5, torch.tensor([2]))
    np.testing.assert_allclose(found.numpy(), [expected])


def test_a_label_far_away_costs_more_than_a_neighbour() -> None:
    logits = torch.eye(5)[[0]] * 3
    by_distance = [float(ordinal_losses(logits, torch.tensor([label]))) for label in range(5)]
    assert by_distance == sorted(by_distance)
    nominal = Objective().losses(logits.expand(4, -1), torch.arange(1, 5))
    assert torch.allclose(nominal, nominal[0].expand(4)), "the log loss knows no distance"


def test_of_two_labels_both_losses_are_the_same() -> None:
    logits, labels = torch.randn(6, 2, generator=torch.Generator().manual_seed(0)), torch.tensor([0, 1, 1, 0, 1, 0])
    assert torch.allclose(Objective(ordered=True).losses(logits, labels), Objective().losses(logits, labels))


@pytest.mark.parametrize("size", [1e3, 1e4])
def test_extreme_logits_have_finite_losses_and_gradients(size: float) -> None:
    logits = (torch.eye(4) * size).requires_grad_()
    loss = ordinal_losses(logits, torch.tensor([3, 2, 1, 0])).sum()
    loss.backward()
    assert torch.isfinite(loss)
    assert torch.isfinite(logits.grad).all()


def test_smoothing_takes_from_the_label_what_all_get() -> None:
    logits, labels = torch.randn(3, 4, generator=torch.Generator().manual_seed(0)), torch.tensor([0, 1, 3])
    logs = torch.log_softmax(logits, dim=1)
    expected = -0.9 * logs[torch.arange(3), labels] - 0.1 * logs.mean(dim=1)
    assert torch.allclose(Objective(smoothing=0.1).losses(logits, labels), expected, atol=1e-6)


def test_the_measured_loss_ignores_labels_that_were_not_trained_on() -> None:
    random = np.random.default_rng(0)
    logits, labels, weights = random.normal(size=(8, 4)), np.arange(8) % 4, random.random(8) + 0.5
    present = np.broadcast_to([True, True, False, True], logits.shape)
    kept = labels != 2
    without = np.delete(logits[kept], 2, axis=1), np.where(labels[kept] == 3, 2, labels[kept])
    for ordered in (False, True):
        found = measure_loss(logits, labels, weights, present, ordered=ordered)
        everywhere = np.ones((kept.sum(), 3), bool)
        if ordered:  # the absent label's threshold is the one before it once more
            losses = ordinal_losses(torch.from_numpy(np.where(present, logits, -1e9)[kept]), torch.tensor(labels[kept]))
            assert found == pytest.approx(np.average(losses.numpy(), weights=weights[kept]))
        else:
            assert found == pytest.approx(log_loss(*without, weights[kept], everywhere))


def test_without_a_usable_label_the_loss_is_that_of_not_knowing() -> None:
    logits, labels = np.zeros((2, 3)), np.array([2, 2])
    present = np.broadcast_to([True, True, False], logits.shape)
    for ordered in (False, True):
        assert measure_loss(logits, labels, np.ones(2), present, ordered=ordered) == pytest.approx(np.log(3))
