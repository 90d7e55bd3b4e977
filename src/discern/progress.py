"""How long work tells how far it is, without knowing who listens."""

from typing import Protocol


class Progress(Protocol):
    """Is called as work goes on; the library itself never prints."""

    def __call__(self, stage: str, done: int, total: int | None) -> None:
        """Take note that `done` of `total` units (None: not known yet) of `stage` are finished."""


def silent(stage: str, done: int, total: int | None) -> None:
    """Ignore all progress; the default wherever a `Progress` is taken."""
