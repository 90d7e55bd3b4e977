"""Estimate of the accuracy without labels, from the confidence; it is shown, and never raises an alarm."""

import numpy as np

from discern.bundle.reference_pictures import SIGNALS, ReferencePictures

_BINS, _PRIOR = 10, 5  # not tuned
_CONFIDENCE = SIGNALS.index("confidence")


def estimate_accuracy(confidence: np.ndarray, reference: ReferencePictures) -> dict[str, float] | None:
    """Estimate the accuracy of predictions from their confidence, as calibrated on the reference.

    The mean confidence is corrected by the gap between confidence and accuracy of those reference pictures that were
    as confident. Where pictures have changed, confidence may no longer mean what it did: only labels tell.

    Args:
        confidence: float `[n]`, in [0, 1]; NaN is left out.
        reference: the reference of the model.

    Returns:
        `value`, the estimate, and `reference`, the accuracy of the held-out pictures, in [0, 1]; None without a
        confidence.
    """
    known = confidence[~np.isnan(confidence)]
    if not len(known):
        return None
    held_out = reference.signals[:, _CONFIDENCE].astype(float)
    edges = np.unique(np.quantile(held_out, np.linspace(0, 1, _BINS + 1)[1:-1]))
    place = np.searchsorted(edges, held_out)
    excess = np.bincount(place, reference.is_right - held_out, len(edges) + 1)
    gap = excess / (np.bincount(place, minlength=len(edges) + 1) + _PRIOR)
    value = np.mean(known + gap[np.searchsorted(edges, known)])
    return {"value": float(np.clip(value, 0, 1)), "reference": reference.accuracy}
