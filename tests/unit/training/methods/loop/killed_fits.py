"""Fits of a small network that are killed at a step and resumed, each in a process of its own.

    python -m tests.unit.training.methods.loop.killed_fits '{"workers": 0, "steps": [5, 11]}' ...

Each argument describes fits: threads that load (`workers`), other settings of the loop, the number of processes that
train together (`processes`), and the steps after which all are killed. `frozen` keeps the statistics of batch
normalisation, so that the gradients of a step are the same for any number of processes. Prints a line of JSON for each:
the losses of an undisturbed fit and the hash of its weights, and the hash of each fit that was killed and resumed.
Processes are forked from this one, which has torch loaded and has computed nothing.
"""

import contextlib
import hashlib
import json
import os
import signal
import socket
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torchvision.transforms.v2  # noqa: F401 - imported once for all processes

from discern.training.methods.loop.loop_config import LoopConfig
from discern.training.methods.loop.loop_data import LoopData
from discern.training.methods.loop.torch_follower import follow
from discern.training.methods.loop.torch_loop import Loop
from discern.training.methods.loop.torch_pictures import ReducedPictures
from discern.training.methods.loop.torch_processes import join_processes
from discern.training.methods.networks.torch_small_cnn import SmallCnn

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


class Frozen(SmallCnn):
    """Network whose batch normalisation keeps its first statistics."""

    def training_mode(self) -> None:
        self.eval()


def fit(checkpoint: Path, pipe: int, settings: dict[str, Any]) -> None:
    """Fit, write a byte to the pipe after each step, and JSON with losses and the hash of the weights at the end."""
    kind = Frozen if settings.pop("frozen", False) else SmallCnn
    config = LoopConfig(batch=BATCH, lr=0.01, seed=5, seconds_between_saves=_SECONDS_BETWEEN_SAVES, **settings)
    torch.manual_seed(0)
    network = kind(3)
    torch.manual_seed(int.from_bytes(os.urandom(4), "big"))  # the state of the process does not matter
    history = Loop(network, noise(), config, checkpoint=checkpoint).run(
        lambda done, total: os.write(pipe, b".") and None
    )
    os.write(pipe, json.dumps({"weights": hash_weights(network), "losses": history.train_loss}).encode())


def run(checkpoint: Path, settings: dict[str, Any], *, last: int | None = None) -> dict[str, Any]:
    """Run a fit in processes of its own, and return what the first one wrote at the end.

    They are killed after a number of steps; an epoch starts with a report, too, so that some kills come between two
    epochs.
    """
    settings = dict(settings)
    read, write = os.pipe()
    port, count = free_port(), settings.pop("processes", 1)
    started = [start(rank, count, port, checkpoint, write, settings) for rank in range(count)]
    os.close(write)
    with os.fdopen(read, "rb") as pipe:
        if last is not None:
            pipe.read(last)
            for pid in started:
                os.kill(pid, signal.SIGKILL)
        found = pipe.read().decode().lstrip(".")
    for pid in started:
        _, status = os.waitpid(pid, 0)
        assert os.WIFSIGNALED(status) if last is not None else status == 0, f"a process ended with {status}"
    return dict(json.loads(found)) if last is None else {}


def start(rank: int, count: int, port: int, checkpoint: Path, pipe: int, settings: dict[str, Any]) -> int:
    """Start a process in which a fit runs, or follows the first process, as `torchrun` would."""
    if pid := os.fork():
        return pid
    with contextlib.suppress(BaseException):
        if count > 1:
            os.environ |= {"TORCHELASTIC_RUN_ID": "none", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
            os.environ |= {"RANK": str(rank), "LOCAL_RANK": str(rank), "WORLD_SIZE": str(count)}
        if rank:
            os.close(pipe)
            follow(join_processes())
        else:
            fit(checkpoint, pipe, settings)
        os._exit(0)
    os._exit(1)


def free_port() -> int:
    """Return a port of loopback that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def compare(settings: dict[str, Any], steps: list[int]) -> dict[str, Any]:
    """Return losses and weights of an undisturbed fit, and the weights of those that were killed and resumed."""
    with tempfile.TemporaryDirectory() as folder:
        undisturbed = run(Path(folder) / "whole.pt", settings)
        resumed = []
        for number, step in enumerate(steps):
            checkpoint = Path(folder) / f"{number}.pt"
            run(checkpoint, settings, last=step)
            resumed.append(run(checkpoint, settings)["weights"])
    losses, weights = undisturbed["losses"], undisturbed["weights"]
    return {"settings": settings, "steps": steps, "losses": losses, "undisturbed": weights, "resumed": resumed}


def main() -> None:
    torch.set_num_threads(1)  # a process that computes in several threads cannot be forked
    torch.optim.AdamW([torch.zeros(1)])  # imports much, once for all processes
    for text in sys.argv[1:]:
        settings = {"epochs": 3} | json.loads(text)
        sys.stdout.write(json.dumps(compare(settings, settings.pop("steps"))) + "\n")


if __name__ == "__main__":
    main()
