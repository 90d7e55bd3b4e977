"""Functions that summarise the evaluation of a model on other pictures in sentences."""

from typing import TYPE_CHECKING

from discern.reporting.formatting import (
    INTERVAL_LEVEL,
    count,
    percent,
    percent_interval,
    percentage_points,
    plural,
    two_decimals,
)
from discern.reporting.sections.policy_check import MeasuredPolicy, compare_with_limit
from discern.reporting.sections.side_by_side import is_clear
from discern.reporting.verdict import Note, calibration_note, constant_note

if TYPE_CHECKING:
    from discern.evaluating import Interval, Metrics

_COPIES_NOTE = Note(
    title="Only the training pictures themselves are recognised",
    text="Files and pixels of training pictures are left out. Near-copies of them, other frames of the same film and "
    "other pictures of the same object are not recognised, and make the accuracy look better than it is.",
)


def evaluation_sentences(
    metrics: "Metrics", stated: "Metrics", policy: MeasuredPolicy | None, limit: float | None
) -> list[str]:
    """Summarise accuracy, accept policy, negatives and predicted numbers in a sentence each.

    Args:
        metrics: metrics of the evaluation.
        stated: metrics of the model's training, as far as they are known.
        policy: effect of the accept policy; None without one.
        limit: its error limit.
    """
    found = [
        _accuracy_sentence(metrics, stated),
        _policy_sentence(policy, limit),
        _negatives_sentence(metrics),
        _numbers_sentence(metrics),
    ]
    return [sentence for sentence in found if sentence]


def comparison_sentence(name: str, difference: "Interval") -> str:
    """Compare the accuracy with that of another model in a sentence; "" without a difference."""
    value, other = difference.value, f"“{name}”"
    if value is None:
        return ""
    if difference.low is None:
        return f"There are too few groups to compare it with {other}."
    ends = f"{percentage_points(difference.low)} to {percentage_points(difference.high)}"
    points = f"{percentage_points(value)} points ({INTERVAL_LEVEL} interval {ends})"
    if not is_clear(difference):
        return f"It cannot be told apart from {other}: the difference of {points} may be chance."
    return f"It is {'better' if value > 0 else 'worse'} than {other}: {points}."


def evaluation_notes(metrics: "Metrics", *, published: bool) -> list[Note]:
    """Return notes on the reliability of the metrics, warnings first.

    Args:
        metrics: metrics of the evaluation.
        published: True if all models publish their training pictures.
    """
    secret = Note(
        title="Training pictures are not known",
        text="A server does not publish its training pictures: if some of these are among them, the accuracy is too "
        "high.",
        warning=True,
    )
    found = [constant_note(metrics), _COPIES_NOTE if published else secret, calibration_note(metrics)]
    return sorted((note for note in found if note), key=lambda note: not note.warning)


def _accuracy_sentence(metrics: "Metrics", stated: "Metrics") -> str:
    accuracy, measured = metrics.accuracy.leak_free, metrics.classification
    if measured is None or accuracy.value is None:
        return ""
    ends = (
        f"{INTERVAL_LEVEL} interval {percent_interval(accuracy)}"
        if accuracy.low is not None
        else "too few independent pictures for an interval"
    )
    claim = (
        f"On {plural(measured.pictures, 'picture')} of {plural(measured.classes, 'class', 'classes')}, it is correct "
        f"{percent(accuracy.value)} of the time ({ends})."
    )
    return f"{claim}{_promise(accuracy, stated.accuracy.leak_free)}"


def _promise(measured: "Interval", stated: "Interval") -> str:
    if stated.value is None or measured.value is None:
        return ""
    told = f" Its training had measured {percent(stated.value)}"
    if stated.low is None or stated.high is None:
        return f"{told}."
    told += f" ({percent_interval(stated)})"
    if measured.high is not None and measured.high < stated.low:
        return f"{told}: these pictures are harder for it, or unlike those that it was trained on."
    if measured.low is not None and measured.low > stated.high:
        return f"{told}: these pictures are easier for it."
    return f"{told}."


def _policy_sentence(policy: MeasuredPolicy | None, limit: float | None) -> str:
    if policy is None or policy.share.value is None:
        return ""
    if not policy.share.value:
        return "None of the predictions is accepted without review."
    wrong = "" if policy.error.value is None else f"; {percent(policy.error.value)} of these pictures are wrong"
    ends = "" if policy.error.low is None else f" ({percent_interval(policy.error)})"
    found = f"{percent(policy.share.value, digits=0)} of the predictions are accepted without review{wrong}{ends}."
    return f"{found} {compare_with_limit(policy.group_error, limit)}".rstrip()


def _negatives_sentence(metrics: "Metrics") -> str:
    negatives = metrics.negatives
    if negatives is None or negatives.rejected.value is None:
        return ""
    accepted = negatives.accepted.value
    rest = "" if accepted is None else f", and {percent(accepted)} are accepted as one of the classes"
    return (
        f"Of {count(negatives.negatives)} pictures of none of the classes, {percent(negatives.rejected.value)} are "
        f"called unknown{rest}."
    )


def _numbers_sentence(metrics: "Metrics") -> str:
    counts = metrics.counts
    if counts is None or counts.mae.value is None:
        return ""
    return (
        f"The predicted numbers are off by {two_decimals(counts.mae.value)} on average; always answering "
        f"“{counts.constant}” is off by {two_decimals(counts.constant_mae.value)}."
    )
