"""Test of the accept policy's promise on audited exchanges, by betting.

A bettor wins when an accepted prediction is wrong and loses a little when it is right, at odds that are fair if the
error rate is exactly the promised limit. As long as the promise holds, the capital is unlikely to reach 20 times its
start at any time: its probability is at most 5 %, however often one looks. The capital is a mixture over the size of
the bets and over the audit at which the betting starts, so that a change after a long quiet time is found as well.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np

from discern.watching.audits.audits import Audits
from discern.watching.looks.look import Alarm, Promise

ALPHA = 0.05
THRESHOLD = 1 / ALPHA
MOST_EXAMPLES = 8

# Bets as shares of the largest one at which the capital stays positive; not tuned.
_BETS = np.geomspace(0.02, 0.9, 16)
# Half of the capital is staked at the first audit, the rest little by little; not tuned.
_AT_FIRST = 0.5


@dataclass(frozen=True, kw_only=True)
class Policy:
    """Promise of an accept policy.

    Attributes:
        limit: largest promised share of errors among accepted predictions, in (0, 1).
        sentence: the promise in plain words.
    """

    limit: float
    sentence: str

    @classmethod
    def from_manifest(cls, policy: dict[str, Any] | None) -> "Policy | None":
        """Read the promise from `policy` of a bundle's manifest; None if nothing is accepted."""
        limit = (policy or {}).get("risk")
        if not isinstance(limit, int | float) or not 0 < limit < 1:
            return None
        return cls(limit=float(limit), sentence=str((policy or {}).get("sentence") or ""))


@dataclass(frozen=True, kw_only=True)
class WeighedPromise:
    """Result of the test of a promise.

    Attributes:
        promise: the promise with its evidence.
        alarm: the alarm if it is broken; None otherwise.
    """

    promise: Promise
    alarm: Alarm | None


def weigh_promise(audits: Audits, policy: Policy) -> WeighedPromise:
    """Test whether the error rate among accepted predictions is within the limit of a policy.

    An accepted picture of a new class is an error. The test is exact if the promise holds throughout: no approximation
    for many audits is needed, and neither the number nor the time of the looks matters.
    """
    rows = np.flatnonzero(audits.is_accepted)
    wrong, weight = ~audits.is_right[rows], audits.weight[rows]
    log_capital, start = _bet(wrong, weight / audits.largest_weight, policy.limit)
    against = float(np.exp(min(log_capital.max(initial=0.0), 700.0)))
    rate = float(np.average(wrong, weights=weight)) if len(rows) else None
    evidence = {
        "against": against,
        "threshold": THRESHOLD,
        "audited": len(rows),
        "wrong": int(wrong.sum()),
        "new": int(audits.is_new[rows].sum()),
        "error": rate,
        "sentence": policy.sentence,
    }
    promise = Promise(asked=policy.limit, broken=against >= THRESHOLD, evidence=evidence)
    if not promise.broken:
        return WeighedPromise(promise=promise, alarm=None)
    crossed = int(np.argmax(log_capital >= np.log(THRESHOLD)))
    return WeighedPromise(promise=promise, alarm=_raise(audits, rows, wrong, int(start[crossed]), promise))


def _bet(wrong: np.ndarray, weight: np.ndarray, limit: float) -> tuple[np.ndarray, np.ndarray]:
    """Bet on each audit in turn.

    Args:
        wrong: bool `[n]`.
        weight: float64 `[n]`, in (0, 1]: as a share of the largest possible one, which is known beforehand.
        limit: the promised limit.

    Returns:
        The logarithm of the capital after each audit, float64 `[n]`, and the audit at which the best bet until then
        was started, int `[n]`.
    """
    if not len(wrong):
        return np.zeros(0), np.zeros(0, int)
    gain = np.log1p(_BETS[:, None] / limit * weight * (wrong - limit))
    total = np.cumsum(gain, axis=1)
    before = total - gain
    staked = np.log(_stakes(len(wrong)))
    bets = total + np.logaddexp.accumulate(staked - before, axis=1)
    capital = np.logaddexp.reduce(bets, axis=0) - np.log(len(_BETS))
    kept = np.log(np.maximum(1 - np.cumsum(np.exp(staked)), 1e-300))
    return np.logaddexp(capital, kept), _best_start(staked - before, bets)


def _stakes(audits: int) -> np.ndarray:
    """Return the share of the capital that is staked from each audit on, float64 `[n]`, with a sum below 1."""
    place = np.arange(2.0, audits + 2)
    # The sum of 1 / (k log2(k)^2) over all k >= 2 is 1.014.
    stakes = (1 - _AT_FIRST) / 1.02 / (place * np.log2(place) ** 2)
    stakes[0] += _AT_FIRST
    return np.asarray(stakes)


def _best_start(score: np.ndarray, bets: np.ndarray) -> np.ndarray:
    """Return for each audit the start with the largest capital of the best size of bet."""
    peak = np.maximum.accumulate(score, axis=1)
    is_peak = score >= peak
    start = np.maximum.accumulate(np.where(is_peak, np.arange(score.shape[1]), 0), axis=1)
    return np.asarray(start[bets.argmax(axis=0), np.arange(score.shape[1])])


def _raise(audits: Audits, rows: np.ndarray, wrong: np.ndarray, start: int, promise: Promise) -> Alarm:
    since = datetime.fromtimestamp(float(audits.time[rows[start]]), UTC)
    examples = audits.id[rows[np.flatnonzero(wrong)]][::-1][:MOST_EXAMPLES]
    found = promise.evidence
    asked, error = 100 * promise.asked, 100 * found["error"]
    return Alarm(
        kind="promise",
        since=since.isoformat(timespec="seconds"),
        evidence=found,
        examples=tuple(str(each) for each in examples),
        message=f"The promise is broken: at most {asked:g} % of the accepted predictions should be wrong, and "
        f"{found['wrong']} of {found['audited']} audited ones were, an estimated {error:.1f} % of all.",
    )
