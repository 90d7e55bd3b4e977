"""Progress callbacks for long-running work."""

from typing import Protocol


class Progress(Protocol):
    """Progress callback of long-running work; the library itself never prints."""

    def __call__(self, stage: str, done: int, total: int | None) -> None:
        """Report the finished items of one stage; `total` is None until known."""


def silent(stage: str, done: int, total: int | None) -> None:
    """Ignore all progress reports (default of every `progress` argument)."""
