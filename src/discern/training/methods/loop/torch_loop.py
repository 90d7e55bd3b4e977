"""Training loop of a network: deterministic, resumable at any step, and stopped early.

The order of the pictures, their augmentation and the random numbers of a step are functions of seed, epoch and step,
so that a fit that was interrupted ends with the weights of an undisturbed one.

This module imports torch.
"""

import contextlib
import hashlib
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch

from discern.heads.temperature import fit_temperature
from discern.training.methods.base import EpochReport, report_nothing
from discern.training.methods.loop.deferred_interrupt import DeferredInterrupt
from discern.training.methods.loop.loop_config import LoopConfig
from discern.training.methods.loop.loop_data import History, LoopData
from discern.training.methods.loop.torch_batches import Batches
from discern.training.methods.loop.torch_checkpoint import Checkpoint
from discern.training.methods.loop.torch_device import Device
from discern.training.methods.loop.torch_faults import named_memory_errors, require_finite
from discern.training.methods.loop.torch_objective import measure_loss
from discern.training.methods.loop.torch_pictures import Pictures
from discern.training.methods.loop.torch_processes import Processes, join_processes
from discern.training.methods.loop.torch_step import TrainingStep
from discern.training.methods.networks.torch_network import TrainableNetwork

# Not tuned.
_WARM_UP = 0.1
_LEAST_PATIENCE, _PATIENCE = 5, 1 / 3
_EVALUATED_AT_ONCE = 32 * 224**2  # pixels
_UNREAD_LOSSES = 16  # more losses read at once save little waiting for a GPU
_MOST_TIME_SAVING = 0.01


@dataclass(kw_only=True)
class _State:
    history: History
    best: Mapping[str, Any] = field(default_factory=dict)
    epoch: int = 0
    step: int = 0
    loss_sum: float = 0.0
    right_sum: float = 0.0
    unread: list[torch.Tensor] = field(default_factory=list)


class Loop:
    """Training loop of one fit.

    Args:
        network: the network with its first weights; it ends with the best ones.
        data: its pictures.
        config: settings of the loop.
        checkpoint: file that holds the state of an interrupted fit; None in a process that follows the first one.
        device: device to train on; the network is moved there, and back to the processor at the end.
        keep_start: whether the first weights remain if no epoch improves on them.
        processes: the processes that train together; None for those that `torchrun` started.
        report: called after each epoch, and on resumption for those before; what it raises ends the training.

    Raises:
        UsageError: a step has fewer pictures than the processes need.
    """

    def __init__(
        self,
        network: TrainableNetwork,
        data: LoopData,
        config: LoopConfig,
        *,
        checkpoint: Path | None,
        device: Device = Device(),  # noqa: B008 - immutable
        keep_start: bool = False,
        processes: Processes | None = None,
        report: EpochReport = report_nothing,
    ) -> None:
        self._network, self._data, self._config, self._device = network, data, config, device
        self._keep_start, self._processes = keep_start, join_processes() if processes is None else processes
        self._report = report
        self._count = max(round(len(data.train) / config.batch), 1)
        self._processes.require_pictures(len(data.train) // self._count)
        labels = data.labels.astype(np.int64)
        self._batches = Batches(
            pictures=data.pictures,
            rows=data.train,
            labels=labels[data.train],
            count=self._count,
            augmentation=config.augmentation,
            balance=config.balance,
            seed=config.seed,
            workers=config.workers,
        )
        weights = np.zeros(len(labels), np.float32)
        weights[data.train] = config.balanced(data.weights[data.train], labels[data.train], drawn=True)
        self._step = TrainingStep(network, labels, weights, config=config, device=device, processes=self._processes)
        self._checkpoint = None if checkpoint is None else Checkpoint(checkpoint, self._facts())
        self._state = _State(history=History())
        self._saved_at, self._pause = time.monotonic(), config.seconds_between_saves

    def run(self, progress: Callable[[int, int], None], note: Callable[[str], None] = lambda _: None) -> History:
        """Train, resuming from a checkpoint if there is one, and leave the network with its best weights.

        Args:
            progress: called with the number of pictures trained on, and the most that there will be.
            note: called with the best epoch so far.

        Raises:
            DataError: the loss became infinite or not a number.
            RunError: the checkpoint belongs to another fit or is damaged.
            RunStopped: the checkpoint cannot be saved, or another process has ended.
            UsageError: there is not enough memory.
        """
        if self._processes.first:
            self._processes.share(self._job())
        self._network.to(self._device.name)
        with (
            torch.random.fork_rng(devices=[]),
            named_memory_errors(self._config.batch),
            DeferredInterrupt() as interrupt,
        ):
            self._train(progress, note, interrupt)
        self._network.load_state_dict(self._state.best)
        self._network.to("cpu").eval()
        return self._state.history

    def _job(self) -> dict[str, Any]:
        """Return the arguments with which other processes follow this loop."""
        names = ("network", "data", "config", "device", "keep_start")
        return {name: getattr(self, f"_{name}") for name in names}

    def _train(
        self, progress: Callable[[int, int], None], note: Callable[[str], None], interrupt: DeferredInterrupt
    ) -> None:
        state = self._state
        self._load()
        if self._keep_start and state.history.start_loss is None:
            state.history.start_loss, state.history.start_accuracy = self._judge()
            state.best = _copy(self._network)
        for epoch, loss in enumerate(state.history.stop_loss, 1):
            self._report(epoch, self._config.epochs, loss)
        while not self._is_finished():
            if (best := state.history.best_loss) is not None:
                note(f"best loss {best:.3f}, epoch {state.history.best_epoch} of {self._config.epochs}")
            self._train_epoch(progress, interrupt)
            self._evaluate_epoch()
            self._save_if_due(now=self._is_finished())
            self._report(state.epoch, self._config.epochs, state.history.stop_loss[-1])

    def _is_finished(self) -> bool:
        history, epoch, epochs = self._state.history, self._state.epoch, self._config.epochs
        if not history.stop_loss:
            return False
        return epoch >= epochs or epoch - history.best_epoch >= max(_LEAST_PATIENCE, round(epochs * _PATIENCE))

    def _train_epoch(self, progress: Callable[[int, int], None], interrupt: DeferredInterrupt) -> None:
        state, pictures = self._state, len(self._data.train)
        self._network.training_mode()
        batches = self._batches.order(state.epoch)
        mine = [self._processes.part(rows) for rows in batches]
        done = state.epoch * pictures + sum(map(len, batches[: state.step]))
        with contextlib.closing(self._batches.load(mine[state.step :], state.epoch)) as loaded:
            progress(done, self._config.epochs * pictures)
            for augmented in loaded:
                rows, place = batches[state.step], (state.epoch, state.step)
                loss = self._step.take(mine[place[1]], augmented, of=len(rows), place=place, factor=self._schedule())
                state.unread.append(loss)
                state.step, done = state.step + 1, done + len(rows)
                if len(state.unread) >= _UNREAD_LOSSES:
                    self._read_losses()
                self._save_if_due(now=interrupt.pending)
                if interrupt.pending:
                    raise KeyboardInterrupt
                progress(done, self._config.epochs * pictures)
        self._read_losses()

    def _read_losses(self) -> None:
        state, config = self._state, self._config
        for measured in state.unread:
            loss, right = measured.tolist()
            require_finite(loss, epoch=state.epoch + 1, epochs=config.epochs, lr=config.lr)
            state.loss_sum, state.right_sum = state.loss_sum + loss, state.right_sum + right
        state.unread.clear()

    def _schedule(self) -> float:
        step = self._state.epoch * self._count + self._state.step
        total = self._config.epochs * self._count
        warm_up = max(_WARM_UP * total, 1)
        return min((step + 1) / warm_up, 0.5 * (1 + math.cos(math.pi * step / total)))

    def _evaluate_epoch(self) -> None:
        state = self._state
        loss, accuracy = self._judge()
        state.history.stop_loss.append(loss)
        state.history.stop_accuracy.append(accuracy)
        state.history.train_loss.append(state.loss_sum / self._count)
        state.history.train_accuracy.append(state.right_sum / self._count)
        state.epoch, state.step, state.loss_sum, state.right_sum = state.epoch + 1, 0, 0.0, 0.0
        if state.history.best_epoch == state.epoch:
            state.best = _copy(self._network)

    def _judge(self) -> tuple[float, float]:
        """Compute the calibrated loss and the accuracy of the network on the pictures that choose the epoch."""
        loss, accuracy = self._processes.share(self._measure() if self._processes.first else None)
        return loss, accuracy

    def _measure(self) -> tuple[float, float]:
        data, config = self._data, self._config
        _, logits = predict(self._network, data.pictures, data.stop, self._device)
        present = np.broadcast_to(np.isin(np.arange(logits.shape[1]), data.labels[data.train]), logits.shape)
        centred = logits - logits.mean(axis=1, keepdims=True, where=present)
        labels = data.labels[data.stop]
        weights = config.balanced(data.weights[data.stop], labels)
        centred /= fit_temperature(centred, labels, weights, present)
        accuracy = float(np.mean(np.where(present, logits, -np.inf).argmax(axis=1) == labels))
        return measure_loss(centred, labels, weights, present, ordered=config.ordered), accuracy

    def _save_if_due(self, *, now: bool) -> None:
        start = time.monotonic()
        if self._checkpoint is None or not (now or start - self._saved_at >= self._pause):
            return
        self._read_losses()
        state = self._state
        self._checkpoint.save(
            {
                "network": self._network.state_dict(),
                "optimiser": self._step.optimiser.state_dict(),
                "history": asdict(state.history),
                "best": dict(state.best),
                "place": [state.epoch, state.step],
                "sums": [state.loss_sum, state.right_sum],
            }
        )
        self._saved_at = time.monotonic()
        if self._pause:
            self._pause = max(self._config.seconds_between_saves, (self._saved_at - start) / _MOST_TIME_SAVING)

    def _load(self) -> None:
        saved = self._processes.share(None if self._checkpoint is None else self._checkpoint.load(self._device.name))
        if saved is None:
            return
        state = self._state
        self._network.load_state_dict(saved["network"])
        self._step.optimiser.load_state_dict(saved["optimiser"])
        state.history, state.best = History(**saved["history"]), saved["best"]
        (state.epoch, state.step), (state.loss_sum, state.right_sum) = saved["place"], saved["sums"]

    def _facts(self) -> dict[str, Any]:
        shapes = {name: list(value.shape) for name, value in self._network.state_dict().items()}
        return self._config.facts() | {
            "network": hashlib.sha256(repr(shapes).encode()).hexdigest(),
            "set of pictures": self._data.digest(),
            "precision": "bfloat16" if self._device.half else "float32",
            "number of processes": self._processes.count,
            "version of PyTorch": str(torch.__version__),
        }


def predict(
    network: TrainableNetwork,
    pictures: Pictures,
    rows: np.ndarray,
    device: Device = Device(),  # noqa: B008 - immutable
) -> tuple[np.ndarray, np.ndarray]:
    """Compute embeddings, float32 `[n, D]`, and logits, float64 `[n, K]`, of pictures that are not augmented."""
    network.eval()
    embeddings, logits = [], []
    at_once = max(_EVALUATED_AT_ONCE // pictures.take(rows[:1])[0, ..., 0].size, 1)
    with torch.inference_mode():
        for start in range(0, len(rows), at_once):
            embedding = network.embed(device.tensor(pictures.take(rows[start : start + at_once])))
            embeddings.append(embedding.float().cpu().numpy())
            logits.append(network.classify(embedding).cpu().double().numpy())
    return np.concatenate(embeddings), np.concatenate(logits)


def _copy(network: TrainableNetwork) -> dict[str, Any]:
    return {name: value.clone() for name, value in network.state_dict().items()}
