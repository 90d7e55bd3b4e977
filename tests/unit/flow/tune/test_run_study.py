"""A study without a completed trial states why."""

from discern.evaluating.study_trials import State, TrialRow
from discern.flow.tune.run_study import describe_none


def row_of(state: State, note: str = "") -> TrialRow:
    return TrialRow(
        number=0,
        state=state,
        value=None,
        params={},
        seconds=None,
        started="",
        is_default=False,
        repeats=None,
        note=note,
    )


def test_a_time_that_ended_too_soon_is_told_from_trials_that_failed() -> None:
    for rows in ([], [row_of("waiting")]):
        assert describe_none(rows) == "The time ended before the first trial was completed."
    assert describe_none([row_of("failed", "Too large.")]) == "No trial was completed: Too large."
