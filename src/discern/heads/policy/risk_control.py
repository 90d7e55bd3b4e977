"""From "at most 2 % wrong without a person" to the confidence from which an answer stands."""

from bisect import bisect_left
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

import numpy as np
from scipy import special, stats

from discern.errors import UsageError

Basis = Literal["held-out", "cross-fitted"]

CERTAINTY = 0.95
# Starting lower would let one early error in many thousand groups forbid everything; higher asks too much at once.
SMALLEST_SHARE = 0.2
MOST_TRIED = 40
CURVE_POINTS = 50


@dataclass(frozen=True, kw_only=True, eq=False)
class RiskCurve:
    """The more is accepted, the more of it is wrong: one entry for each threshold, from few accepted to all.

    Attributes:
        t_accept: float64 `[T]`, falling confidences.
        share: float64 `[T]`, of all pictures, those accepted.
        picture_error: float64 `[T]`, of the accepted pictures, those wrong.
        groups: int64 `[T]`, independent groups with an accepted picture.
        wrong: int64 `[T]`, of these, groups with a wrong one among the accepted.
        high: float64 `[T]`, what the share of wrong groups is below, at 95 % (one-sided, Clopper & Pearson 1934).
    """

    t_accept: np.ndarray
    share: np.ndarray
    picture_error: np.ndarray
    groups: np.ndarray
    wrong: np.ndarray
    high: np.ndarray

    @property
    def error(self) -> np.ndarray:
        """The share of the groups that are wrong, float64 `[T]`."""
        return np.asarray(self.wrong / self.groups)


@dataclass(frozen=True, kw_only=True, eq=False)
class RiskControl:
    """What may be accepted without a person, and the evidence.

    Attributes:
        risk: what was asked: the share of accepted answers that may be wrong.
        basis: "held-out": by answers of the very head that ships; "cross-fitted": by those of its recipe.
        t_accept: the confidence from which an answer stands; None: none does.
        share: of all pictures, those accepted.
        picture_error: of the accepted pictures, the share that is wrong; None where nothing is accepted.
        groups: how many independent groups the verdict rests on: those accepted, else those that were not enough.
        wrong: of these, the groups with a wrong answer.
        high: what the share of wrong groups is below, at 95 %; None where nothing is accepted.
        needed: how many more groups are needed at least, all further answers being right; None where it is kept.
        curve: what other thresholds would give.
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
        """The promise, or why there is none, in plain words."""
        percent = f"{100 * self.risk:g} %"
        if self.t_accept is None:
            return f"Nothing is accepted: {self._shortfall(percent)}."
        seen = f"{self.wrong} of {self.groups} independent groups had a wrong one"
        if self.basis == "cross-fitted":
            return f"Of the accepted answers about known classes, an estimated {percent} or fewer are wrong ({seen})."
        return f"Of the accepted answers about known classes, at most {percent} are wrong at 95 % confidence ({seen})."

    def to_json(self) -> dict[str, Any]:
        """JSON-ready: sentence, basis, share, error (of groups; null where nothing is accepted) and needed."""
        error = None if self.high is None else {"value": self.wrong / self.groups, "high": self.high}
        return {
            "sentence": self.sentence,
            "basis": self.basis,
            "share": self.share,
            "error": error,
            "needed": self.needed,
        }

    def evidence(self) -> dict[str, Any]:
        """JSON-ready: `to_json`, and what it rests on, with the curve of what other thresholds would give."""
        curve = self.curve
        lists = {
            name: getattr(curve, name).tolist() for name in ("t_accept", "share", "picture_error", "error", "high")
        }
        facts = {name: getattr(self, name) for name in ("t_accept", "picture_error", "groups", "wrong")}
        return self.to_json() | {"asked": self.risk} | facts | {"curve": lists}

    def _shortfall(self, percent: str) -> str:
        if self.groups < fewest_groups(self.risk):
            return (
                f"{self.groups} independent groups of pictures are too few to say that at most {percent} are wrong, "
                f"at least {self.needed} more are needed"
            )
        return (
            f"of the {self.groups} independent groups answered most surely {self.wrong} had a wrong answer, too many "
            f"for at most {percent} wrong; at least {self.needed} more groups, all answered right, are needed"
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
    """Find the lowest confidence from which answers may stand, so that at most `risk` of those accepted are wrong.

    With 95 % confidence over the draw of these groups, for groups exchangeable with them. Shares of the groups are
    tried upward, in an order that no label has a say in, each with an exact binomial bound at 95 %; the first failure
    ends it, so that one error in twenty is all the tests make together (fixed-sequence testing; Angelopoulos, Bates,
    Candès, Jordan & Lei 2021, "Learn then test"). A group counts once, and as wrong if any accepted picture in it is
    wrong. Each share is bounded by the confidence of the first group outside it: given that confidence, the groups
    above it are independent draws from all that would be accepted, and the bound is exact.

    Args:
        confidence: float `[M]` in [0, 1], of pictures of the known classes that were not learned from.
        correct: bool `[M]`.
        groups: `[M]`, pictures that are not independent share a value; None: all are independent.
        known: bool `[M]`, False where the unknown score rules acceptance out; None: nowhere.
        weights: float `[M]`, at least 0, for the shares of pictures; None: each weighs 1. 0 leaves a picture out.
        risk: the share of accepted answers that may be wrong, in 0..1 (exclusive).
        basis: whose answers these are.

    Raises:
        UsageError: wrong shapes or values.
    """
    if not 0 < risk < 1:
        raise UsageError(f"risk is {risk}.", hint="Give a share between 0 and 1.")
    answers = _Answers(confidence, correct, groups, known, weights)
    evenly = np.ceil(np.linspace(0, answers.groups, CURVE_POINTS + 1)).astype(np.int64)
    curve = answers.curve(evenly[evenly > 0])
    tried = answers.curve(np.array(tried_groups(answers.groups, risk), np.int64))
    passed = int(np.cumprod(tried.high <= risk).sum())
    verdict = _keep(tried, passed - 1) if passed else _lack(tried, curve, risk)
    return RiskControl(risk=risk, basis=basis, curve=curve, **verdict)


def _keep(tried: RiskCurve, last: int) -> dict[str, Any]:
    return {
        "t_accept": float(tried.t_accept[last]),
        "share": float(tried.share[last]),
        "picture_error": float(tried.picture_error[last]),
        "groups": int(tried.groups[last]),
        "wrong": int(tried.wrong[last]),
        "high": float(tried.high[last]),
        "needed": None,
    }


def _lack(tried: RiskCurve, curve: RiskCurve, risk: float) -> dict[str, Any]:
    nothing = {"t_accept": None, "share": 0.0, "picture_error": None, "high": None}
    there = int(curve.groups[-1]) if len(curve.groups) else 0
    if there < fewest_groups(risk):
        wrong = int(curve.wrong[-1]) if there else 0
        return {**nothing, "groups": there, "wrong": wrong, "needed": fewest_groups(risk) - there}
    judged, wrong = int(tried.groups[0]), int(tried.wrong[0])
    # Of further groups only as large a share is among the surest as of these.
    needed = int(np.ceil((fewest_groups(risk, wrong=wrong) - judged) * there / judged))
    return {**nothing, "groups": judged, "wrong": wrong, "needed": needed}


def fewest_groups(risk: float, *, wrong: int = 0) -> int:
    """How many groups it takes to say, with some of them wrong, that at most `risk` are: 149 at 2 %, 59 at 5 %."""
    # Poisson's bound is never below the binomial one.
    enough = int(np.ceil(stats.chi2.ppf(CERTAINTY, 2 * wrong + 2) / 2 / risk)) + 1
    return bisect_left(range(enough), x=True, lo=wrong + 1, key=lambda n: bool(_highest(wrong, n) <= risk))


@cache
def tried_groups(groups: int, risk: float) -> tuple[int, ...]:
    """The counts of accepted groups to be tried among as many as there are, rising; none where all are too few.

    Each is the smallest that passes with one number of wrong groups: those between pass with no more and are harder.
    """
    first = 1 + _allowed(int(np.ceil(SMALLEST_SHARE * groups)) - 1, risk)
    last = _allowed(groups, risk)
    if last < first:
        return ()
    allowed = np.unique(np.linspace(first, last, MOST_TRIED).round().astype(int))
    return (*sorted({*(fewest_groups(risk, wrong=int(wrong)) for wrong in allowed), groups}),)


def _allowed(groups: int, risk: float) -> int:
    """How many of some groups may be wrong; -1: they are too few even with none."""
    return int(stats.binom.ppf(1 - CERTAINTY, groups, risk)) - 1 if groups > 0 else -1


def _highest(wrong: np.ndarray | int, groups: np.ndarray | int) -> np.ndarray:
    """Clopper and Pearson's upper bound at 95 %."""
    right = np.subtract(groups, wrong)
    bound = special.betaincinv(np.add(wrong, 1), np.maximum(right, 1), CERTAINTY)
    return np.where(right > 0, bound, 1.0)


class _Answers:
    """Groups and pictures by confidence, so that what a threshold accepts is looked up."""

    def __init__(
        self,
        confidence: np.ndarray,
        correct: np.ndarray,
        groups: np.ndarray | None,
        known: np.ndarray | None,
        weights: np.ndarray | None,
    ) -> None:
        sure, wrong = np.asarray(confidence, np.float64), ~np.asarray(correct, bool)
        weight = np.ones(len(sure)) if weights is None else np.asarray(weights, np.float64)
        named = np.arange(len(sure)) if groups is None else np.asarray(groups)
        open_to = np.ones(len(sure), bool) if known is None else np.asarray(known, bool)
        _check(sure, wrong, named, open_to, weight)
        self._total = weight.sum()
        rows = np.flatnonzero(open_to & (weight > 0))
        rows = rows[np.argsort(sure[rows], kind="stable")]
        self._sure, self._wrong, self._weight = sure[rows], wrong[rows], weight[rows]
        group = named[rows]
        self._surest = _last_of_each(self._sure, group)
        self._surest_wrong = _last_of_each(self._sure[self._wrong], group[self._wrong])
        self.groups = len(self._surest)

    def curve(self, counts: np.ndarray) -> RiskCurve:
        """What is accepted when at least so many groups are: int `[T]`, each in 1..groups."""
        t_accept = self._thresholds(counts)
        groups, wrong = (_above(each, t_accept) for each in (self._surest, self._surest_wrong))
        accepted, mistaken = (self._mass(weight, t_accept) for weight in (self._weight, self._weight * self._wrong))
        return RiskCurve(
            t_accept=t_accept,
            share=accepted / self._total,
            picture_error=mistaken / accepted,
            groups=groups,
            wrong=wrong,
            high=_highest(wrong, groups),
        )

    def _thresholds(self, counts: np.ndarray) -> np.ndarray:
        """Just above the first group left out; 0 where none is. Different ones, falling."""
        place = np.searchsorted(self._surest, self._surest[self.groups - counts])
        beyond = np.nextafter(self._surest[np.maximum(place - 1, 0)], np.inf)
        return np.unique(np.where(place > 0, beyond, 0.0))[::-1]

    def _mass(self, weight: np.ndarray, t_accept: np.ndarray) -> np.ndarray:
        below = np.concatenate([[0.0], np.cumsum(weight)])
        return np.asarray(below[-1] - below[np.searchsorted(self._sure, t_accept)])


def _above(values: np.ndarray, thresholds: np.ndarray) -> np.ndarray:
    """How many of some rising values reach each threshold."""
    return np.asarray(len(values) - np.searchsorted(values, thresholds))


def _last_of_each(rising: np.ndarray, group: np.ndarray) -> np.ndarray:
    """The largest value of each group, rising; `rising` is sorted."""
    return np.sort(rising[len(group) - 1 - np.unique(group[::-1], return_index=True)[1]])


def _check(sure: np.ndarray, *others: np.ndarray) -> None:
    if sure.ndim != 1 or any(other.shape != sure.shape for other in others):
        raise UsageError(f"Confidences {sure.shape} must be one for each picture, and so must all that goes with them.")
    weight = others[-1]
    if not ((sure >= 0) & (sure <= 1)).all() or not ((weight >= 0) & np.isfinite(weight)).all():
        raise UsageError("Confidences must be in [0, 1], and weights finite and at least 0.")
