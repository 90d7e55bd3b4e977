"""Trials of a study are counted, ranked, and written as a table."""

import csv
import io

from discern.evaluating.study_trials import TrialRow, best_row, counts
from discern.flow.tune.trial_table import format_trials

ROWS = [
    TrialRow(
        number=0, state="done", value=0.5, params={"views": 2}, seconds=1.5, started="2026-11-29", is_default=True
    ),
    TrialRow(number=1, state="interrupted", params={"views": 1}),
    TrialRow(number=2, state="done", value=0.4, params={"views": 1, "mirror": False}, repeats=1),
    TrialRow(number=3, state="done", value=0.4, params={"views": 1}),
    TrialRow(number=4, state="failed", note="too large, or so"),
    TrialRow(number=5, state="pruned"),
    TrialRow(number=6, state="waiting"),
]


def test_each_state_is_counted() -> None:
    assert counts(ROWS) == {"done": 3, "pruned": 1, "failed": 1, "interrupted": 1}


def test_the_best_is_the_first_of_equal_ones() -> None:
    best, most = best_row(ROWS, maximise=False), best_row(ROWS, maximise=True)
    assert best is ROWS[2]
    assert most is ROWS[0]
    assert best_row(ROWS[4:], maximise=False) is None
    assert best_row([], maximise=True) is None


def test_the_table_has_a_column_for_each_option() -> None:
    text = format_trials(ROWS)
    first, _, third, _, fifth, *_ = csv.DictReader(io.StringIO(text))
    assert text.splitlines()[0] == "number,state,value,seconds,started,default,repeats,note,views,mirror"
    assert (first["value"], first["default"], first["views"], first["mirror"]) == ("0.5", "true", "2", "")
    assert (third["repeats"], third["mirror"]) == ("1", "false")
    assert fifth["note"] == "too large, or so"


def test_a_table_without_trials_has_its_head() -> None:
    assert format_trials([]) == "number,state,value,seconds,started,default,repeats,note\n"
