"""Callback that follows the trials of a study."""

from collections.abc import Callable, Sequence

from discern.evaluating.study_trials import TrialRow

Watch = Callable[[Sequence[TrialRow]], None]
"""Callback with all trials of a study, called whenever one of them changes."""


def ignore_trials(rows: Sequence[TrialRow]) -> None:
    """Ignore the trials of a study (default of `watch`)."""
