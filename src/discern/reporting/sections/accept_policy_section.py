"""Functions that build the accept policy section of the report, with the risk-coverage curve."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from discern.bundle.prediction import LOWEST_CONFIDENCE
from discern.reporting.charts import risk_curve, waffle_chart
from discern.reporting.formatting import NBSP, count, exceeds_error_limit, nested, percent, plural
from discern.reporting.sections.prediction_table import PredictionTable

if TYPE_CHECKING:
    from markupsafe import Markup

    from discern.evaluating import Metrics, PolicyMetrics, RiskCurveMetrics

_OTHER_LIMITS = (0.01, 0.02, 0.05, 0.1, 0.2)


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """Number of images with one outcome of the accept policy, out of a hundred.

    `kind` is "right", "wrong", "review" or "unknown".
    """

    kind: str
    count: int
    name: str
    meaning: str


@dataclass(frozen=True, kw_only=True)
class AlternativePolicy:
    """Accepted share of predictions at another error limit, from the risk-coverage curve.

    Attributes:
        max_error: the error limit.
        share: accepted share of the predictions; "none" if the limit cannot be met.
        error: wrong share of the accepted pictures, or "".
        chosen: True for the error limit of this run.
    """

    max_error: str
    share: str
    error: str
    chosen: bool


@dataclass(frozen=True, kw_only=True)
class PolicySummary:
    """Contents of the accept policy section of the report.

    Attributes:
        limit: the error limit and its origin; "" without one.
        met: True if the error limit is met, so that predictions are accepted.
        chart: a hundred pictures as squares.
        outcomes: the legend of `chart`.
        sentence: the policy, or why nothing is accepted; "" without an error limit.
        explanation: the policy in plain words, paragraph by paragraph.
        needed: independent pictures still missing, or "".
        curve: error by accepted share; None if there is none.
        alternatives: stricter and looser error limits.
        offered: a looser error limit that would hold, where the stated one does not; "" if there is none.
        command: the command that applies it.
    """

    met: bool
    chart: "Markup"
    outcomes: tuple[Outcome, ...]
    sentence: str
    explanation: tuple[str, ...]
    needed: str
    curve: "Markup | None"
    alternatives: tuple[AlternativePolicy, ...]
    limit: str = ""
    offered: str = ""
    command: str = ""


def describe_policy(metrics: "Metrics", predictions: PredictionTable) -> PolicySummary | None:
    """Build the accept policy section, or return None without predictions or decisions."""
    if not len(predictions.rows) or "policy" in metrics.missing:
        return None
    policy = metrics.policy
    counts = outcomes_per_hundred(policy, predictions)
    if policy is None or policy.max_error is None:
        return _without_policy(counts)
    met, has_curve = policy.t_accept is not None, bool(policy.curve.share)
    share, error = policy.share, None if policy.error is None else policy.error.value
    return PolicySummary(
        met=met,
        chart=waffle_chart(list(counts.items()), name=describe_chart(counts)),
        outcomes=describe_outcomes(counts),
        sentence=policy.sentence or "",
        explanation=_explanation(policy, metrics),
        needed=_needed(policy),
        curve=risk_curve(
            policy.curve,
            max_error=policy.max_error,
            chosen=(share, error) if met and share is not None and error is not None else None,
        )
        if has_curve
        else None,
        alternatives=_alternatives(policy) if has_curve else (),
        limit=_limit(policy),
        offered=_offer(policy),
        command="" if policy.offered is None else policy.offered.command,
    )


def _limit(policy: "PolicyMetrics") -> str:
    limit = percent(policy.max_error, digits=_digits(policy.max_error))
    if not policy.auto:
        return f"Error limit: {limit}, as stated."
    if policy.t_accept is None:
        return f"Error limit: none of 5, 10 and 20{NBSP}% holds."
    return f"Error limit: {limit}, the strictest of 5, 10 and 20{NBSP}% that holds."


def _offer(policy: "PolicyMetrics") -> str:
    offered = policy.offered
    if offered is None:
        return ""
    limit = percent(offered.risk, digits=_digits(offered.risk))
    return (
        f"An error limit of {limit} would hold, with {percent(offered.share, digits=0)} of the predictions accepted. "
        f"{offered.sentence}"
    )


def _without_policy(counts: Mapping[str, int]) -> PolicySummary:
    return PolicySummary(
        met=False,
        chart=waffle_chart(list(counts.items()), name=describe_chart(counts)),
        outcomes=describe_outcomes(counts),
        sentence="",
        explanation=("No error limit was set, so no prediction is accepted without review.",),
        needed="",
        curve=None,
        alternatives=(),
    )


def outcomes_per_hundred(policy: "PolicyMetrics | None", predictions: PredictionTable) -> dict[str, int]:
    """Count the outcomes of the accept policy, scaled to a hundred images."""
    decision = np.asarray(predictions.decision)
    unknown = float(np.mean(decision == "unknown"))
    share = None if policy is None else policy.share
    accepted = min(float(np.mean(decision == "accept")) if share is None else share, 1.0 - unknown)
    exact = {"accept": accepted, "review": 1 - accepted - unknown, "unknown": unknown}
    whole = _round_to_sum({kind: 100.0 * value for kind, value in exact.items()})
    accept = whole.pop("accept")
    wrong = round(accept * (0.0 if policy is None else policy.picture_error or 0.0))
    return {"right": accept - wrong, "wrong": wrong, **whole}


def _round_to_sum(exact: Mapping[str, float]) -> dict[str, int]:
    """Round numbers to integers of the same sum by the largest remainder method."""
    floor = {kind: int(value + 1e-9) for kind, value in exact.items()}
    short = round(sum(exact.values())) - sum(floor.values())
    rank = sorted(exact, key=lambda kind: floor[kind] - exact[kind])
    return {kind: floor[kind] + (kind in rank[:short]) for kind in exact}


def describe_outcomes(counts: Mapping[str, int]) -> tuple[Outcome, ...]:
    """Return the legend of the chart of a hundred images, without outcomes that do not occur."""
    texts = (
        ("right", "accepted and correct", "confident enough: nobody needs to look"),
        ("wrong", "accepted but wrong", "errors that nobody notices"),
        ("review", "for review", "not confident enough: a person chooses among the likeliest labels"),
        ("unknown", "called unknown", "too far from all classes; these pictures should have been recognised"),
    )
    return tuple(
        Outcome(kind=kind, count=counts[kind], name=name, meaning=meaning)
        for kind, name, meaning in texts
        if counts[kind] or kind == "right"
    )


def describe_chart(counts: Mapping[str, int]) -> str:
    """Describe the chart of a hundred images in words."""
    accepted = counts["right"] + counts["wrong"]
    return (
        f"Of 100 pictures {accepted} are accepted without review, {counts['wrong']} of these are wrong; "
        f"{counts['review']} are for review, {counts['unknown']} are called unknown"
    )


def _explanation(policy: "PolicyMetrics", metrics: "Metrics") -> tuple[str, ...]:
    limit, t_accept = percent(policy.max_error, digits=_digits(policy.max_error)), policy.t_accept
    if t_accept is None:
        return (
            "So every prediction is a suggestion for a person to confirm. The curve shows the error measured on these "
            "pictures; what counts is its upper bound, which must lie below the dashed line.",
        )
    groups = plural(policy.groups or 0, "independent group")
    evidence = (
        f"Predictions with a confidence of {percent(t_accept)} or more are accepted. Of {groups} with an accepted "
        f"prediction (a video, a burst or one object counts once), {count(policy.wrong)} had a wrong one."
        + ("" if policy.floor is None else f" No prediction below {percent(policy.floor, digits=0)} is ever accepted.")
    )
    if policy.basis == "held-out":
        certainty = (
            f"This was measured on the model itself, on pictures that it was not trained on. In at least 19 of 20 such "
            f"measurements, at most {limit} of the independent groups with an accepted prediction have a wrong one, as "
            "long as your pictures are like these."
        )
    else:
        certainty = f"This is an estimate: {_origin(metrics)} It holds for pictures like these."
    return evidence, certainty


def _origin(metrics: "Metrics") -> str:
    """Say by which models the pictures of an estimate were predicted."""
    if metrics.accuracy.leak_free.method != "test-part":
        return (
            "each picture was predicted by a model trained the same way on the others, not by the one in the bundle. A "
            "separate test part turns it into a guarantee."
        )
    calibrating = nested(metrics.head, "method", "pictures").get("calibrate")
    if calibrating is None:
        return (
            "the pictures of the test part were predicted by the model itself, the others by models trained the same "
            "way without them. A larger test part turns it into a guarantee."
        )
    return (
        "all pictures were predicted by the model itself, which was not trained on them; but "
        f"{plural(calibrating, 'picture')} beside the test part also set its temperature. A larger test part turns it "
        "into a guarantee."
    )


def _needed(policy: "PolicyMetrics") -> str:
    needed = policy.needed
    if not needed or exceeds_error_limit(policy):
        return ""
    return f"At least {count(needed)} more independent {'picture' if needed == 1 else 'pictures'}"


def _alternatives(policy: "PolicyMetrics") -> tuple[AlternativePolicy, ...]:
    limit = float(policy.max_error or 0.0)
    rows = []
    for max_error in sorted({*_OTHER_LIMITS, limit}):
        chosen = max_error == limit
        share, error = _share_within(policy.curve, max_error)
        if chosen:
            share, error = (policy.share or None, policy.picture_error)
        rows.append(
            AlternativePolicy(
                max_error=percent(max_error, digits=_digits(max_error)),
                share="none" if share is None else f"{'' if chosen else 'about '}{percent(share, digits=0)}",
                error=percent(error) if share is not None else "",
                chosen=chosen,
            )
        )
    return tuple(rows)


def _share_within(curve: "RiskCurveMetrics", max_error: float) -> tuple[float | None, float | None]:
    """Return the largest accepted share within an error limit, and its error rate.

    From the first share whose error bound is within `max_error`, it is the last before the bound exceeds the limit.
    """
    high = np.asarray(curve.high, dtype=np.float64)
    within = np.flatnonzero(high <= max_error)
    if not len(within):
        return None, None
    beyond = np.flatnonzero(high[within[0] :] > max_error)
    end = len(high) if not len(beyond) else int(within[0] + beyond[0])
    kept = [place for place in range(within[0], end) if _few_wrong(curve, place, max_error)]
    if not kept:
        return None, None
    last = kept[-1]
    return curve.share[last], curve.picture_error[last] if curve.picture_error else None


def _few_wrong(curve: "RiskCurveMetrics", place: int, max_error: float) -> bool:
    """Return True if the share of wrong pictures is within a limit, and no accepted confidence is below one half."""
    wrong = curve.picture_error[place] if curve.picture_error else 0.0
    return wrong <= max_error and (not curve.t_accept or curve.t_accept[place] >= LOWEST_CONFIDENCE)


def _digits(share: float | None) -> int:
    return 0 if share is None or abs(100 * share - round(100 * share)) < 1e-9 else 1
