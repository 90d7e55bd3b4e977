"""`discern verify`: whether a bundle is what was written, and answers here as it did there."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from discern import bundle as bundles
from discern.errors import BundleDamaged


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
    """
    try:
        found = bundles.verify(bundle, fingerprint=fingerprint)
    except BundleDamaged as error:
        return VerifyResult(passed=False, why=str(error))
    worst = found.worst_difference if found.worst_difference < float("inf") else None
    why = "" if found.passed else f"its golden vectors differ by {found.worst_difference:.2g} here."
    return VerifyResult(passed=found.passed, why=why, fingerprint=found.fingerprint, worst_difference=worst)
