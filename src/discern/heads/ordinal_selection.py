"""Which head's median label is least far from the truth, for labels whose order means something."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from discern.bundle.heads import ABSENT, OrdinalHead, Span, softmax
from discern.bundle.prediction_sets import median_label
from discern.heads.model_selection import HeldOutLogits, Selection, calibrate_each
from discern.heads.ordinal import OrdinalFit, log_odds
from discern.heads.temperature import fit_margin_temperature, log_loss


@dataclass(frozen=True, kw_only=True)
class OrdinalSelection:
    """One cumulative head with its calibration.

    Attributes:
        name: of the candidate.
        temperature: what its score and thresholds are divided by.
        log_losses: of every candidate on the held-out pictures, calibrated.
        maes: how far the median label of every candidate is from the truth on average, likewise.
    """

    name: str
    temperature: float
    log_losses: Mapping[str, float] = field(default_factory=dict)
    maes: Mapping[str, float] = field(default_factory=dict)

    def answer(self, answers: HeldOutLogits) -> np.ndarray:
        """Calibrated logits `[n, K]` of what was answered."""
        logits = log_odds(answers.margins[self.name] / self.temperature, answers.present)
        return np.where(answers.present, logits, ABSENT)

    def head(self, weight: np.ndarray, fitted: OrdinalFit, spans: tuple[Span, ...]) -> OrdinalHead:
        """The head that ships, from its weights float64 `[D]` on unit-length blocks."""
        return OrdinalHead(
            spans=spans,
            weight=(weight / self.temperature).astype(np.float32),
            thresholds=_rising(fitted.thresholds / self.temperature),
            present=fitted.present,
        )


def select_ordinal(answers: HeldOutLogits, labels: np.ndarray, weights: np.ndarray) -> Selection | OrdinalSelection:
    """Take the candidate whose median label is least far from the truth on held-out pictures.

    A mean distance over few pictures is a coarse judge: of all candidates within one standard error of the best (of
    the paired difference), the one with the smallest log loss is taken.

    Args:
        answers: to held-out pictures.
        labels: int `[N]`, of all pictures, in an order that means something.
        weights: float64 `[N]`, of all pictures.
    """
    truth, mass = labels[answers.positions], weights[answers.positions]
    choices: list[Selection | OrdinalSelection] = [
        *calibrate_each(answers, labels, weights),
        *_calibrate_cumulative(answers, truth, mass),
    ]
    losses, distances = {}, {}
    for choice in choices:
        logits = choice.answer(answers)
        losses[choice.name] = log_loss(logits, truth, mass, answers.present)
        distances[choice.name] = np.abs(median_label(softmax(logits)) - truth)
    maes = {name: float(np.average(distance, weights=mass)) for name, distance in distances.items()}
    best = distances[min(maes, key=lambda name: maes[name])]
    near = [choice for choice in choices if _is_near(distances[choice.name] - best, mass)]
    return replace(min(near, key=lambda choice: losses[choice.name]), log_losses=losses, maes=maes)


def _calibrate_cumulative(answers: HeldOutLogits, truth: np.ndarray, mass: np.ndarray) -> list[OrdinalSelection]:
    return [
        OrdinalSelection(name=name, temperature=fit_margin_temperature(margins, truth, mass, answers.present))
        for name, margins in answers.margins.items()
    ]


def _is_near(further: np.ndarray, mass: np.ndarray) -> bool:
    """Whether a mean difference `[n]` is at most its standard error."""
    mean = np.average(further, weights=mass)
    error = np.sqrt((mass**2 * (further - mean) ** 2).sum()) / mass.sum()
    return bool(mean <= error)


def _rising(thresholds: np.ndarray) -> np.ndarray:
    """As float32, which may bring neighbours together, and still strictly rising."""
    rising = thresholds.astype(np.float32)
    for place in range(1, len(rising)):
        rising[place] = max(rising[place], np.nextafter(rising[place - 1], np.float32(np.inf)))
    return rising
