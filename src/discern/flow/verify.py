"""`discern verify`: whether a bundle is what was written, and answers here as it did there."""

import re
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from discern.bundle import load
from discern.errors import BundleDamaged, UsageError

_FINGERPRINT = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True, kw_only=True)
class VerifyResult:
    """What was found.

    Attributes:
        passed: whether the bundle may be trusted to answer as it did where it was made.
        why: what is wrong; "" where nothing is.
        fingerprint: its fingerprint; None where it cannot be read.
        worst_difference: the largest difference from its golden vectors; None where they were not replayed.
    """

    passed: bool
    why: str = ""
    fingerprint: str | None = None
    worst_difference: float | None = None

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)


def verify(bundle: str | Path, *, fingerprint: str | None = None) -> VerifyResult:
    """Rebuild the archive and compare bytes, then replay the golden vectors.

    Args:
        bundle: a bundle's path.
        fingerprint: the one it must have, 64 hexadecimal digits; None: any. Without it damage is found, not forgery.

    Raises:
        BundleError: there is no such file, or it is of a newer form.
        UsageError: that is no fingerprint.
    """
    wanted = fingerprint if fingerprint is None else fingerprint.strip().lower()
    if wanted is not None and not _FINGERPRINT.fullmatch(wanted):
        raise UsageError(
            f"{fingerprint!r} is no fingerprint.", hint="Give all its 64 hexadecimal digits, as `discern show` does."
        )
    try:
        model = load(bundle)
        if wanted not in (None, model.fingerprint):
            why = f"it is another bundle, or a forged one: its fingerprint is not {wanted}."
            return VerifyResult(passed=False, why=why, fingerprint=model.fingerprint)
        found = model.verify()
    except BundleDamaged as error:
        return VerifyResult(passed=False, why=str(error))
    worst = found.worst_difference if found.worst_difference < float("inf") else None
    why = "" if found.passed else f"its golden vectors differ by {found.worst_difference:.2g} here."
    return VerifyResult(passed=found.passed, why=why, fingerprint=found.fingerprint, worst_difference=worst)
