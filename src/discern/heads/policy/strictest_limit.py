"""Function that finds the strictest of several error limits that held-out predictions prove."""

from collections.abc import Callable, Sequence

import numpy as np
from scipy import stats

from discern.heads.policy.risk_control import Basis, RiskControl, RiskEvidence, allowed_errors

LIMITS = (0.2, 0.1, 0.05)
"""Error limits from the loosest to the strictest."""

# Probability, by the confidences, with which the largest share tested at a looser limit shall pass: a failure ends the
# sequence before the stricter limits. Not tuned; benchmarks/risk_control_simulation.py measures the error made.
_LIKELY = 0.9


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
    to pass by the confidences alone. The strictest limit, tested last, has all thresholds of `fit_risk_control`.

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
    for risk in LIMITS:
        counts = evidence.counts_to_test(risk)
        if risk != LIMITS[-1]:
            counts = _first_and_likely(evidence, counts, risk)
        control, complete = evidence.fit(risk, counts, floor=floor_of(risk), basis=basis)
        if found is None or control.t_accept is not None:
            found = control
        if not complete:
            break
    assert found is not None
    return found


def _first_and_likely(evidence: RiskEvidence, counts: Sequence[int], risk: float) -> tuple[int, ...]:
    """Return the smallest number of groups to test, and the largest that is likely to pass."""
    allowed = np.array([allowed_errors(count, risk) for count in counts])
    likely = np.flatnonzero(stats.poisson.cdf(allowed, evidence.expected_wrong(counts)) >= _LIKELY)
    chosen = {*counts[:1], *([counts[likely[-1]]] if len(likely) else [])}
    return tuple(sorted(chosen))
