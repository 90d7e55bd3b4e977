"""Progress callbacks of long-running work."""

from typing import Protocol


class Progress(Protocol):
    """Callback that receives the progress of long-running work.

    The library itself never prints.
    """

    def __call__(self, stage: str, done: int, total: int | None) -> None:
        """Report the number of finished items of one stage.

        `total` is None until it is known.
        """


def silent(stage: str, done: int, total: int | None) -> None:
    """Ignore all reports of progress.

    This is the default of every `progress` argument.
    """
