"""Functions that check the integrity and the outputs of a model bundle (`discern verify`)."""

import re
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from discern.bundle import load
from discern.display.displayed import Displayed
from discern.errors import BundleDamaged, UsageError

_FINGERPRINT = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True, kw_only=True, repr=False)
class VerifyResult(Displayed):
    """Result of `discern.verify`, with the outcome of the bundle verification.

    Attributes:
        passed: whether the bundle is intact and reproduces its golden vectors.
        why: reason of the failure; "" if it passed.
        fingerprint: fingerprint of the bundle; None if it cannot be read.
        worst_difference: largest difference from the golden vectors; None if they were not replayed.
    """

    passed: bool
    why: str = ""
    fingerprint: str | None = None
    worst_difference: float | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the result as a JSON-serialisable dictionary."""
        return asdict(self)


def verify(bundle: str | Path, *, fingerprint: str | None = None) -> VerifyResult:
    """Check that a model bundle is intact and reproduces its stored predictions.

    Args:
        bundle: path of a bundle.
        fingerprint: expected fingerprint, 64 hexadecimal digits; with None, damage is detected but not forgery.

    Raises:
        BundleError: the file does not exist, or has a newer format.
        UsageError: the fingerprint is malformed.
    """
    expected = fingerprint if fingerprint is None else fingerprint.strip().lower()
    if expected is not None and not _FINGERPRINT.fullmatch(expected):
        hint = "Pass all 64 hexadecimal digits, as `discern show` prints them."
        raise UsageError(f"Invalid fingerprint: {fingerprint!r}.", hint=hint)
    try:
        model = load(bundle)
        if expected not in (None, model.fingerprint):
            why = f"its fingerprint is not {expected}: it is another bundle, or a forged one."
            return VerifyResult(passed=False, why=why, fingerprint=model.fingerprint)
        replay = model.verify()
    except BundleDamaged as error:
        return VerifyResult(passed=False, why=str(error))
    worst = replay.worst_difference if replay.worst_difference < float("inf") else None
    why = "" if replay.passed else f"its outputs here differ from its golden vectors by {replay.worst_difference:.2g}."
    return VerifyResult(passed=replay.passed, why=why, fingerprint=replay.fingerprint, worst_difference=worst)
