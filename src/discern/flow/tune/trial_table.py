"""Table of the trials of a study, `trials.csv`."""

import csv
import io
from collections.abc import Sequence

from discern.evaluating.study_trials import TrialRow

TRIALS = "trials.csv"
_COLUMNS = ("number", "state", "value", "seconds", "started", "default", "repeats", "note")


def format_trials(rows: Sequence[TrialRow]) -> str:
    """Return trials as CSV, with a column for each option."""
    options = list(dict.fromkeys(name for row in rows for name in row.params))
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*_COLUMNS, *options])
    for row in rows:
        facts = (row.number, row.state, row.value, row.seconds, row.started, row.is_default, row.repeats, row.note)
        cells = [*facts, *(row.params.get(name) for name in options)]
        writer.writerow("" if cell is None else str(cell).lower() if isinstance(cell, bool) else cell for cell in cells)
    return text.getvalue()
