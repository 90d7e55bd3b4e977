"""Progress callbacks of long-running work."""

from typing import Protocol


class Progress(Protocol):
    """Callback that reports progress; the library itself never prints."""

    def __call__(self, stage: str, done: int, total: int | None) -> None:
        """Report that `done` of `total` items of `stage` are finished; `total` is None until it is known."""


def silent(stage: str, done: int, total: int | None) -> None:
    """Ignore progress: the default of every `progress` argument."""
