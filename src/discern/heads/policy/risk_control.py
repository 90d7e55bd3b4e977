"""Functions that fit confidence thresholds with a bounded error rate."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

import numpy as np
from scipy import special

from discern.bundle.prediction import LOWEST_CONFIDENCE
from discern.errors import UsageError
from discern.heads.policy.risk_curve import CERTAINTY, RankedPredictions, RiskCurve, upper_bound

Basis = Literal["held-out", "cross-fitted"]

# A smaller first share would let one early error among thousands of groups reject everything; a larger one demands too
# much of the first test. Neither was tuned; benchmarks/risk_control_simulation.py and benchmarks/policy_validity.py
# measure the error made.
SMALLEST_SHARE = 0.2
MOST_TESTS = 40
CURVE_POINTS = 50
_ROUNDING = 1e-9


@dataclass(frozen=True, kw_only=True, eq=False)
class RiskControl:
    """Confidence threshold for an error limit, with its statistical evidence.

    Attributes:
        risk: the error limit: the largest share of independent groups with an error among their accepted predictions,
            and of the accepted pictures.
        basis: "held-out": predictions of the head that ships, on a test part; "cross-fitted": of heads fitted alike.
        t_accept: the confidence from which a prediction is accepted; None: nothing is accepted.
        share: share of all pictures that are accepted.
        picture_error: share of the accepted pictures that are wrong; if nothing is accepted, the share that was too
            large, or None for another reason.
        groups: number of independent groups tested: those accepted, or those that were not enough.
        wrong: number of these groups with an error.
        high: upper bound of the error rate over groups at 95 %; None if nothing is accepted.
        needed: least number of further groups, all without an error, to reach the limit; None if it is reached.
        curve: error and acceptance rates at other thresholds.
        floor: the lowest confidence at which a prediction may be accepted; `t_accept` is never below it.
    """

    risk: float
    basis: Basis
    t_accept: float | None
    share: float
    picture_error: float | None
    groups: int
    wrong: int
    high: float | None
    needed: int | None
    curve: RiskCurve
    floor: float = LOWEST_CONFIDENCE

    @property
    def sentence(self) -> str:
        """Return the guarantee in plain language, or the reason why no prediction is accepted."""
        percent = f"{100 * self.risk:g} %"
        if self.t_accept is None:
            return f"Nothing is accepted: {self._shortfall(percent)}."
        limit = f"at most {percent} have an error at 95 % confidence"
        if self.basis == "cross-fitted":
            limit = f"an estimated {percent} or fewer have an error"
        evidence = (
            f"{self.wrong} of {self.groups} had one, and {_percent(self.picture_error)} of their pictures were wrong"
        )
        return f"Of independent groups with accepted predictions for known classes, {limit} ({evidence})."

    def to_json(self) -> dict[str, Any]:
        """Convert the guarantee and its evidence to JSON-serialisable values.

        The keys are `sentence`, `basis`, `share`, `error` (over groups; null if nothing is accepted), `needed` (null
        also where the errors exceed the limit, as more pictures alone may not suffice), `risk` (null if nothing is
        accepted) and `floor`.
        """
        error = None if self.high is None else {"value": self.wrong / self.groups, "high": self.high}
        return {
            "sentence": self.sentence,
            "basis": self.basis,
            "share": self.share,
            "error": error,
            "needed": None if self._exceeds_limit else self.needed,
            "risk": None if self.t_accept is None else self.risk,
            "floor": self.floor,
        }

    @property
    def _exceeds_limit(self) -> bool:
        """Return True if more of the tested groups or pictures were wrong than the limit allows."""
        return (self.picture_error or 0) > self.risk or self.wrong > self.risk * self.groups

    def _shortfall(self, percent: str) -> str:
        if self.picture_error is not None:
            return (
                f"{_percent(self.picture_error)} of the accepted pictures would be wrong, more than {percent}, though "
                f"only {self.wrong} of {self.groups} independent groups had an error"
            )
        too_few = self.groups < fewest_groups(self.risk)
        if self.wrong > self.risk * self.groups:
            tested = "" if too_few else "most confident "
            return f"{self.wrong} of the {self.groups} {tested}independent groups had an error, more than {percent}"
        confident = "" if self.floor <= LOWEST_CONFIDENCE else f" with a confidence of {_percent(self.floor)} or more"
        if too_few:
            return (
                f"{self.groups} independent groups of pictures{confident} are too few to show that at most {percent} "
                f"have an error; at least {self.needed} more are needed"
            )
        return (
            f"of the {self.groups} most confident independent groups {self.wrong} had an error, too many for at most "
            f"{percent}; at least {self.needed} more groups without an error are needed"
        )


def _percent(share: float | None) -> str:
    return f"{100 * (share or 0):.1f}".removesuffix(".0") + " %"


def fit_risk_control(
    confidence: np.ndarray,
    correct: np.ndarray,
    *,
    groups: np.ndarray | None = None,
    known: np.ndarray | None = None,
    weights: np.ndarray | None = None,
    risk: float = 0.02,
    basis: Basis = "held-out",
    floor: float = LOWEST_CONFIDENCE,
) -> RiskControl:
    """Fit the lowest confidence threshold that meets an error limit.

    The limit holds with 95 % confidence over the draw of these groups, for groups exchangeable with them. Growing
    shares of the groups are tested in an order that does not depend on the labels, each with an exact binomial bound at
    95 %. The first failure ends the tests, so that the error rate of all tests together is 5 % (fixed-sequence testing;
    Angelopoulos, Bates, Candès, Jordan & Lei 2021, "Learn then test"). A group counts once, and as wrong if any of its
    accepted pictures is wrong. Each share is delimited by the confidence of the first group outside it: given that
    confidence, the groups above it are independent draws from all that would be accepted, and the bound is exact.

    Any threshold that passed is proven. The lowest of these is chosen that also accepts no larger share of wrong
    pictures than the limit, and no prediction below the floor.

    Args:
        confidence: float `[M]` in [0, 1], of held-out pictures of the known classes.
        correct: bool `[M]`.
        groups: `[M]`; pictures that are not independent share a value; None: all are independent.
        known: bool `[M]`, False for pictures that are not accepted whatever the confidence, such as those that the
            unknown score rejects; None: none of them.
        weights: float `[M]`, at least 0, sample weights for shares of pictures; None: 1 each. 0 excludes a picture.
        risk: the error limit, the largest share of independent groups and of accepted pictures that may be wrong, in
            0..1 (exclusive).
        basis: source of the predictions.
        floor: lowest confidence at which a prediction may be accepted, at least 0.5; see `fit_confidence_floor`.

    Raises:
        UsageError: shapes that differ, or values out of range.
    """
    evidence = RiskEvidence(confidence, correct, groups=groups, known=known, weights=weights)
    return evidence.fit(risk, evidence.counts_to_test(risk), floor=floor, basis=basis)[0]


class RiskEvidence:
    """Held-out predictions by which error limits are tested; the arguments are those of `fit_risk_control`."""

    def __init__(
        self,
        confidence: np.ndarray,
        correct: np.ndarray,
        *,
        groups: np.ndarray | None = None,
        known: np.ndarray | None = None,
        weights: np.ndarray | None = None,
    ) -> None:
        every = RankedPredictions(confidence, correct, groups, known, weights, least=0.0)
        counts = np.ceil(np.linspace(0, every.groups, CURVE_POINTS + 1)).astype(np.int64)
        self._curve = every.curve(counts[counts > 0])
        self._predictions = RankedPredictions(confidence, correct, groups, known, weights, least=LOWEST_CONFIDENCE)

    def counts_to_test(self, risk: float) -> tuple[int, ...]:
        """Return the ascending numbers of accepted groups at which to test an error limit."""
        return counts_to_test(self._predictions.groups, risk)

    def expected_wrong(self, counts: Sequence[int]) -> np.ndarray:
        """Return the number of wrong groups that the confidences alone predict for numbers of accepted groups.

        The errors of a group's pictures count as independent.
        """
        return self._predictions.expected_wrong(np.array(counts, np.int64))

    def fit(self, risk: float, counts: Sequence[int], *, floor: float, basis: Basis) -> tuple[RiskControl, bool]:
        """Fit the lowest confidence threshold that meets an error limit.

        Args:
            risk: the error limit, in 0..1 (exclusive).
            counts: ascending numbers of accepted groups to test, none of which depends on the labels.
            floor: lowest confidence at which a prediction may be accepted.
            basis: source of the predictions.

        Returns:
            The result, and True if no bound failed.
        """
        if not 0 < risk < 1:
            raise UsageError(f"risk must be between 0 and 1, not {risk}.", hint="Pass a share such as 0.02.")
        tests = self._predictions.curve(np.array(counts, np.int64))
        proven = np.cumprod(tests.high <= risk).astype(bool)
        few_wrong = tests.picture_error <= risk + _ROUNDING
        above_floor = (self._predictions.lowest_accepted(tests.t_accept) >= floor) & (floor < 1)
        chosen = np.flatnonzero(proven & few_wrong & above_floor)
        if len(chosen):
            result = _accepted(tests, int(chosen[-1]), floor)
        elif (proven & above_floor).any():
            result = _too_many_pictures(tests, int(np.flatnonzero(proven & above_floor)[-1]), risk)
        elif proven.any():
            result = _too_few_above(self._predictions.above(floor), self._predictions.groups, risk)
        else:
            result = _nothing_accepted(tests, self._predictions.above(LOWEST_CONFIDENCE), risk)
        control = RiskControl(risk=risk, basis=basis, curve=self._curve, floor=floor, **result)
        return control, bool(len(proven) and proven.all())


def _accepted(tests: RiskCurve, chosen: int, floor: float) -> dict[str, Any]:
    return {
        "t_accept": max(float(tests.t_accept[chosen]), floor),
        "share": float(tests.share[chosen]),
        "picture_error": float(tests.picture_error[chosen]),
        "groups": int(tests.groups[chosen]),
        "wrong": int(tests.wrong[chosen]),
        "high": float(tests.high[chosen]),
        "needed": None,
    }


_NOTHING: dict[str, Any] = {"t_accept": None, "share": 0.0, "picture_error": None, "high": None}


def _too_many_pictures(tests: RiskCurve, tested: int, risk: float) -> dict[str, Any]:
    """Describe a threshold at which few groups are wrong, but a large share of the pictures."""
    error, groups = float(tests.picture_error[tested]), int(tests.groups[tested])
    # If groups had one picture each; with larger ones, fewer are enough.
    needed = max(1, int(np.ceil(groups * (error / risk - 1))))
    return {**_NOTHING, "picture_error": error, "groups": groups, "wrong": int(tests.wrong[tested]), "needed": needed}


def _too_few_above(counts: tuple[int, int], total: int, risk: float) -> dict[str, Any]:
    """Describe the groups above the floor, which are fewer than those of the first test."""
    groups, wrong = counts
    needed = max(1, int(np.ceil((fewest_groups(risk, wrong=wrong) - groups) * total / max(groups, 1))))
    return {**_NOTHING, "groups": groups, "wrong": wrong, "needed": needed}


def _nothing_accepted(tests: RiskCurve, counts: tuple[int, int], risk: float) -> dict[str, Any]:
    total, wrong = counts
    if total < fewest_groups(risk):
        return {**_NOTHING, "groups": total, "wrong": wrong, "needed": fewest_groups(risk) - total}
    tested, wrong = int(tests.groups[0]), int(tests.wrong[0])
    # Only the same share of further groups is among the most confident ones.
    needed = int(np.ceil((fewest_groups(risk, wrong=wrong) - tested) * total / tested))
    return {**_NOTHING, "groups": tested, "wrong": wrong, "needed": needed}


def fewest_groups(risk: float, *, wrong: int = 0) -> int:
    """Return the minimum number of groups needed to prove an error limit.

    `wrong` of these groups have an error. Without errors, 149 groups prove a limit of 2 % and 59 one of 5 %.
    """
    # Poisson's bound is never below the binomial one.
    enough = int(np.ceil(special.gammaincinv(wrong + 1, CERTAINTY) / risk)) + 1
    return bisect_left(range(enough), x=True, lo=wrong + 1, key=lambda n: bool(upper_bound(wrong, n) <= risk))


@cache
def counts_to_test(groups: int, risk: float) -> tuple[int, ...]:
    """Return the ascending numbers of accepted groups at which to test an error limit.

    The result is empty if all groups together are too few. Each number is the smallest that passes with some number of
    wrong groups: the numbers between allow no more errors.
    """
    first = 1 + allowed_errors(int(np.ceil(SMALLEST_SHARE * groups)) - 1, risk)
    last = allowed_errors(groups, risk)
    if last < first:
        return ()
    allowed = np.unique(np.linspace(first, last, MOST_TESTS).round().astype(int))
    return (*sorted({*(fewest_groups(risk, wrong=int(wrong)) for wrong in allowed), groups}),)


def allowed_errors(groups: int, risk: float) -> int:
    """Return the largest number of wrong groups that meets an error limit, or -1 for too few groups."""
    return bisect_right(range(groups + 1), risk, key=lambda wrong: float(upper_bound(wrong, groups))) - 1
