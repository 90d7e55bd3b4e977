"""Time that an automatic choice of the method has used, over all calls of an interrupted fit."""

import json
import math
import time
from collections.abc import Callable
from pathlib import Path

from discern.atomic import atomic_write
from discern.progress import Progress, note

_SECONDS_BETWEEN_SAVES = 5.0  # not tuned


class OutOfTime(Exception):
    """Exception that ends a fit whose time is up."""


class TimeBudget:
    """Budget of seconds, whose used part survives an interruption.

    Args:
        seconds: the budget; None for no limit.
        file: JSON file of the used seconds.
        clock: returns seconds.
    """

    def __init__(self, seconds: float | None, file: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds, self._file, self._clock = seconds, file, clock
        self._before = _load(file)
        self._start = self._saved_at = clock()

    @property
    def used(self) -> float:
        """Return the seconds that all calls have used so far."""
        return self._before + self._clock() - self._start

    @property
    def left(self) -> float:
        """Return the seconds that are left; infinite without a limit."""
        return math.inf if self._seconds is None else self._seconds - self.used

    def describe(self) -> str:
        """Describe the budget."""
        return describe_time(self._seconds or 0.0)

    def save(self) -> None:
        """Save the used seconds."""
        self._file.parent.mkdir(parents=True, exist_ok=True)
        with atomic_write(self._file) as path:
            path.write_text(json.dumps({"seconds": self.used}), encoding="ascii")
        self._saved_at = self._clock()

    def check(self) -> None:
        """Raise `OutOfTime` if nothing is left."""
        if self.left <= 0:
            raise OutOfTime
        if self._clock() - self._saved_at >= _SECONDS_BETWEEN_SAVES:
            self.save()

    def limiting(self, progress: Progress) -> "LimitedProgress":
        """Return a progress callback that raises `OutOfTime` when the time is up."""
        return LimitedProgress(progress, self.check)


class LimitedProgress:
    """Progress callback that runs a check at each call.

    Args:
        progress: callback that it passes everything on to.
        check: called first.
    """

    def __init__(self, progress: Progress, check: Callable[[], None]) -> None:
        self._progress, self._check = progress, check

    def __call__(self, stage: str, done: int, total: int | None) -> None:
        """Check, and pass the report on."""
        self._check()
        self._progress(stage, done, total)

    def note(self, stage: str, text: str) -> None:
        """Pass a remark on."""
        note(self._progress, stage, text)


def describe_time(seconds: float) -> str:
    """Describe a duration, rounded up to minutes.

    >>> describe_time(3), describe_time(61), describe_time(4000)
    ('a minute', '2 minutes', '1 h 7 min')
    """
    minutes = math.ceil(seconds / 60)
    if minutes <= 1:
        return "a minute"
    hours, rest = divmod(minutes, 60)
    return f"{hours} h {rest} min" if hours else f"{minutes} minutes"


def _load(file: Path) -> float:
    try:
        seconds = float(json.loads(file.read_text(encoding="ascii"))["seconds"])
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        return 0.0
    return seconds if 0 <= seconds < math.inf else 0.0
