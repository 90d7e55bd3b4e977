"""Budget of a study, by trials or by time."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from discern.errors import UsageError
from discern.evaluating.study_trials import SETTLED
from discern.training.durations import parse_duration

DEFAULT_TRIALS = 20


@dataclass(frozen=True, kw_only=True)
class Budget:
    """Budget of a study; it ends with what is used up first.

    Attributes:
        trials: number of trials in all; None for no limit.
        seconds: time from the first trial of this call, after which no trial starts; None for no limit.
    """

    trials: int | None
    seconds: float | None

    def is_used(self, counts: Mapping[str, int]) -> bool:
        """Return True if a study with these numbers of trials, by state, starts none any more."""
        settled = sum(counts[state] for state in SETTLED)
        return self.trials is not None and settled >= self.trials

    @classmethod
    def checked(cls, trials: int | None, timeout: float | str | None) -> Self:
        """Create a budget from what a user passed; without either, it is 20 trials.

        Raises:
            UsageError: the number or the time is invalid.
        """
        if trials is not None and (isinstance(trials, bool) or not isinstance(trials, int) or trials < 1):
            raise UsageError(f"Invalid number of trials: {trials!r}.", hint="Pass a whole number from 1 on.")
        seconds = None if timeout is None else parse_duration(timeout, name="timeout")
        return cls(trials=DEFAULT_TRIALS if trials is None and seconds is None else trials, seconds=seconds)
