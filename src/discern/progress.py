"""Progress callbacks for long-running work."""

from typing import Protocol


class Progress(Protocol):
    """Progress callback of long-running work; the library itself never prints."""

    def __call__(self, stage: str, done: int, total: int | None) -> None:
        """Report the finished items of one stage; `total` is None until known."""


def silent(stage: str, done: int, total: int | None) -> None:
    """Ignore all progress reports (default of every `progress` argument)."""


def note(progress: Progress, stage: str, text: str) -> None:
    """Report a remark on a stage, such as the best result so far, to a callback that has a method `note`."""
    show = getattr(progress, "note", None)
    if show is not None:
        show(stage, text)
