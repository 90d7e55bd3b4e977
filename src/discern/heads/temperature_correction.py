"""Correction of temperatures for the training data that a head gains once it is fitted again.

A temperature is chosen on pictures that the heads were not fitted on, and then divides the logits of a head that is
fitted on those, too. More pictures make a head surer with reason, so its probabilities are too modest. Heads of outer
folds show by how much: their temperatures are chosen in the same way, and their answers can be compared with the truth.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from discern.bundle.heads import softmax
from discern.heads.temperature import fit_temperature, log_loss

# A fitted number that changes nothing gains half a nat in all on the data that it is fitted on (Wilks, 1938).
_GAIN_BY_CHANCE = 0.5


@dataclass(frozen=True, kw_only=True, eq=False)
class FoldAnswers:
    """Calibrated logits of one outer fold, by the head that was fitted and calibrated without it.

    Attributes:
        fold: number of the fold.
        logits: float64 `[n, K]`, centred.
        present: bool `[n, K]`, the classes that the head was fitted on.
        labels: int `[n]`.
        weights: float64 `[n]`, sample weights.
    """

    fold: int
    logits: np.ndarray
    present: np.ndarray
    labels: np.ndarray
    weights: np.ndarray

    @classmethod
    def join(cls, parts: Sequence["FoldAnswers"]) -> "FoldAnswers":
        """Concatenate the answers of several folds under the number of the first."""
        return cls(
            fold=parts[0].fold,
            logits=np.concatenate([part.logits for part in parts]),
            present=np.concatenate([part.present for part in parts]),
            labels=np.concatenate([part.labels for part in parts]),
            weights=np.concatenate([part.weights for part in parts]),
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class TemperatureCorrection:
    """Divisors of calibrated logits, which correct their temperatures.

    Attributes:
        final: for the head fitted on all folds.
        by_fold: for the head of each outer fold, from the answers of the other folds; empty if nothing is corrected.
    """

    final: float = 1.0
    by_fold: Mapping[int, float] = field(default_factory=dict)


def correct_temperature(folds: Sequence[FoldAnswers], share: float) -> TemperatureCorrection:
    """Compute the corrections of the final head and of the heads of the outer folds.

    The temperature of a head falls by a power of the weight of its training pictures: what one fold changes in the
    heads without it, it changes a little less in the final head. Nothing is corrected unless all answers together gain
    by it. That is one decision for all heads, so that thresholds chosen on the folds' answers are on the scale of the
    final head.

    Args:
        folds: answers of each outer fold, at least three.
        share: share of a fold in the training pictures, in 0..1/2 (exclusive).
    """
    correction = _fit(folds)
    if not _improves(FoldAnswers.join(folds), correction):
        return TemperatureCorrection()
    exponent = np.log(1 / (1 - share)) / np.log((1 - share) / (1 - 2 * share))
    by_fold = {part.fold: _fit([other for other in folds if other is not part]) for part in folds}
    return TemperatureCorrection(final=correction ** float(exponent), by_fold=by_fold)


def _fit(folds: Sequence[FoldAnswers]) -> float:
    answers = FoldAnswers.join(folds)
    return fit_temperature(answers.logits, answers.labels, answers.weights, answers.present)


def _improves(answers: FoldAnswers, correction: float) -> bool:
    """Return True if a correction improves the log loss of answers beyond chance, and their Brier score."""
    usable = answers.present[np.arange(len(answers.labels)), answers.labels]
    if not usable.any():
        return False
    arguments = answers.labels[usable], answers.weights[usable], answers.present[usable]
    before, after = answers.logits[usable], answers.logits[usable] / correction
    gain = log_loss(before, *arguments) - log_loss(after, *arguments)
    beyond_chance = gain * answers.weights[usable].sum() > _GAIN_BY_CHANCE
    return bool(beyond_chance) and _brier(after, *arguments) <= _brier(before, *arguments)


def _brier(logits: np.ndarray, labels: np.ndarray, weights: np.ndarray, present: np.ndarray) -> float:
    errors = softmax(np.where(present, logits, -np.inf))
    errors[np.arange(len(labels)), labels] -= 1
    return float(np.average((errors**2).sum(axis=1), weights=weights))
