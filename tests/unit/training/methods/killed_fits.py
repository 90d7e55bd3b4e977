"""Fits of a small network that are killed at a step and resumed, each in a process of its own.

    python -m tests.unit.training.methods.killed_fits '{"workers": 0, "steps": [5, 11]}' ...

Each argument describes fits: threads that load (`workers`), other settings of the loop, and the steps after which fits
are killed. Prints a line of JSON for each: the hash of the weights after an undisturbed fit, and after each that was
killed and resumed. Processes are forked from this one, which has torch loaded and has computed nothing.
"""

import contextlib
import hashlib
import json
import os
import signal
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torchvision.transforms.v2  # noqa: F401 - imported once for all processes

from discern.training.methods.loop_config import LoopConfig
from discern.training.methods.loop_data import LoopData
from discern.training.methods.torch_loop import Loop
from discern.training.methods.torch_pictures import ReducedPictures
from discern.training.methods.torch_small_cnn import SmallCnn

PICTURES, HELD_OUT, SIDE, BATCH = 40, 8, 16, 4
STEPS_OF_EPOCH = (PICTURES - HELD_OUT) // BATCH
_SECONDS_BETWEEN_SAVES = 0.02  # so that some steps are repeated, and others are not


def noise() -> LoopData:
    """Random pictures and labels."""
    random = np.random.default_rng(0)
    pictures = ReducedPictures(
        sums=random.integers(0, 255, (PICTURES, SIDE, SIDE, 3)).astype(np.uint16),
        factor=1,
        seeds=random.integers(0, 2**63, PICTURES).astype(np.uint64),
    )
    rows = np.arange(PICTURES)
    return LoopData(
        pictures=pictures,
        labels=random.integers(0, 3, PICTURES),
        weights=random.random(PICTURES) + 0.5,
        train=rows[HELD_OUT:],
        stop=rows[:HELD_OUT],
    )


def hash_weights(network: torch.nn.Module) -> str:
    """Hash all weights and statistics of a network by their names."""
    digest = hashlib.sha256()
    for name, value in network.state_dict().items():
        digest.update(name.encode() + value.numpy().tobytes())
    return digest.hexdigest()


def fit(checkpoint: Path, pipe: int, settings: dict[str, Any]) -> None:
    """Fit, write a byte to the pipe after each step, and the hash of the weights at the end."""
    config = LoopConfig(batch=BATCH, lr=0.01, seed=5, seconds_between_saves=_SECONDS_BETWEEN_SAVES, **settings)
    torch.manual_seed(0)
    network = SmallCnn(3)
    torch.manual_seed(int.from_bytes(os.urandom(4), "big"))  # the state of the process does not matter
    Loop(network, noise(), config, checkpoint=checkpoint).run(lambda done, total: os.write(pipe, b".") and None)
    os.write(pipe, hash_weights(network).encode())


def run(checkpoint: Path, settings: dict[str, Any], *, last: int | None = None) -> str:
    """Run a fit in a process of its own, which is killed after a number of steps, and return what it wrote at the end.

    An epoch starts with a report, too, so that some kills come between two epochs.
    """
    read, write = os.pipe()
    pid = os.fork()
    if not pid:
        with contextlib.suppress(BaseException):
            fit(checkpoint, write, settings)
            os._exit(0)
        os._exit(1)
    os.close(write)
    with os.fdopen(read, "rb") as pipe:
        if last is not None:
            pipe.read(last)
            os.kill(pid, signal.SIGKILL)
        found = pipe.read().decode().lstrip(".")
    _, status = os.waitpid(pid, 0)
    assert os.WIFSIGNALED(status) if last is not None else status == 0, f"the fit ended with {status}"
    return found


def compare(settings: dict[str, Any], steps: list[int]) -> dict[str, Any]:
    """Return the hash of undisturbed weights, and those of fits that were killed and resumed."""
    with tempfile.TemporaryDirectory() as folder:
        undisturbed = run(Path(folder) / "whole.pt", settings)
        resumed = []
        for number, step in enumerate(steps):
            checkpoint = Path(folder) / f"{number}.pt"
            run(checkpoint, settings, last=step)
            resumed.append(run(checkpoint, settings))
    return {"settings": settings, "steps": steps, "undisturbed": undisturbed, "resumed": resumed}


def main() -> None:
    torch.set_num_threads(1)  # a process that computes in several threads cannot be forked
    torch.optim.AdamW([torch.zeros(1)])  # imports much, once for all processes
    for text in sys.argv[1:]:
        settings = {"epochs": 3} | json.loads(text)
        sys.stdout.write(json.dumps(compare(settings, settings.pop("steps"))) + "\n")


if __name__ == "__main__":
    main()
