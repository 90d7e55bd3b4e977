"""Fits of the first process that the others, which `torchrun` started with it, follow.

This module imports torch.
"""

import contextlib
import signal
from collections.abc import Iterator

from discern.errors import DataError, RunStopped
from discern.progress import silent
from discern.training.methods.loop.torch_loop import Loop
from discern.training.methods.loop.torch_processes import Processes


def follow(processes: Processes) -> None:
    """Take part in all fits of the first process, in silence, until it ends.

    Signals to end are left to the first process, which saves its state before it ends.
    """
    with _ignored_signals(), contextlib.suppress(RunStopped, DataError):
        while True:
            job = processes.share(None)
            Loop(**job, checkpoint=None, processes=processes).run(lambda done, total: silent("fit", done, total))


@contextlib.contextmanager
def _ignored_signals() -> Iterator[None]:
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(number, signal.SIG_IGN) for number in numbers]
    try:
        yield
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)
