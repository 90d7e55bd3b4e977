"""The loop: deterministic, resumable at any step, and left with the best weights. It needs PyTorch."""

import os
import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is optional")

from discern.errors import DataError, RunError, UsageError  # noqa: E402
from discern.training.methods.loop.loop_config import LoopConfig  # noqa: E402
from discern.training.methods.loop.loop_data import History, LoopData  # noqa: E402
from discern.training.methods.loop.torch_loop import Loop, predict  # noqa: E402
from discern.training.methods.loop.torch_pictures import ReducedPictures  # noqa: E402
from discern.training.methods.networks.torch_small_cnn import SmallCnn  # noqa: E402

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


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> tuple[History, dict[str, Any]]:
    """History and weights of a fit of three epochs."""
    fit, network = loop(tmp_path_factory.mktemp("undisturbed") / "whole.pt", drawn())
    history = fit.run(ignore)
    return history, weights(network)


@pytest.mark.parametrize("last", [1, 3, 5, 9, 12])
def test_a_fit_that_was_killed_at_a_step_ends_with_the_weights_of_an_undisturbed_one(
    undisturbed: tuple[History, dict[str, Any]], tmp_path: Path, last: int
) -> None:
    data, (history, expected) = drawn(), undisturbed
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


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"epochs": 4}, "epochs"),
        ({"lr": 0.02}, "lr"),
        ({"augment": "none"}, "augment"),
        ({"mirror": False}, "mirror"),
        ({"balance": "weights"}, "balance"),
        ({"ordered": True}, "ordered"),
    ],
)
def test_a_checkpoint_of_other_settings_is_not_used(tmp_path: Path, change: dict[str, Any], named: str) -> None:
    loop(tmp_path / "a.pt", drawn(), epochs=1)[0].run(ignore)
    with pytest.raises(RunError, match=f"belongs to a fit with another {named}"):
        loop(tmp_path / "a.pt", drawn(), **{"epochs": 1, **change})[0].run(ignore)


def other_label(data: LoopData) -> LoopData:
    return replace(data, labels=1 - data.labels)


def other_weights(data: LoopData) -> LoopData:
    return replace(data, weights=data.weights * 2)


def other_part(data: LoopData) -> LoopData:
    return replace(data, train=data.train[1:])


def other_picture(data: LoopData) -> LoopData:
    assert isinstance(data.pictures, ReducedPictures)
    return replace(data, pictures=replace(data.pictures, seeds=data.pictures.seeds + np.uint64(1)))


@pytest.mark.parametrize("change", [other_label, other_weights, other_part, other_picture])
def test_a_checkpoint_of_other_pictures_is_not_used(tmp_path: Path, change: Callable[[LoopData], LoopData]) -> None:
    loop(tmp_path / "a.pt", drawn(), epochs=1)[0].run(ignore)
    with pytest.raises(RunError, match="another set of pictures"):
        loop(tmp_path / "a.pt", change(drawn()), epochs=1)[0].run(ignore)


def test_the_number_of_loading_threads_may_change(tmp_path: Path) -> None:
    first, network = loop(tmp_path / "a.pt", drawn(), epochs=1)
    history = first.run(ignore)
    second, other = loop(tmp_path / "a.pt", drawn(), epochs=1, workers=2)
    assert second.run(ignore) == history
    assert_equal_weights(weights(network), weights(other))


def test_an_interrupt_saves_the_step_and_is_raised(undisturbed: tuple[History, dict[str, Any]], tmp_path: Path) -> None:
    data, (history, expected) = drawn(), undisturbed

    def interrupt(done: int, total: int) -> None:
        if done == 3 * BATCH:
            os.kill(os.getpid(), signal.SIGINT)

    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            loop(tmp_path / "a.pt", data)[0].run(interrupt)
    finally:
        signal.signal(signal.SIGINT, before)
    reported: list[int] = []
    second, resumed = loop(tmp_path / "a.pt", data)
    assert second.run(lambda done, total: reported.append(done)) == history
    assert reported[0] == 4 * BATCH, "the step that was interrupted is complete and saved"
    assert_equal_weights(weights(resumed), expected)


def test_progress_counts_pictures_and_tells_the_best_epoch(tmp_path: Path) -> None:
    data, reported, notes = drawn(), list[tuple[int, int]](), list[str]()
    history = loop(tmp_path / "a.pt", data)[0].run(lambda done, total: reported.append((done, total)), notes.append)
    assert reported[0] == (0, 3 * len(data.train))
    assert reported[-1] == (3 * len(data.train), 3 * len(data.train))
    assert [done for done, _ in reported] == sorted(done for done, _ in reported)
    assert notes[0] == f"best loss {history.stop_loss[0]:.3f}, epoch 1 of 3"


def test_a_lack_of_memory_names_the_batch(tmp_path: Path) -> None:
    class Huge(SmallCnn):
        def embed(self, pictures: Any) -> Any:
            return super().embed(torch.empty(1 << 46))

    fit = Loop(Huge(2), drawn(), LoopConfig(epochs=1, batch=16, lr=0.1), checkpoint=tmp_path / "a.pt")
    with pytest.raises(UsageError, match="not enough memory for training steps of 16 pictures"):
        fit.run(ignore)


def test_the_ordinal_loss_chooses_the_epoch_of_ordered_labels(tmp_path: Path) -> None:
    nominal, ordinal = (loop(tmp_path / f"{each}.pt", drawn(), ordered=each)[0].run(ignore) for each in (False, True))
    np.testing.assert_allclose(nominal.stop_loss, ordinal.stop_loss, rtol=1e-3)  # of two labels both are the same
