"""Lines of text on a search for training options and its trials."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from discern.cli.metric_lines import format_interval

if TYPE_CHECKING:
    from discern.evaluating.study_trials import TrialRow

_OTHERS = ("pruned", "failed", "interrupted")


def describe_study(value: dict[str, Any]) -> Iterator[str]:
    """Format a `TuneResult` as lines of text."""
    trials, best = value["trials"], value["best"]
    others = "".join(f", {trials[state]} {state}" for state in _OTHERS if trials[state])
    yield f"study {value['study']}: {trials['done']} trial{'s' * (trials['done'] != 1)} completed{others}"
    yield f"best trial:                {best['trial']}, {best['measure'].replace('_', ' ')} {best['value']:.4f}"
    yield f"its options:               {describe_params(best['params'])}"
    yield f"accuracy on the test part: {format_interval(value['accuracy'])}"
    yield value["why"]
    if value["default"]["run"]:
        yield f"run with default options: {value['default']['run']}"
    yield f"page: {value['page']}"
    yield f"report: {value['report']}"
    yield f"bundle: {value['bundle']}"


def describe_row(row: "TrialRow") -> str:
    """Format the end of a trial as a line of text."""
    told = row.state if row.value is None else f"{row.value:.4f}"
    time = "" if row.seconds is None else f", {row.seconds:.1f} s"
    default = " (default)" if row.is_default else ""
    parts = (f"trial {row.number}{default}: {told}{time}", describe_params(row.params), row.note)
    return "  ".join(part for part in parts if part)


def describe_params(params: Mapping[str, Any]) -> str:
    """Format the values of options as a line of text."""
    return " ".join(f"{name}={_text(value)}" for name, value in params.items())


def _text(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
