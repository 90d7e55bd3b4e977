"""Function that finds the strictest of several error limits that held-out predictions prove."""

from collections.abc import Callable, Sequence

import numpy as np
from scipy import special

from discern.heads.policy.risk_control import Basis, RiskControl, RiskEvidence, allowed_errors

LIMITS = (0.2, 0.1, 0.05)
"""Error limits from the loosest to the strictest."""

# Probability, by the confidences, with which the largest share tested at a looser limit shall pass: a failure ends the
# sequence before the stricter limits. Where these are less likely than the second number to hold, all shares of the
# looser limit come first. Chosen for the share accepted on trashnet and clothing_small with 200 to 400 pictures;
# benchmarks/risk_control_simulation.py measures the error made, which does not depend on them.
_LIKELY, _UNLIKELY = 0.9, 0.1


def fit_strictest_limit(
    confidence: np.ndarray,
    correct: np.ndarray,
    *,
    groups: np.ndarray | None = None,
    known: np.ndarray | None = None,
    weights: np.ndarray | None = None,
    floor_of: Callable[[float], float],
    basis: Basis = "held-out",
) -> RiskControl:
    """Fit the confidence threshold for the strictest of the error limits 20, 10 and 5 % that holds.

    All tests of all limits are one fixed sequence, from the loosest limit, and the first failure ends it, so that the
    result holds with 95 % confidence though each test has the full level. The thresholds of the looser limits do not
    depend on the labels: they are the smallest share that `fit_risk_control` tests, and the largest one that is likely
    to pass by the confidences alone; or all of its shares where the next limit is unlikely to hold by the confidences.
    The strictest limit, tested last, has all thresholds of `fit_risk_control`.

    Args:
        confidence: float `[M]` in [0, 1], of held-out pictures of the known classes.
        correct: bool `[M]`.
        groups: see `fit_risk_control`.
        known: see `fit_risk_control`.
        weights: see `fit_risk_control`.
        floor_of: returns the floor of an error limit, see `fit_confidence_floor`.
        basis: source of the predictions.

    Returns:
        The result for the strictest limit that holds, or for the loosest one if none does.
    """
    evidence = RiskEvidence(confidence, correct, groups=groups, known=known, weights=weights)
    found = None
    for risk, stricter in zip(LIMITS, (*LIMITS[1:], None), strict=True):
        counts = evidence.counts_to_test(risk)
        if stricter is not None and _may_hold(evidence, stricter):
            counts = _first_and_likely(evidence, counts, risk)
        control, complete = evidence.fit(risk, counts, floor=floor_of(risk), basis=basis)
        if found is None or control.t_accept is not None:
            found = control
        if not complete:
            break
    assert found is not None
    return found


def _may_hold(evidence: RiskEvidence, risk: float) -> bool:
    """Return True unless the first test of a limit is unlikely to pass."""
    first = evidence.counts_to_test(risk)[:1]
    return bool((_probability(evidence, first, risk) >= _UNLIKELY).any())


def _probability(evidence: RiskEvidence, counts: Sequence[int], risk: float) -> np.ndarray:
    """Return the probability, by the confidences, that each number of groups passes."""
    allowed = np.array([allowed_errors(count, risk) for count in counts])
    return poisson_at_most(allowed, evidence.expected_wrong(counts))


def poisson_at_most(count: np.ndarray, mean: np.ndarray) -> np.ndarray:
    """Return the probability that a Poisson variable of a given mean is at most `count`, 0 for a negative count."""
    return np.where(count < 0, 0.0, special.pdtr(np.maximum(count, 0), mean))


def _first_and_likely(evidence: RiskEvidence, counts: Sequence[int], risk: float) -> tuple[int, ...]:
    """Return the smallest number of groups to test, and the largest that is likely to pass."""
    likely = np.flatnonzero(_probability(evidence, counts, risk) >= _LIKELY)
    chosen = {*counts[:1], *([counts[likely[-1]]] if len(likely) else [])}
    return tuple(sorted(chosen))
