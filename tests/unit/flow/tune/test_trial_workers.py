"""A study ends with the reason if its first trials all fail."""

import pytest

from discern.errors import DataError
from discern.evaluating.study_trials import State, TrialRow

pytest.importorskip("optuna")

from discern.flow.tune.trial_workers import describe_failure, require_success


def rows(*states: State) -> list[TrialRow]:
    return [
        TrialRow(number=number, state=state, note=f"reason {number}" if state == "failed" else "")
        for number, state in enumerate(states)
    ]


def test_five_failures_and_nothing_else_end_a_study() -> None:
    with pytest.raises(DataError, match=r"The first 5 trials failed: reason 1.*search space"):
        require_success(rows("interrupted", *["failed"] * 5, "running"))


@pytest.mark.parametrize(
    "states", [[], ["failed"] * 4, ["done", *["failed"] * 20], ["pruned", *["failed"] * 20], ["running"] * 9]
)
def test_other_studies_continue(states: list[State]) -> None:
    require_success(rows(*states))


def test_a_failure_without_a_reason_says_so() -> None:
    assert describe_failure([TrialRow(number=0, state="failed")]) == "no reason is known."
    assert describe_failure(rows("done", "failed", "failed")) == "reason 1"
