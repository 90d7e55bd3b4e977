"""Functions that compare what an accept policy promised with what is measured on other pictures."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from discern.evaluating import Interval, PolicyMetrics
from discern.reporting.charts import waffle_chart
from discern.reporting.formatting import percent
from discern.reporting.sections.accept_policy_section import (
    Outcome,
    describe_chart,
    describe_outcomes,
    outcomes_per_hundred,
)
from discern.reporting.sections.prediction_table import PredictionTable
from discern.reporting.sections.uncertainty import IntervalRow, interval_row

if TYPE_CHECKING:
    from markupsafe import Markup


@dataclass(frozen=True, kw_only=True)
class MeasuredPolicy:
    """Effect of an accept policy on the evaluated pictures that did not set its thresholds.

    Attributes:
        share: accepted share of the pictures.
        error: wrong share of the accepted pictures.
        group_error: share of the groups with an accepted picture that have a wrong one.
        negatives_accepted: accepted share of the negatives; None without any.
    """

    share: Interval
    error: Interval
    group_error: Interval
    negatives_accepted: Interval | None = None


@dataclass(frozen=True, kw_only=True)
class PolicyCheck:
    """Contents of the evaluation's section on the accept policy.

    Attributes:
        promise: the policy in plain words, as the bundle states it.
        promises: True if it accepts anything.
        verdict: comparison of its error limit with the measured error.
        kept: False if the error limit does not hold on these pictures.
        chart: a hundred pictures as squares.
        outcomes: the legend of `chart`.
        rows: measured shares; the mark is what was promised.
    """

    promise: str
    promises: bool
    verdict: str
    kept: bool
    chart: "Markup"
    outcomes: tuple[Outcome, ...]
    rows: tuple[IntervalRow, ...]


def check_policy(
    promised: Mapping[str, Any] | None, measured: MeasuredPolicy | None, predictions: PredictionTable
) -> PolicyCheck | None:
    """Build the section, or return None if there is no policy or nothing to measure it on.

    Args:
        promised: the bundle's accept policy with the keys of `RiskControl.to_json`.
        measured: its effect on the pictures.
        predictions: predictions for the pictures.
    """
    if promised is None or measured is None or measured.share.value is None:
        return None
    limit = error_limit(promised)
    counts = outcomes_per_hundred(
        PolicyMetrics(share=measured.share.value, picture_error=measured.error.value), predictions
    )
    return PolicyCheck(
        promise=str(promised.get("sentence") or ""),
        promises=bool(promised.get("share")),
        verdict=compare_with_limit(measured.group_error, limit),
        kept=not _exceeds(measured.group_error, limit),
        chart=waffle_chart(list(counts.items()), name=describe_chart(counts)),
        outcomes=describe_outcomes(counts),
        rows=tuple(_rows(promised, measured, limit)),
    )


def error_limit(promised: Mapping[str, Any]) -> float | None:
    """Return the error limit of a policy; None if nothing is accepted or an earlier version did not state it."""
    limit = promised.get("risk")
    return float(limit) if isinstance(limit, int | float) else None


def compare_with_limit(error: Interval, limit: float | None) -> str:
    """Compare the measured error of groups with the error limit in a sentence; "" without both."""
    if limit is None or error.value is None:
        return ""
    promised, found = percent(limit, digits=0), percent(error.value)
    if _exceeds(error, limit):
        return f"The error limit of {promised} does not hold on these pictures: {found} of the groups have an error."
    if error.low is None:
        return f"Of the groups, {found} have an error; there are too few to compare this with the limit of {promised}."
    if error.high is not None and error.high <= limit:
        return f"The error limit of {promised} holds on these pictures."
    if error.value <= limit:
        return f"The measured error is within the limit of {promised}; these pictures are too few to confirm it."
    return f"The measured error of {found} is above the limit of {promised}, which may be chance."


def _exceeds(error: Interval, limit: float | None) -> bool:
    return limit is not None and error.low is not None and error.low > limit


def _rows(promised: Mapping[str, Any], measured: MeasuredPolicy, limit: float | None) -> list[IntervalRow]:
    share = promised.get("share")
    stated = share if isinstance(share, float | int) else None
    named = [
        (
            "Accepted without review",
            measured.share,
            "main",
            stated,
            "" if stated is None else f"{percent(stated, digits=0)} in training",
        ),
        (
            "Groups with an error, of those with an accepted picture",
            measured.group_error,
            "main",
            limit,
            "" if limit is None else f"promised: at most {percent(limit, digits=0)}",
        ),
        ("Wrong pictures, of the accepted ones", measured.error, "plain", limit, ""),
    ]
    if measured.negatives_accepted is not None:
        meaning = "with a label that nobody would check; the lower, the better"
        named.append(("Negatives accepted", measured.negatives_accepted, "plain", None, meaning))
    return [
        interval_row(name, each, kind=kind, mark=mark, meaning=meaning)
        for name, each, kind, mark, meaning in named
        if each.value is not None
    ]
