"""Bets on the rank of a later score in a finite reference, whose expected value is at most 1 without drift."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.special import ndtri

from discern.watching.drift.expected_bet import limit_expectation


@dataclass(frozen=True)
class Tilt:
    """Bet that later scores are larger, best if they are `shift` standard deviations larger.

    Attributes:
        shift: shift of normal scores that the bet is made for, above 0.
        share: share of the capital that is staked, in (0, 1]; less for a change of few pictures.
    """

    shift: float
    share: float = 1.0


# Chosen with `benchmarks/watching_drift.py delays`; the last one is for a few pictures of something else.
TILTS = (Tilt(0.2), Tilt(0.4), Tilt(0.8), Tilt(1.5), Tilt(2.0, 0.15))


@lru_cache(maxsize=64)
def make_bets(pictures: int, tilts: tuple[Tilt, ...], error: float) -> np.ndarray:
    """Return the log value of each bet for each rank, float64 `[tilts, pictures + 1]`, read-only.

    The expected value of each bet is at most 1 for scores of the reference's distribution, unless the reference is
    extreme: with probability `error` for each bet, over the draw of the reference.

    Args:
        pictures: number of pictures in the reference.
        tilts: the bets on larger scores; for smaller ones, reverse the ranks.
        error: that probability.
    """
    normal = ndtri((np.arange(pictures + 1) + 0.5) / (pictures + 1))
    bets = []
    for tilt in tilts:
        value = np.exp(tilt.shift * normal)
        bets.append(1 - tilt.share + tilt.share * value / limit_expectation(value, error))
    logs: np.ndarray = np.log(np.array(bets))
    logs.flags.writeable = False
    return logs


def bet_on_ranks(ranks: np.ndarray, sides: Sequence[int], bets: np.ndarray) -> np.ndarray:
    """Return the log values of bets for ranks.

    Args:
        ranks: int `[g]`.
        sides: 1 to bet on larger, and -1 on smaller scores.
        bets: log values of `make_bets`.

    Returns:
        float64 `[g, len(sides) * tilts]`, side by side.
    """
    last = bets.shape[1] - 1
    return np.concatenate([bets[:, ranks if side > 0 else last - ranks].T for side in sides], axis=1)
