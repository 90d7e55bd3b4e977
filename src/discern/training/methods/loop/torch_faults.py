"""Faults of a training step, named with their remedies."""

import contextlib
import math
import re
from collections.abc import Iterator

from discern.errors import DataError, UsageError

# As torch words it on processors, on GPUs and in its libraries, in errors of various types.
_MEMORY = re.compile(r"out of memory|can't allocate memory|not enough memory|ALLOC_FAILED|bad_alloc", re.IGNORECASE)
_FEWEST = 4  # pictures in a step below which a smaller step does not help; not tuned


@contextlib.contextmanager
def named_memory_errors(batch: int) -> Iterator[None]:
    """Context that raises UsageError in place of the various errors of a lack of memory.

    Args:
        batch: number of pictures in a step.
    """
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if not isinstance(error, MemoryError) and not _MEMORY.search(str(error)):
            raise
        remedy = f"Train with a smaller --batch, such as --batch {batch // 2}"
        raise UsageError(
            f"There is not enough memory for training steps of {batch} pictures.",
            hint=f"{remedy if batch >= _FEWEST else 'Use smaller pictures (--size)'}, or close other programs.",
        ) from error


def require_finite(loss: float, *, epoch: int, epochs: int, lr: float) -> None:
    """Raise DataError if a loss is infinite or not a number.

    Args:
        loss: loss of a step.
        epoch: number of its epoch, from 1.
        epochs: their number.
        lr: highest learning rate.
    """
    if not math.isfinite(loss):
        raise DataError(
            f"The loss became {loss} in epoch {epoch} of {epochs}, at a learning rate of up to {lr:g}.",
            hint=f"Train with a lower one, such as --lr {lr / 10:g}.",
        )
