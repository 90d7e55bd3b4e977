"""Functions that select an ordinal head by the mean absolute error of the median label."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from discern.bundle.heads import ABSENT, OrdinalHead, Span, softmax
from discern.bundle.prediction_sets import median_label
from discern.heads.model_selection import HeldOutLogits, Selection, calibrate_each
from discern.heads.ordinal import OrdinalFit, centred_log_probabilities
from discern.heads.temperature import fit_margin_temperature, log_loss


@dataclass(frozen=True, kw_only=True)
class OrdinalSelection:
    """Selected ordinal head with its temperature and held-out errors.

    Attributes:
        name: of the candidate.
        temperature: divisor of its score and thresholds.
        log_losses: of every candidate on the held-out pictures, calibrated.
        maes: mean absolute error of the median label of every candidate, likewise.
    """

    name: str
    temperature: float
    log_losses: Mapping[str, float] = field(default_factory=dict)
    maes: Mapping[str, float] = field(default_factory=dict)

    def calibrated(self, held_out: HeldOutLogits) -> np.ndarray:
        """Compute the calibrated logits of held-out images."""
        logits = centred_log_probabilities(held_out.margins[self.name] / self.temperature, held_out.present)
        return np.where(held_out.present, logits, ABSENT)

    def build_head(self, weight: np.ndarray, fitted: OrdinalFit, spans: tuple[Span, ...]) -> OrdinalHead:
        """Build the head of a model bundle from weights on unit-length feature blocks and thresholds."""
        return OrdinalHead(
            spans=spans,
            weight=(weight / self.temperature).astype(np.float32),
            thresholds=_ascending(fitted.thresholds / self.temperature),
            present=fitted.present,
        )


def select_ordinal(held_out: HeldOutLogits, labels: np.ndarray, weights: np.ndarray) -> Selection | OrdinalSelection:
    """Select the candidate ordinal head with the lowest mean absolute error.

    The error is that of the median label on held-out pictures. On few pictures it is noisy: of all candidates within
    one standard error of the best (of the paired difference), the one with the smallest log loss is selected.

    Args:
        held_out: outputs of the candidates for held-out pictures.
        labels: int `[N]`, of all pictures, in their order.
        weights: float64 `[N]`, sample weights of all pictures.
    """
    truth, mass = labels[held_out.positions], weights[held_out.positions]
    candidates: list[Selection | OrdinalSelection] = [
        *calibrate_each(held_out, labels, weights),
        *_calibrate_ordinal(held_out, truth, mass),
    ]
    losses, errors = {}, {}
    for candidate in candidates:
        logits = candidate.calibrated(held_out)
        losses[candidate.name] = log_loss(logits, truth, mass, held_out.present)
        errors[candidate.name] = np.abs(median_label(softmax(logits)) - truth)
    maes = {name: float(np.average(error, weights=mass)) for name, error in errors.items()}
    best = errors[min(maes, key=lambda name: maes[name])]
    near = [candidate for candidate in candidates if _within_one_error(errors[candidate.name] - best, mass)]
    return replace(min(near, key=lambda candidate: losses[candidate.name]), log_losses=losses, maes=maes)


def _calibrate_ordinal(held_out: HeldOutLogits, truth: np.ndarray, mass: np.ndarray) -> list[OrdinalSelection]:
    return [
        OrdinalSelection(name=name, temperature=fit_margin_temperature(margins, truth, mass, held_out.present))
        for name, margins in held_out.margins.items()
    ]


def _within_one_error(differences: np.ndarray, mass: np.ndarray) -> bool:
    """Return True if the weighted mean of differences is at most its standard error."""
    mean = np.average(differences, weights=mass)
    error = np.sqrt((mass**2 * (differences - mean) ** 2).sum()) / mass.sum()
    return bool(mean <= error)


def _ascending(thresholds: np.ndarray) -> np.ndarray:
    """Round thresholds to float32 and keep them strictly ascending."""
    rounded = thresholds.astype(np.float32)
    for place in range(1, len(rounded)):
        rounded[place] = max(rounded[place], np.nextafter(rounded[place - 1], np.float32(np.inf)))
    return rounded
