"""Random sample of exchanges for an audit, drawn with known probabilities.

A draw depends on an exchange's identifier, its confidence and constants alone, so that every reader draws the same.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from discern.errors import UsageError

# Chosen by `benchmarks/watching_audit.py`: a smaller even part pays for an unexpected error with a large weight.
EVEN = 0.4
# Mean doubt of a model that was accurate in 9 of 10 held-out predictions; not tuned.
TYPICAL_DOUBT = 0.2
_SALT = b"audit"


@dataclass(frozen=True, kw_only=True)
class AuditConfig:
    """Size and shape of an audit sample.

    Attributes:
        share: share of exchanges to draw, in (0, 1], if their confidences are like those of the reference.
        even: part of the share that is drawn evenly, in (0, 1]; so no probability is below `share * even`.
        typical_doubt: mean of `measure_doubt` over held-out confidences.

    Raises:
        UsageError: a value is out of range.
    """

    share: float = 0.05
    even: float = EVEN
    typical_doubt: float = TYPICAL_DOUBT

    def __post_init__(self) -> None:
        for name in ("share", "even"):
            value = getattr(self, name)
            if not 0 < value <= 1:
                raise UsageError(f"The audit's {name} is {value:g}.", hint="Choose a number above 0 and up to 1.")
        if not self.typical_doubt > 0:
            raise UsageError(f"The audit's typical doubt is {self.typical_doubt:g}.", hint="Choose a positive number.")

    @classmethod
    def for_confidences(cls, confidence: np.ndarray, *, share: float = 0.05) -> "AuditConfig":
        """Build the configuration for a model from its held-out confidences, float `[n]`."""
        doubt = measure_doubt(confidence)
        return cls(share=share, typical_doubt=max(float(doubt.mean()), 0.01) if len(doubt) else TYPICAL_DOUBT)


def measure_doubt(confidence: np.ndarray) -> np.ndarray:
    """Compute the standard deviation of a right-or-wrong outcome from confidences, float `[n]` in [0, 0.5].

    An undefined confidence gives the largest doubt.
    """
    share = np.where(np.isfinite(confidence), np.clip(confidence, 0, 1), 0.5)
    return np.asarray(np.sqrt(share * (1 - share)))


def audit_probability(confidence: np.ndarray, config: AuditConfig) -> np.ndarray:
    """Compute the probability with which each exchange is drawn, float64 `[n]` in [share * even, 1].

    Args:
        confidence: float `[n]`; NaN if undefined.
        config: size and shape of the sample.
    """
    doubt = measure_doubt(np.asarray(confidence, float)) / config.typical_doubt
    return np.minimum(1.0, config.share * (config.even + (1 - config.even) * doubt))


def draw_uniform(ids: Sequence[str] | np.ndarray) -> np.ndarray:
    """Compute a uniform number of each exchange from its identifier, float64 `[n]` in [0, 1).

    An exchange is drawn if its number is below its probability.
    """
    digests = (hashlib.sha256(_SALT + str(each).encode()).digest() for each in ids)
    return np.fromiter((int.from_bytes(each[:8], "big") >> 11 for each in digests), float, len(ids)) * 2.0**-53
