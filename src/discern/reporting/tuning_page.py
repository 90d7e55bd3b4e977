"""Functions that write the page on a search for training options as an HTML file."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from markupsafe import Markup

from discern.evaluating.study_trials import TrialRow, counts
from discern.reporting.charts.bars import stacked_bar
from discern.reporting.charts.study_charts import (
    describe_trial,
    has_far_values,
    number_text,
    parallel_coordinates,
    study_history,
)
from discern.reporting.display_names import DisplayNames
from discern.reporting.formatting import DASH, duration, percent, plural
from discern.reporting.render_html import write_page


@dataclass(frozen=True, kw_only=True)
class StudyAccount:
    """Search for training options, as its page shows it.

    Attributes:
        title: name of the study.
        measure: name of the objective.
        maximise: True if higher values are better.
        trials: all trials.
        best: number of the best one.
        options: names of the searched options.
        logarithmic: those with a logarithmic scale.
        fixed: options with one value.
        importances: share of each option in the variation of the values, by name; empty with too few trials.
        why: what the search brought, in a sentence.
        notes: sentences on the study.
        accuracy: accuracy on the test part: `value`, `low` and `high`.
        sampler: name and seed of the sampler.
        pruner: name of the pruner.
        space: name of the search space.
        has_comparison: True if the model was compared with the default options, in `comparison.html`.
    """

    title: str
    measure: str
    maximise: bool
    trials: Sequence[TrialRow]
    best: int
    options: Sequence[str]
    logarithmic: Sequence[str]
    fixed: Mapping[str, Any]
    importances: Mapping[str, float]
    why: str
    notes: Sequence[str]
    accuracy: Mapping[str, Any]
    sampler: str
    pruner: str
    space: str
    has_comparison: bool


@dataclass(frozen=True, kw_only=True)
class OptionRow:
    """Row of the table of options: name, best and default value, importance, and a bar."""

    name: str
    best: str
    default: str
    share: str
    bar: Markup


def write_tuning_page(path: Path, account: StudyAccount) -> None:
    """Write the page on a search for training options.

    Raises:
        UnreadableFile: the file cannot be written.
    """
    shape = {"best": account.best, "measure": account.measure, "maximise": account.maximise}
    best = next(row for row in account.trials if row.number == account.best)
    ends = account.accuracy
    has_interval = ends.get("low") is not None and ends.get("high") is not None
    write_page(
        path,
        "tuning.html",
        names=DisplayNames({}),
        anchors={},
        title=account.title,
        account=account,
        accuracy=percent(ends.get("value")),
        interval=f"{percent(ends['low'])} to {percent(ends['high'])}" if has_interval else "no interval",
        value=number_text(best.value or 0.0),
        summary=_summary(account),
        far=has_far_values(account.trials, maximise=account.maximise),
        history=study_history(account.trials, **shape),  # type: ignore[arg-type]
        parallel=parallel_coordinates(
            account.trials,
            options=account.options,
            logarithmic=account.logarithmic,
            **shape,  # type: ignore[arg-type]
        ),
        options=_option_rows(account, best),
        rows=[_cells(row, account) for row in account.trials],
        lines=_lines(account),
    )


def _summary(account: StudyAccount) -> str:
    found = counts(account.trials)
    others = [f"{found[state]} {state}" for state in ("pruned", "failed", "interrupted") if found[state]]
    return ", ".join([f"{plural(found['done'], 'trial')} completed", *others])


def _option_rows(account: StudyAccount, best: TrialRow) -> list[OptionRow]:
    default = next((row for row in account.trials if row.is_default), None)
    most = max(account.importances.values(), default=0.0)
    order = sorted(account.options, key=lambda name: -account.importances.get(name, -1.0))
    return [
        OptionRow(
            name=name,
            best=_value(best.params.get(name)),
            default=DASH if default is None else _value(default.params.get(name)),
            share=percent(account.importances.get(name), digits=0),
            bar=stacked_bar([account.importances.get(name, 0.0)], total=most),
        )
        for name in order
    ]


def _cells(row: TrialRow, account: StudyAccount) -> dict[str, Any]:
    return {
        "number": row.number,
        "state": "done, the best" if row.number == account.best else row.state,
        "is_best": row.number == account.best,
        "value": DASH if row.value is None else number_text(row.value),
        "seconds": duration(row.seconds),
        "params": [_value(row.params.get(name)) for name in account.options],
        "note": row.note or ("the default options" if row.is_default else _repeats(row)),
    }


def _repeats(row: TrialRow) -> str:
    return "" if row.repeats is None else f"repeats trial {row.repeats}"


def _value(value: Any) -> str:
    if value is None:
        return DASH
    return number_text(value) if isinstance(value, int | float) and not isinstance(value, bool) else str(value)


def _lines(account: StudyAccount) -> Markup:
    """Return the trials and their descriptions as JSON for the page's script."""
    lines = [
        [row.number, describe_trial(row, account.measure)] for row in account.trials if row.state in ("done", "pruned")
    ]
    return Markup(json.dumps({"trials": lines, "first": account.best}).replace("<", "\\u003c"))  # noqa: S704 - escaped
