"""Sampling of exchanges by their identifiers."""

from hashlib import sha256

from discern.watching.captures.capture_config import ACCEPTED_SHARE

_WIDTH = 8  # bytes of the digest


def sampling_rate(sample: float | str, exchange_id: str, decision: str) -> float:
    """Return the probability with which an exchange is kept, or 0 if this one is not kept.

    The identifier decides, by a digest of its own, so that the choice is independent of other samples that are drawn by
    it, and the same in each process.

    Args:
        sample: as in `CaptureConfig`.
        exchange_id: identifier of the exchange.
        decision: `accept`, `review` or `unknown`.
    """
    rate = sample if isinstance(sample, int | float) else ACCEPTED_SHARE if decision == "accept" else 1.0
    drawn = int.from_bytes(sha256(f"capture {exchange_id}".encode()).digest()[:_WIDTH], "big")
    return float(rate) if drawn < rate * 256**_WIDTH else 0.0
