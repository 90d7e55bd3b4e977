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
        by_fold: for the head of each outer fold, from the answers of the other folds.
    """

    final: float = 1.0
    by_fold: Mapping[int, float] = field(default_factory=dict)


def correct_temperature(folds: Sequence[FoldAnswers], share: float) -> TemperatureCorrection:
    """Compute the corrections of the final head and of the heads of the outer folds.

    The temperature of a head falls by a power of the weight of its training pictures: what one fold changes in the
    heads without it, it changes a little less in the final head.

    Args:
        folds: answers of each outer fold, at least three.
        share: share of a fold in the training pictures, in 0..1/2 (exclusive).
    """
    exponent = np.log(1 / (1 - share)) / np.log((1 - share) / (1 - 2 * share))
    others = {part.fold: [other for other in folds if other is not part] for part in folds}
    return TemperatureCorrection(
        final=_fit(folds) ** float(exponent), by_fold={number: _fit(parts) for number, parts in others.items()}
    )


def _fit(folds: Sequence[FoldAnswers]) -> float:
    """Fit a correction of answers; 1 if it makes their log loss or their Brier score worse."""
    answers = FoldAnswers.join(folds)
    usable = answers.present[np.arange(len(answers.labels)), answers.labels]
    logits = np.where(answers.present, answers.logits, 0.0)
    correction = fit_temperature(logits, answers.labels, answers.weights, answers.present)
    if not usable.any():
        return 1.0
    arguments = answers.labels[usable], answers.weights[usable], answers.present[usable]
    before, after = logits[usable], logits[usable] / correction
    better = log_loss(after, *arguments) <= log_loss(before, *arguments)
    return correction if better and _brier(after, *arguments) <= _brier(before, *arguments) else 1.0


def _brier(logits: np.ndarray, labels: np.ndarray, weights: np.ndarray, present: np.ndarray) -> float:
    errors = softmax(np.where(present, logits, -np.inf))
    errors[np.arange(len(labels)), labels] -= 1
    return float(np.average((errors**2).sum(axis=1), weights=weights))
