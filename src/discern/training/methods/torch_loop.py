"""Training loop of a network: deterministic, resumable at any step, and stopped early.

The order of the pictures, their augmentation and the random numbers of a step are functions of seed, epoch and step,
so that a fit that was interrupted ends with the weights of an undisturbed one.
"""

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from discern.atomic import atomic_write
from discern.errors import DataError
from discern.heads.temperature import fit_temperature, log_loss
from discern.training.methods.base import EpochReport, report_nothing
from discern.training.methods.torch_network import classify, embed
from discern.training.methods.torch_pictures import ReducedPictures

if TYPE_CHECKING:
    import torch

# Not tuned.
_WEIGHT_DECAY, _LONGEST_GRADIENT, _WARM_UP = 0.05, 1.0, 0.1
_LEAST_PATIENCE, _PATIENCE = 5, 1 / 3
_SECONDS_BETWEEN_SAVES = 10.0
_EVALUATED_AT_ONCE = 256


@dataclass(frozen=True, kw_only=True, eq=False)
class LoopData:
    """Pictures and labels of a fit.

    Attributes:
        pictures: all pictures.
        labels: int `[M]`, their labels.
        weights: float `[M]`, their sample weights.
        train: int, positions of the pictures to train on.
        stop: int, positions of the pictures that choose the epoch, from groups that are not trained on.
    """

    pictures: ReducedPictures
    labels: np.ndarray
    weights: np.ndarray
    train: np.ndarray
    stop: np.ndarray


@dataclass(kw_only=True)
class History:
    """Course of a fit.

    Attributes:
        train_loss: mean loss of each epoch's steps.
        stop_loss: calibrated log loss after each epoch on the pictures that choose the epoch.
    """

    train_loss: list[float] = field(default_factory=list)
    stop_loss: list[float] = field(default_factory=list)

    @property
    def best_epoch(self) -> int:
        """Return the number of the epoch with the lowest loss, from 1; the first of equal ones."""
        return int(np.argmin(self.stop_loss)) + 1


@dataclass(kw_only=True)
class _State:
    network: Any
    optimiser: Any
    history: History
    best: Mapping[str, Any] = field(default_factory=dict)
    epoch: int = 0
    step: int = 0
    loss_sum: float = 0.0


class Loop:
    """Training loop of one fit.

    Args:
        network: the network with its first weights; it ends with the best ones.
        data: its pictures.
        epochs: most passes over the training pictures.
        batch: number of pictures in a step.
        lr: highest learning rate, reached after a warm-up and lowered along a cosine.
        seed: random seed.
        checkpoint: file that holds the state of an interrupted fit.
        seconds_between_saves: shortest time between checkpoints inside an epoch.
        report: called after each epoch, and on resumption for those before; what it raises ends the training.
    """

    def __init__(
        self,
        network: "torch.nn.ModuleDict",
        data: LoopData,
        *,
        epochs: int,
        batch: int,
        lr: float,
        seed: int,
        checkpoint: Path,
        seconds_between_saves: float = _SECONDS_BETWEEN_SAVES,
        report: EpochReport = report_nothing,
    ) -> None:
        import torch

        self._data, self._epochs, self._lr, self._seed = data, epochs, lr, seed
        self._batches = max(round(len(data.train) / batch), 1)
        self._checkpoint, self._pause, self._report = checkpoint, seconds_between_saves, report
        optimiser = torch.optim.AdamW(network.parameters(), lr=lr, weight_decay=_WEIGHT_DECAY)
        self._state = _State(network=network, optimiser=optimiser, history=History())
        self._saved_at = time.monotonic()

    def run(self, progress: Callable[[int, int], None]) -> History:
        """Train, resuming from a checkpoint if there is one, and leave the network with its best weights."""
        import torch

        state = self._state
        with torch.random.fork_rng(devices=[]):
            self._load()
            for epoch, loss in enumerate(state.history.stop_loss, 1):
                self._report(epoch, self._epochs, loss)
            while not self._is_finished():
                progress(state.epoch, self._epochs)
                self._train_epoch()
                self._evaluate_epoch()
                self._save()
                self._report(state.epoch, self._epochs, state.history.stop_loss[-1])
        state.network.load_state_dict(state.best)
        state.network.eval()
        return state.history

    def _is_finished(self) -> bool:
        history = self._state.history
        if not history.stop_loss:
            return False
        patience = max(_LEAST_PATIENCE, round(self._epochs * _PATIENCE))
        return self._state.epoch >= self._epochs or self._state.epoch - history.best_epoch >= patience

    def _train_epoch(self) -> None:
        import torch

        state = self._state
        state.network.train()
        generator = torch.Generator().manual_seed(_mix(self._seed, state.epoch))
        order = torch.randperm(len(self._data.train), generator=generator).numpy()
        batches = np.array_split(self._data.train[order], self._batches)
        while state.step < len(batches):
            state.loss_sum += self._take_step(batches[state.step])
            state.step += 1
            if time.monotonic() - self._saved_at >= self._pause:
                self._save()

    def _take_step(self, rows: np.ndarray) -> float:
        import torch
        from torch.nn import functional

        state, data = self._state, self._data
        torch.manual_seed(_mix(self._seed, state.epoch, state.step))
        pictures = data.pictures.augment(rows, seed=self._seed, epoch=state.epoch)
        logits = classify(state.network, embed(state.network, torch.from_numpy(pictures)))
        losses = functional.cross_entropy(logits, torch.from_numpy(data.labels[rows]), reduction="none")
        loss = (losses * torch.from_numpy(data.weights[rows].astype(np.float32))).mean()
        if not torch.isfinite(loss):
            raise DataError(
                f"The loss became {loss.item()} in epoch {state.epoch + 1} of {self._epochs}, at a learning rate of "
                f"up to {self._lr:g}.",
                hint=f"Train with a lower one, such as --lr {self._lr / 10:g}.",
            )
        for group in state.optimiser.param_groups:
            group["lr"] = self._lr * self._schedule(state.epoch * self._batches + state.step)
        state.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(state.network.parameters(), _LONGEST_GRADIENT)
        state.optimiser.step()
        return float(loss.item())

    def _schedule(self, step: int) -> float:
        total = self._epochs * self._batches
        warm_up = max(_WARM_UP * total, 1)
        return min((step + 1) / warm_up, 0.5 * (1 + math.cos(math.pi * step / total)))

    def _evaluate_epoch(self) -> None:
        state, data = self._state, self._data
        _, logits = predict(state.network, data.pictures, data.stop)
        present = np.broadcast_to(np.isin(np.arange(logits.shape[1]), data.labels[data.train]), logits.shape)
        centred = logits - logits.mean(axis=1, keepdims=True, where=present)
        labels, weights = data.labels[data.stop], data.weights[data.stop]
        temperature = fit_temperature(centred, labels, weights, present)
        state.history.stop_loss.append(log_loss(centred / temperature, labels, weights, present))
        state.history.train_loss.append(state.loss_sum / self._batches)
        state.epoch, state.step, state.loss_sum = state.epoch + 1, 0, 0.0
        if state.history.best_epoch == state.epoch:
            state.best = {name: value.clone() for name, value in state.network.state_dict().items()}

    def _save(self) -> None:
        import torch

        state = self._state
        self._checkpoint.parent.mkdir(parents=True, exist_ok=True)
        with atomic_write(self._checkpoint) as path:
            torch.save(
                {
                    "network": state.network.state_dict(),
                    "optimiser": state.optimiser.state_dict(),
                    "history": asdict(state.history),
                    "best": dict(state.best),
                    "place": [state.epoch, state.step],
                    "loss_sum": state.loss_sum,
                },
                path,
            )
        self._saved_at = time.monotonic()

    def _load(self) -> None:
        import torch

        if not self._checkpoint.exists():
            return
        saved = torch.load(self._checkpoint, weights_only=True)
        state = self._state
        state.network.load_state_dict(saved["network"])
        state.optimiser.load_state_dict(saved["optimiser"])
        state.history, state.best = History(**saved["history"]), saved["best"]
        (state.epoch, state.step), state.loss_sum = saved["place"], saved["loss_sum"]


def predict(
    network: "torch.nn.ModuleDict", pictures: ReducedPictures, rows: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Compute embeddings, float32 `[n, D]`, and logits, float64 `[n, K]`, of pictures that are not augmented."""
    import torch

    network.eval()
    embeddings, logits = [], []
    with torch.inference_mode():
        for start in range(0, len(rows), _EVALUATED_AT_ONCE):
            block = torch.from_numpy(pictures.take(rows[start : start + _EVALUATED_AT_ONCE]))
            embedding = embed(network, block)
            embeddings.append(embedding.numpy())
            logits.append(classify(network, embedding).double().numpy())
    return np.concatenate(embeddings), np.concatenate(logits)


def _mix(*numbers: int) -> int:
    """Return a seed that depends on all numbers."""
    return int(np.random.SeedSequence(numbers).generate_state(1, np.uint64)[0] >> np.uint64(1))
