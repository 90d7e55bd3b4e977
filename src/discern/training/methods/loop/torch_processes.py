"""Processes that `torchrun` starts to train one network on parts of each batch.

The first process does everything else: it reads, evaluates, saves and prints. The others wait for its fits and follow
each, until it ends.
"""

import os
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import numpy as np
import torch
from torch import distributed

from discern.errors import RunStopped, UsageError

# Reading and calibrating in the first process may take that long; a process that ends is noticed at once.
_LONGEST_WAIT = timedelta(days=7)
_FEWEST_PICTURES = 2  # of each process in a step: batch normalisation cannot do with one


@dataclass(frozen=True, kw_only=True)
class Processes:
    """Processes of one fit.

    Attributes:
        rank: number of this process, from 0.
        count: number of processes.
    """

    rank: int = 0
    count: int = 1

    @property
    def first(self) -> bool:
        """Return True in the process that reads, evaluates and saves."""
        return self.rank == 0

    def part(self, rows: np.ndarray) -> np.ndarray:
        """Return this process's part of a batch."""
        return rows[self.rank :: self.count]

    def require_pictures(self, fewest: int) -> None:
        """Raise UsageError if batches are too small for the processes.

        Args:
            fewest: number of pictures in the smallest batch.
        """
        if self.count > 1 and fewest < _FEWEST_PICTURES * self.count:
            raise UsageError(
                f"A training step of {fewest} pictures is too small for {self.count} processes.",
                hint=f"Use a larger --batch, at least {2 * _FEWEST_PICTURES * self.count}, or fewer processes.",
            )

    def share(self, value: Any) -> Any:
        """Return the value of the first process in all.

        Raises:
            RunStopped: another process has ended.
        """
        if self.count == 1:
            return value
        values = [value]
        try:
            distributed.broadcast_object_list(values, src=0)
        except RuntimeError as error:
            raise _ended() from error
        return values[0]

    def add(self, tensors: list[torch.Tensor]) -> None:
        """Replace tensors with their sums over all processes.

        Raises:
            RunStopped: another process has ended.
        """
        if self.count == 1:
            return
        flat = torch.cat([each.flatten() for each in tensors])
        try:
            distributed.all_reduce(flat)
        except RuntimeError as error:
            raise _ended() from error
        for tensor, values in zip(tensors, flat.split([each.numel() for each in tensors]), strict=True):
            tensor.copy_(values.view_as(tensor))


def join_processes() -> Processes:
    """Join the processes that `torchrun` started with this one; without it there is one."""
    count = int(os.environ.get("WORLD_SIZE", "1"))
    if "TORCHELASTIC_RUN_ID" not in os.environ or count == 1:
        return Processes()
    if not distributed.is_initialized():
        if torch.cuda.is_available():
            torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
        backend = "cpu:gloo,cuda:nccl" if torch.cuda.is_available() else "gloo"
        distributed.init_process_group(backend, timeout=_LONGEST_WAIT)
    return Processes(rank=distributed.get_rank(), count=distributed.get_world_size())


def _ended() -> RunStopped:
    return RunStopped(
        "Another process of this training has ended.",
        hint="See its message; then resume with --resume and the same number of processes.",
    )
