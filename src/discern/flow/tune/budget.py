"""Budget of a study, by trials or by time."""

import math
import re
from dataclasses import dataclass
from typing import Self

from discern.errors import UsageError

DEFAULT_TRIALS = 20
_UNITS = {"h": 3600.0, "m": 60.0, "min": 60.0, "s": 1.0}
_PART = re.compile(r"(\d+(?:\.\d+)?)\s*(h|min|m|s)")
_HINT = "Write it like 20m, 1h30m or 90s."


@dataclass(frozen=True, kw_only=True)
class Budget:
    """Budget of a study; it ends with what is used up first.

    Attributes:
        trials: number of trials in all; None for no limit.
        seconds: time from the first trial of this call, after which no trial starts; None for no limit.
    """

    trials: int | None
    seconds: float | None

    @classmethod
    def checked(cls, trials: int | None, timeout: float | str | None) -> Self:
        """Create a budget from what a user passed; without either, it is 20 trials.

        Raises:
            UsageError: the number or the time is invalid.
        """
        if trials is not None and (isinstance(trials, bool) or not isinstance(trials, int) or trials < 1):
            raise UsageError(f"Invalid number of trials: {trials!r}.", hint="Pass a whole number from 1 on.")
        seconds = None if timeout is None else parse_duration(timeout)
        return cls(trials=DEFAULT_TRIALS if trials is None and seconds is None else trials, seconds=seconds)


def parse_duration(duration: float | str) -> float:
    """Return a duration in seconds from a number of seconds, or from text with units.

    >>> parse_duration("20m"), parse_duration("1h30m"), parse_duration("90"), parse_duration(2.5)
    (1200.0, 5400.0, 90.0, 2.5)
    """
    if isinstance(duration, str):
        text = duration.strip().lower()
        parts = _PART.findall(text)
        if parts and not _PART.sub("", text).strip():
            seconds = sum(float(number) * _UNITS[unit] for number, unit in parts)
        else:
            try:
                seconds = float(text)
            except ValueError:
                seconds = math.nan
    else:
        seconds = math.nan if isinstance(duration, bool) else float(duration)
    if not 0 < seconds < math.inf:
        raise UsageError(f"Invalid duration: {duration!r}.", hint=_HINT)
    return seconds
