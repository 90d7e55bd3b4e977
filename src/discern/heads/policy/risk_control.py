"""Functions that fit confidence thresholds with a bounded error rate."""

from bisect import bisect_left
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

import numpy as np
from scipy import special, stats

from discern.errors import UsageError

Basis = Literal["held-out", "cross-fitted"]

CERTAINTY = 0.95
# A smaller first share would let one early error among thousands of groups reject everything; a larger one demands too
# much of the first test. Neither was tuned; benchmarks/risk_control_simulation.py and benchmarks/policy_validity.py
# measure the error made.
SMALLEST_SHARE = 0.2
MOST_TESTS = 40
CURVE_POINTS = 50


@dataclass(frozen=True, kw_only=True, eq=False)
class RiskCurve:
    """Risk-coverage curve in order of increasing coverage.

    Attributes:
        t_accept: float64 `[T]`, descending confidence thresholds.
        share: float64 `[T]`, share of all pictures that are accepted.
        picture_error: float64 `[T]`, share of the accepted pictures that are wrong.
        groups: int64 `[T]`, number of independent groups with an accepted picture.
        wrong: int64 `[T]`, number of these groups with an error among the accepted pictures.
        high: float64 `[T]`, upper bound of the error rate over groups at 95 % (one-sided, Clopper & Pearson 1934).
    """

    t_accept: np.ndarray
    share: np.ndarray
    picture_error: np.ndarray
    groups: np.ndarray
    wrong: np.ndarray
    high: np.ndarray

    @property
    def error(self) -> np.ndarray:
        """Return the error rate over groups at each confidence threshold."""
        return np.asarray(self.wrong / self.groups)


@dataclass(frozen=True, kw_only=True, eq=False)
class RiskControl:
    """Confidence threshold for an error limit, with its statistical evidence.

    Attributes:
        risk: the error limit: the largest share of accepted predictions that may be wrong.
        basis: "held-out": predictions of the head that ships, on a test part; "cross-fitted": of heads fitted alike.
        t_accept: the confidence from which a prediction is accepted; None: nothing is accepted.
        share: share of all pictures that are accepted.
        picture_error: share of the accepted pictures that are wrong; None if nothing is accepted.
        groups: number of independent groups tested: those accepted, or those that were not enough.
        wrong: number of these groups with an error.
        high: upper bound of the error rate over groups at 95 %; None if nothing is accepted.
        needed: least number of further groups, all without an error, to reach the limit; None if it is reached.
        curve: error and acceptance rates at other thresholds.
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

    @property
    def sentence(self) -> str:
        """Return the guarantee in plain language, or the reason why no prediction is accepted."""
        percent = f"{100 * self.risk:g} %"
        if self.t_accept is None:
            return f"Nothing is accepted: {self._shortfall(percent)}."
        limit = f"at most {percent} are wrong at 95 % confidence"
        if self.basis == "cross-fitted":
            limit = f"an estimated {percent} or fewer are wrong"
        evidence = f"{self.wrong} of {self.groups} independent groups had an error"
        return f"Of the accepted predictions for known classes, {limit} ({evidence})."

    def to_json(self) -> dict[str, Any]:
        """Convert the guarantee and its evidence to JSON-serialisable values.

        The keys are `sentence`, `basis`, `share`, `error` (over groups; null if nothing is accepted) and `needed`.
        """
        error = None if self.high is None else {"value": self.wrong / self.groups, "high": self.high}
        return {
            "sentence": self.sentence,
            "basis": self.basis,
            "share": self.share,
            "error": error,
            "needed": self.needed,
        }

    def _shortfall(self, percent: str) -> str:
        too_few = self.groups < fewest_groups(self.risk)
        if self.wrong > self.risk * self.groups:
            tested = "" if too_few else "most confident "
            return f"{self.wrong} of the {self.groups} {tested}independent groups had an error, more than {percent}"
        if too_few:
            return (
                f"{self.groups} independent groups of pictures are too few to show that at most {percent} are wrong; "
                f"at least {self.needed} more are needed"
            )
        return (
            f"of the {self.groups} most confident independent groups {self.wrong} had an error, too many for at most "
            f"{percent} wrong; at least {self.needed} more groups without an error are needed"
        )


def fit_risk_control(
    confidence: np.ndarray,
    correct: np.ndarray,
    *,
    groups: np.ndarray | None = None,
    known: np.ndarray | None = None,
    weights: np.ndarray | None = None,
    risk: float = 0.02,
    basis: Basis = "held-out",
) -> RiskControl:
    """Fit the lowest confidence threshold that meets an error limit.

    The limit holds with 95 % confidence over the draw of these groups, for groups exchangeable with them. Growing
    shares of the groups are tested in an order that does not depend on the labels, each with an exact binomial bound at
    95 %. The first failure ends the tests, so that the error rate of all tests together is 5 % (fixed-sequence testing;
    Angelopoulos, Bates, Candès, Jordan & Lei 2021, "Learn then test"). A group counts once, and as wrong if any of its
    accepted pictures is wrong. Each share is delimited by the confidence of the first group outside it: given that
    confidence, the groups above it are independent draws from all that would be accepted, and the bound is exact.

    Args:
        confidence: float `[M]` in [0, 1], of held-out pictures of the known classes.
        correct: bool `[M]`.
        groups: `[M]`; pictures that are not independent share a value; None: all are independent.
        known: bool `[M]`, False for pictures that the unknown score rejects; None: none of them.
        weights: float `[M]`, at least 0, sample weights for shares of pictures; None: 1 each. 0 excludes a picture.
        risk: the error limit, the largest share of accepted predictions that may be wrong, in 0..1 (exclusive).
        basis: source of the predictions.

    Raises:
        UsageError: shapes that differ, or values out of range.
    """
    if not 0 < risk < 1:
        raise UsageError(f"risk must be between 0 and 1, not {risk}.", hint="Pass a share such as 0.02.")
    predictions = _RankedPredictions(confidence, correct, groups, known, weights)
    counts = np.ceil(np.linspace(0, predictions.groups, CURVE_POINTS + 1)).astype(np.int64)
    curve = predictions.curve(counts[counts > 0])
    tests = predictions.curve(np.array(counts_to_test(predictions.groups, risk), np.int64))
    passed = int(np.cumprod(tests.high <= risk).sum())
    result = _accepted(tests, passed - 1) if passed else _nothing_accepted(tests, curve, risk)
    return RiskControl(risk=risk, basis=basis, curve=curve, **result)


def _accepted(tests: RiskCurve, last: int) -> dict[str, Any]:
    return {
        "t_accept": float(tests.t_accept[last]),
        "share": float(tests.share[last]),
        "picture_error": float(tests.picture_error[last]),
        "groups": int(tests.groups[last]),
        "wrong": int(tests.wrong[last]),
        "high": float(tests.high[last]),
        "needed": None,
    }


def _nothing_accepted(tests: RiskCurve, curve: RiskCurve, risk: float) -> dict[str, Any]:
    nothing = {"t_accept": None, "share": 0.0, "picture_error": None, "high": None}
    total = int(curve.groups[-1]) if len(curve.groups) else 0
    if total < fewest_groups(risk):
        wrong = int(curve.wrong[-1]) if total else 0
        return {**nothing, "groups": total, "wrong": wrong, "needed": fewest_groups(risk) - total}
    tested, wrong = int(tests.groups[0]), int(tests.wrong[0])
    # Only the same share of further groups is among the most confident ones.
    needed = int(np.ceil((fewest_groups(risk, wrong=wrong) - tested) * total / tested))
    return {**nothing, "groups": tested, "wrong": wrong, "needed": needed}


def fewest_groups(risk: float, *, wrong: int = 0) -> int:
    """Return the minimum number of groups needed to prove an error limit.

    `wrong` of these groups have an error. Without errors, 149 groups prove a limit of 2 % and 59 one of 5 %.
    """
    # Poisson's bound is never below the binomial one.
    enough = int(np.ceil(stats.chi2.ppf(CERTAINTY, 2 * wrong + 2) / 2 / risk)) + 1
    return bisect_left(range(enough), x=True, lo=wrong + 1, key=lambda n: bool(_upper_bound(wrong, n) <= risk))


@cache
def counts_to_test(groups: int, risk: float) -> tuple[int, ...]:
    """Return the ascending numbers of accepted groups at which to test an error limit.

    The result is empty if all groups together are too few. Each number is the smallest that passes with some number of
    wrong groups: the numbers between allow no more errors.
    """
    first = 1 + _allowed(int(np.ceil(SMALLEST_SHARE * groups)) - 1, risk)
    last = _allowed(groups, risk)
    if last < first:
        return ()
    allowed = np.unique(np.linspace(first, last, MOST_TESTS).round().astype(int))
    return (*sorted({*(fewest_groups(risk, wrong=int(wrong)) for wrong in allowed), groups}),)


def _allowed(groups: int, risk: float) -> int:
    """Return the largest number of wrong groups that meets an error limit, or -1 for too few groups."""
    return int(stats.binom.ppf(1 - CERTAINTY, groups, risk)) - 1 if groups > 0 else -1


def _upper_bound(wrong: np.ndarray | int, groups: np.ndarray | int) -> np.ndarray:
    """Compute the one-sided 95 % Clopper-Pearson upper bound of an error rate."""
    right = np.subtract(groups, wrong)
    bound = special.betaincinv(np.add(wrong, 1), np.maximum(right, 1), CERTAINTY)
    return np.where(right > 0, bound, 1.0)


class _RankedPredictions:
    """Predictions for risk control, sorted by confidence."""

    def __init__(
        self,
        confidence: np.ndarray,
        correct: np.ndarray,
        groups: np.ndarray | None,
        known: np.ndarray | None,
        weights: np.ndarray | None,
    ) -> None:
        confidence, wrong = np.asarray(confidence, np.float64), ~np.asarray(correct, bool)
        weight = np.ones(len(confidence)) if weights is None else np.asarray(weights, np.float64)
        names = np.arange(len(confidence)) if groups is None else np.asarray(groups)
        acceptable = np.ones(len(confidence), bool) if known is None else np.asarray(known, bool)
        _check(confidence, wrong, names, acceptable, weight)
        self._total = weight.sum()
        rows = np.flatnonzero(acceptable & (weight > 0))
        rows = rows[np.argsort(confidence[rows], kind="stable")]
        self._confidence, self._wrong, self._weight = confidence[rows], wrong[rows], weight[rows]
        group = names[rows]
        self._by_group = _largest_by_group(self._confidence, group)
        self._by_wrong_group = _largest_by_group(self._confidence[self._wrong], group[self._wrong])
        self.groups = len(self._by_group)

    def curve(self, counts: np.ndarray) -> RiskCurve:
        """Compute the risk-coverage curve at thresholds that accept given numbers of groups."""
        t_accept = self._thresholds(counts)
        groups, wrong = (_count_from(each, t_accept) for each in (self._by_group, self._by_wrong_group))
        accepted, errors = (self._mass(weight, t_accept) for weight in (self._weight, self._weight * self._wrong))
        return RiskCurve(
            t_accept=t_accept,
            share=accepted / self._total,
            picture_error=errors / accepted,
            groups=groups,
            wrong=wrong,
            high=_upper_bound(wrong, groups),
        )

    def _thresholds(self, counts: np.ndarray) -> np.ndarray:
        """Return distinct descending thresholds that accept given numbers of groups.

        Each is just above the confidence of the first group excluded; 0 where none is excluded.
        """
        place = np.searchsorted(self._by_group, self._by_group[self.groups - counts])
        above = np.nextafter(self._by_group[np.maximum(place - 1, 0)], np.inf)
        return np.unique(np.where(place > 0, above, 0.0))[::-1]

    def _mass(self, weight: np.ndarray, t_accept: np.ndarray) -> np.ndarray:
        """Return the total weight of predictions at or above each threshold."""
        below = np.concatenate([[0.0], np.cumsum(weight)])
        return np.asarray(below[-1] - below[np.searchsorted(self._confidence, t_accept)])


def _count_from(values: np.ndarray, thresholds: np.ndarray) -> np.ndarray:
    """Count ascending values at or above each threshold."""
    return np.asarray(len(values) - np.searchsorted(values, thresholds))


def _largest_by_group(ascending: np.ndarray, group: np.ndarray) -> np.ndarray:
    """Return the largest value of each group in ascending order, given ascending values."""
    return np.sort(ascending[len(group) - 1 - np.unique(group[::-1], return_index=True)[1]])


def _check(confidence: np.ndarray, *others: np.ndarray) -> None:
    if confidence.ndim != 1 or any(other.shape != confidence.shape for other in others):
        shapes = ", ".join(str(each.shape) for each in (confidence, *others))
        raise UsageError(f"All arguments need one value per picture, in shape [M]; got {shapes}.")
    weight = others[-1]
    if not ((confidence >= 0) & (confidence <= 1)).all() or not ((weight >= 0) & np.isfinite(weight)).all():
        raise UsageError("Confidences must be in [0, 1], and weights finite and at least 0.")
