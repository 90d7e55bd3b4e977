"""How much work the answers take over, at which error, and what another promise would give."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from discern.reporting.charts import hundred, promise_curve
from discern.reporting.formatting import count, errs_too_often, percent, plural
from discern.reporting.sections.prediction_table import PredictionTable

if TYPE_CHECKING:
    from markupsafe import Markup

    from discern.evaluating import Metrics, PolicyMetrics, RiskCurveMetrics

_OTHERS = (0.01, 0.02, 0.05, 0.1, 0.2)


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What becomes of some pictures of a hundred."""

    kind: str
    count: int
    name: str
    meaning: str


@dataclass(frozen=True, kw_only=True)
class Alternative:
    """What another promise would give, as the curve has it; `share` is "nothing" where it cannot be kept."""

    asked: str
    share: str
    wrong: str
    ours: bool


@dataclass(frozen=True, kw_only=True)
class PolicySummary:
    """The section on the promise.

    Attributes:
        kept: whether there is one.
        squares: a hundred pictures.
        outcomes: what becomes of them.
        sentence: the promise, or why there is none; "" where none was asked for.
        meaning: the same for a layman, paragraph by paragraph.
        needed: how many more independent groups it takes at least, or "".
        curve: shares against errors.
        alternatives: stricter and looser promises.
    """

    kept: bool
    squares: "Markup"
    outcomes: tuple[Outcome, ...]
    sentence: str
    meaning: tuple[str, ...]
    needed: str
    curve: "Markup | None"
    alternatives: tuple[Alternative, ...]


def describe_policy(metrics: "Metrics", answers: PredictionTable) -> PolicySummary | None:
    """The section, or None where nothing was answered or decided."""
    if not len(answers.rows) or "policy" in metrics.missing:
        return None
    policy = metrics.policy
    counts = shares_of_hundred(policy, answers)
    if policy is None or policy.max_error is None:
        return _without_policy(counts)
    kept, drawn = policy.t_accept is not None, bool(policy.curve.share)
    share, error = policy.share, None if policy.error is None else policy.error.value
    return PolicySummary(
        kept=kept,
        squares=hundred(list(counts.items()), name=_told(counts)),
        outcomes=_outcomes(counts),
        sentence=policy.sentence or "",
        meaning=_meaning(policy),
        needed=_needed(policy),
        curve=promise_curve(
            policy.curve,
            asked=policy.max_error,
            chosen=(share, error) if kept and share is not None and error is not None else None,
        )
        if drawn
        else None,
        alternatives=_alternatives(policy) if drawn else (),
    )


def _without_policy(counts: Mapping[str, int]) -> PolicySummary:
    return PolicySummary(
        kept=False,
        squares=hundred(list(counts.items()), name=_told(counts)),
        outcomes=_outcomes(counts),
        sentence="",
        meaning=("No promise was asked for, so no answer stands without a person.",),
        needed="",
        curve=None,
        alternatives=(),
    )


def shares_of_hundred(policy: "PolicyMetrics | None", answers: PredictionTable) -> dict[str, int]:
    """How many of a hundred pictures are accepted (right, wrong), left to a person, and called unknown; 100 in all."""
    decision = np.asarray(answers.decision)
    unknown = float(np.mean(decision == "unknown"))
    share = None if policy is None else policy.share
    accepted = min(float(np.mean(decision == "accept")) if share is None else share, 1.0 - unknown)
    exact = {"accept": accepted, "review": 1 - accepted - unknown, "unknown": unknown}
    whole = _whole({kind: 100.0 * value for kind, value in exact.items()})
    stand = whole.pop("accept")
    wrong = round(stand * (0.0 if policy is None else policy.picture_error or 0.0))
    return {"right": stand - wrong, "wrong": wrong, **whole}


def _whole(exact: Mapping[str, float]) -> dict[str, int]:
    """Whole numbers with the same sum: the largest remainders are rounded up."""
    floor = {kind: int(value + 1e-9) for kind, value in exact.items()}
    short = round(sum(exact.values())) - sum(floor.values())
    rank = sorted(exact, key=lambda kind: floor[kind] - exact[kind])
    return {kind: floor[kind] + (kind in rank[:short]) for kind in exact}


def _outcomes(counts: Mapping[str, int]) -> tuple[Outcome, ...]:
    named = (
        ("right", "stand on their own", "sure enough: nobody needs to look"),
        ("wrong", "stand and are wrong", "the price of the above"),
        ("review", "are for a person", "not sure enough; the likeliest answers are offered"),
        (
            "unknown",
            "it calls unknown",
            "too strange to be any of the classes; these are pictures it should have known",
        ),
    )
    return tuple(
        Outcome(kind=kind, count=counts[kind], name=name, meaning=meaning)
        for kind, name, meaning in named
        if counts[kind] or kind == "right"
    )


def _told(counts: Mapping[str, int]) -> str:
    accepted = counts["right"] + counts["wrong"]
    return (
        f"Of 100 pictures {accepted} are answered without a person, {counts['wrong']} of these wrongly; "
        f"{counts['review']} are for a person, {counts['unknown']} are called unknown"
    )


def _meaning(policy: "PolicyMetrics") -> tuple[str, ...]:
    asked, t_accept = percent(policy.max_error, digits=_digits(policy.max_error)), policy.t_accept
    if t_accept is None:
        return (
            "So every answer is a suggestion: a person confirms it. The curve shows what these pictures alone "
            "would suggest; what counts is its upper edge, which must lie below the dashed line.",
        )
    scenes = plural(policy.groups or 0, "independent scene")
    seen = (
        f"An answer stands when it is at least {percent(t_accept)} sure. Of {scenes} "
        f"with such an answer (a film, a burst or one object counts once), {count(policy.wrong)} had a wrong one."
    )
    if policy.basis == "held-out":
        certain = (
            f"This very model was tried on pictures that it was not made with. If that were done twenty times over, "
            f"more than {asked} wrong would come about once at most, as long as your pictures are like these."
        )
    else:
        certain = (
            "That is an estimate: each picture was answered by a model made the same way from the others, not by the "
            "one in the bundle. A test part of its own makes it a promise. It holds for pictures like these."
        )
    return seen, certain


def _needed(policy: "PolicyMetrics") -> str:
    needed = policy.needed
    if not needed or errs_too_often(policy):
        return ""
    return f"At least {count(needed)} more independent {'picture' if needed == 1 else 'pictures'}"


def _alternatives(policy: "PolicyMetrics") -> tuple[Alternative, ...]:
    asked = float(policy.max_error or 0.0)
    rows = []
    for risk in sorted({*_OTHERS, asked}):
        ours = risk == asked
        share, error = _read(policy.curve, risk)
        if ours:
            share, error = (policy.share or None, policy.picture_error)
        rows.append(
            Alternative(
                asked=percent(risk, digits=_digits(risk)),
                share="nothing" if share is None else f"{'' if ours else 'about '}{percent(share, digits=0)}",
                wrong=percent(error) if share is not None else "",
                ours=ours,
            )
        )
    return tuple(rows)


def _read(curve: "RiskCurveMetrics", risk: float) -> tuple[float | None, float | None]:
    """The largest share before the bound, once below the asked error, first rises above it."""
    high = np.asarray(curve.high, dtype=np.float64)
    below = np.flatnonzero(high <= risk)
    if not len(below):
        return None, None
    beyond = np.flatnonzero(high[below[0] :] > risk)
    last = len(high) - 1 if not len(beyond) else int(below[0] + beyond[0] - 1)
    return curve.share[last], curve.picture_error[last] if curve.picture_error else None


def _digits(share: float | None) -> int:
    return 0 if share is None or abs(100 * share - round(100 * share)) < 1e-9 else 1
