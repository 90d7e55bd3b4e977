"""The loop: deterministic, resumable at any step, and left with the best weights. It needs PyTorch."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is optional")

from discern.errors import DataError  # noqa: E402
from discern.training.methods.loop_config import LoopConfig  # noqa: E402
from discern.training.methods.loop_data import LoopData  # noqa: E402
from discern.training.methods.torch_loop import Loop, predict  # noqa: E402
from discern.training.methods.torch_pictures import ReducedPictures  # noqa: E402
from discern.training.methods.torch_small_cnn import SmallCnn  # noqa: E402

BATCH = 4


class Killed(Exception):
    pass


def drawn(count: int = 24, *, noisy: bool = False) -> LoopData:
    """Bright and dark squares of 16 pixels; with noise, the labels that choose the epoch are random."""
    random = np.random.default_rng(0)
    labels = np.arange(count) % 2
    sums = random.integers(0, 120, (count, 16, 16, 3)).astype(np.uint16)
    sums[labels == 1, 4:12, 4:12] += 120
    pictures = ReducedPictures(sums=sums, factor=1, seeds=np.arange(count, dtype=np.uint64))
    train, stop = np.arange(count - 8), np.arange(count - 8, count)
    if noisy:
        labels[stop] = random.integers(0, 2, 8)
    return LoopData(pictures=pictures, labels=labels, weights=np.ones(count), train=train, stop=stop)


def loop(checkpoint: Path, data: LoopData, *, epochs: int = 3, lr: float = 1e-2, **options: Any) -> tuple[Loop, Any]:
    torch.manual_seed(0)
    network = SmallCnn(2)
    config = LoopConfig(epochs=epochs, batch=BATCH, lr=lr, seed=5, **options)
    return Loop(network, data, config, checkpoint=checkpoint), network


def weights(network: Any) -> dict[str, Any]:
    return {name: value.clone() for name, value in network.state_dict().items()}


def assert_equal_weights(first: dict[str, Any], second: dict[str, Any]) -> None:
    assert first.keys() == second.keys()
    assert all(torch.equal(first[name], second[name]) for name in first)


def ignore(done: int, total: int) -> None:
    pass


class DyingPictures(ReducedPictures):
    """Pictures whose batches end the fit at the n-th one."""

    def take(self, rows: np.ndarray) -> np.ndarray:
        if len(rows) == BATCH:
            self.calls.append(rows)  # type: ignore[attr-defined]
            if len(self.calls) == self.last:  # type: ignore[attr-defined]
                raise Killed
        return super().take(rows)


@pytest.mark.parametrize("last", [1, 3, 5, 9, 12])
def test_a_fit_that_was_killed_at_a_step_ends_with_the_weights_of_an_undisturbed_one(tmp_path: Path, last: int) -> None:
    data = drawn()
    undisturbed, network = loop(tmp_path / "whole.pt", data)
    history = undisturbed.run(ignore)
    expected = weights(network)
    dying = DyingPictures(sums=data.pictures.sums, factor=1, seeds=data.pictures.seeds)
    object.__setattr__(dying, "calls", [])
    object.__setattr__(dying, "last", last)
    killed = LoopData(pictures=dying, labels=data.labels, weights=data.weights, train=data.train, stop=data.stop)
    first, _ = loop(tmp_path / "killed.pt", killed, seconds_between_saves=0)
    with pytest.raises(Killed):
        first.run(ignore)
    torch.manual_seed(99)  # the state of the generator at the second start does not matter
    second, network = loop(tmp_path / "killed.pt", killed, seconds_between_saves=0)
    assert second.run(ignore) == history
    assert_equal_weights(weights(network), expected)
    steps = 4 * 3
    assert len(dying.calls) == steps + 1, "no step is repeated but the one that was interrupted"


def test_the_best_epoch_and_not_the_last_is_what_remains(tmp_path: Path) -> None:
    data = drawn(noisy=True)
    after: dict[int, dict[str, Any]] = {}
    fit, network = loop(tmp_path / "a.pt", data, epochs=8)
    history = fit.run(lambda done, total: after.update({done: weights(network)}))
    ran, pictures = len(history.stop_loss), len(data.train)
    assert history.best_epoch < ran, "the last epoch is not the best one on random labels"
    assert history.stop_loss[history.best_epoch - 1] == min(history.stop_loss)
    assert_equal_weights(weights(network), after[history.best_epoch * pictures])
    last = after[ran * pictures]
    assert not torch.equal(last["classifier.weight"], weights(network)["classifier.weight"])


def test_the_random_numbers_of_the_caller_are_left_alone(tmp_path: Path) -> None:
    fit, _ = loop(tmp_path / "a.pt", drawn(), epochs=1)
    before = torch.get_rng_state()
    fit.run(ignore)
    assert torch.equal(torch.get_rng_state(), before)


def test_a_loss_that_is_not_a_number_names_the_learning_rate(tmp_path: Path) -> None:
    data = drawn()
    data.weights[data.train[0]] = np.inf
    fit, _ = loop(tmp_path / "a.pt", data, lr=0.5)
    with pytest.raises(DataError, match=r"The loss became (inf|nan) in epoch 1 of 3") as caught:
        fit.run(ignore)
    assert "--lr 0.05" in caught.value.hint


def test_it_learns_what_is_drawn(tmp_path: Path) -> None:
    data = drawn(48)
    fit, network = loop(tmp_path / "a.pt", data, epochs=10)
    fit.run(ignore)
    _, logits = predict(network, data.pictures, data.stop)
    assert np.array_equal(logits.argmax(axis=1), data.labels[data.stop])
