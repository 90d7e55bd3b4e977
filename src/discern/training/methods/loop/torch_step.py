"""One step of a training loop: forward and backward pass, sum over processes, clipping, and update of the weights.

The random numbers of a step are functions of seed, epoch, step and process.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch

from discern.training.methods.loop.loop_config import LoopConfig
from discern.training.methods.loop.torch_device import Device
from discern.training.methods.loop.torch_mixing import Mixed, mix
from discern.training.methods.loop.torch_objective import Objective
from discern.training.methods.loop.torch_processes import Processes
from discern.training.methods.networks.torch_network import TrainableNetwork

_LONGEST_GRADIENT = 1.0  # not tuned


class TrainingStep:
    """Training steps of a network.

    Args:
        network: the network, on its device.
        labels: int64 `[M]`, labels of all pictures.
        weights: float32 `[M]`, their sample weights.
        config: settings of the loop.
        device: device to train on.
        processes: the processes that take the step together.
    """

    def __init__(
        self,
        network: TrainableNetwork,
        labels: np.ndarray,
        weights: np.ndarray,
        *,
        config: LoopConfig,
        device: Device,
        processes: Processes,
    ) -> None:
        self._network, self._labels, self._weights = network, labels, weights
        self._config, self._device, self._processes = config, device, processes
        self._objective = Objective(ordered=config.ordered, smoothing=config.label_smoothing)
        groups = network.parameter_groups()
        if config.weight_decay is not None:
            for group in groups:
                group["weight_decay"] = config.weight_decay if group["weight_decay"] else 0.0
        self._parameters = [each for group in groups for each in group["params"]]
        self.optimiser = torch.optim.AdamW(groups, lr=config.lr)

    def take(
        self, rows: np.ndarray, pictures: np.ndarray, *, of: int, place: tuple[int, int], factor: float
    ) -> torch.Tensor:
        """Update the weights, and return the loss and the share of correct answers.

        They are a tensor of two numbers that may still be computed.

        Args:
            rows: positions of this process's pictures.
            pictures: float32 `[m, side, side, 3]`, augmented.
            of: number of pictures in the step, those of all processes together.
            place: epoch and step in the epoch.
            factor: factor of the learning rate.
        """
        config, seeds = self._config, (self._config.seed, *place, self._processes.rank)
        self._device.seed(_mix_seeds(*seeds))
        for group in self.optimiser.param_groups:
            group["lr"] = group["scale"] * config.lr * factor
        self.optimiser.zero_grad(set_to_none=True)
        total = torch.zeros(2, device=self._device.name)
        for loss, right in self._losses(rows, pictures, np.random.default_rng(seeds)):
            (loss / of).backward()
            total += torch.stack([loss.detach(), right]) / of
        gradients = [each.grad for each in self._parameters if each.grad is not None]
        self._processes.add([*gradients, total])
        torch.nn.utils.clip_grad_norm_(self._parameters, _LONGEST_GRADIENT)
        self.optimiser.step()
        return total

    def _losses(
        self, rows: np.ndarray, pictures: np.ndarray, random: np.random.Generator
    ) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """Yield the weighted sum of the losses of each part of the step, and its number of correct answers."""
        for part in np.array_split(np.arange(len(rows)), min(self._config.accumulate, len(rows))):
            tensor = self._device.tensor(pictures[part[0] : part[-1] + 1])
            mixed = mix(tensor, random) if self._config.mixes else None
            with self._device.autocast():
                logits = self._network(tensor if mixed is None else mixed.pictures).float()
            yield self._sum(logits, rows[part], mixed)

    def _sum(self, logits: torch.Tensor, rows: np.ndarray, mixed: Mixed | None) -> tuple[torch.Tensor, torch.Tensor]:
        labels, weights = self._device.tensor(self._labels[rows]), self._device.tensor(self._weights[rows])
        own: Any = weights @ self._objective.losses(logits, labels)
        predicted = logits.detach().argmax(dim=1)
        right = (predicted == labels).float().sum()
        if mixed is None:
            return own, right
        others = weights[mixed.partner] @ self._objective.losses(logits, labels[mixed.partner])
        right_others = (predicted == labels[mixed.partner]).float().sum()
        return torch.lerp(others, own, mixed.share), torch.lerp(right_others, right, mixed.share)


def _mix_seeds(*numbers: int) -> int:
    """Return a seed that depends on all numbers."""
    return int(np.random.SeedSequence(numbers).generate_state(1, np.uint64)[0] >> np.uint64(1))
