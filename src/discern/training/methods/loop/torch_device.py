"""Devices that a network is trained on, and their precision.

This module imports torch.
"""

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from discern.errors import UsageError

AUTO = "auto"
DEVICES = (AUTO, "cpu", "cuda", "mps")


@dataclass(frozen=True, kw_only=True)
class Device:
    """Device of torch with the precision of its training steps.

    Attributes:
        name: "cpu", "cuda" or "mps".
        half: compute training steps in bfloat16 where torch's autocast does.
    """

    name: str = "cpu"
    half: bool = False

    def tensor(self, array: np.ndarray) -> torch.Tensor:
        """Copy an array to the device."""
        tensor = torch.from_numpy(array)
        return tensor if self.name == "cpu" else tensor.to(self.name, non_blocking=True)

    def seed(self, seed: int) -> None:
        """Set the generator that dropout and the like draw from.

        Where CUDA is not in use, `torch.manual_seed` notes a traceback with each call, which takes milliseconds.
        """
        torch.default_generator.manual_seed(seed)
        if self.name == "cuda":
            torch.cuda.manual_seed(seed)
        elif self.name == "mps":
            torch.mps.manual_seed(seed)

    def autocast(self) -> AbstractContextManager[Any]:
        """Return the context of a forward pass in training."""
        return torch.autocast(self.name, dtype=torch.bfloat16) if self.half else nullcontext()


def choose_device(name: str = AUTO) -> Device:
    """Choose a device; "auto" is the first that is there of cuda, mps and cpu.

    Raises:
        UsageError: there is no such device.
    """
    there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if name == AUTO:
        name = next(each for each, found in there.items() if found)
    if not there.get(name, False):
        raise UsageError(
            f"The device {name!r} is not available here.",
            hint=f"Use one of: {AUTO}, {', '.join(each for each, found in there.items() if found)}.",
        )
    # On processors with bfloat16 a step of lite0 at 192 px takes 8 % less, too little for its rounding.
    return Device(name=name, half=name == "cuda" and torch.cuda.is_bf16_supported())
