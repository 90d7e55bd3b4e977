"""Ordinal classifier head for image embeddings, with one score and increasing thresholds."""

from dataclasses import dataclass, replace

import numpy as np

from discern.bundle.heads.embedding_blocks import Span, check_array, check_spans, first_block_length, unit_blocks
from discern.bundle.heads.head import ABSENT
from discern.bundle.heads.logits import check_correction, softmax
from discern.errors import BundleError


@dataclass(frozen=True, kw_only=True, eq=False)
class OrdinalHead:
    """Classifier head for ordered class labels, based on the proportional-odds model.

    The model is P(label <= k) = sigmoid(threshold_k - score) (McCullagh, JRSS B 1980).

    The logarithm of the probability between two thresholds is a constant minus softplus(score - upper) and
    softplus(lower - score), so the logits are an affine map of 2 (P - 1) softplus terms. They are centred over the
    labels present in training, as those of a linear head are: their log-sum-exp is large where the score lies deep
    within a label.

    Attributes:
        spans: start and end of the embedding's blocks, "head" first.
        weight: float32 `[D]`, of the score, divided by the temperature.
        thresholds: float32 `[P - 1]`, strictly increasing, divided by the temperature.
        present: bool `[K]`, the P labels (at least two) with training pictures; the others get a logit of `ABSENT`.
        centre: float32 `[D]`, subtracted from the unit-length blocks after the first, see `unit_blocks`; or None.
        correction: positive divisor of the logits before the softmax, which corrects the temperature.
    """

    spans: tuple[Span, ...]
    weight: np.ndarray
    thresholds: np.ndarray
    present: np.ndarray
    centre: np.ndarray | None = None
    correction: float = 1.0

    def __post_init__(self) -> None:
        check_spans(self.spans)
        check_array("weight", self.weight, (self.spans[-1][1],))
        check_array("present", self.present, (None,), np.bool_)
        check_array("thresholds", self.thresholds, (int(self.present.sum()) - 1,))
        if (np.diff(self.thresholds) <= 0).any():
            raise BundleError(f"The thresholds {self.thresholds.tolist()} are not strictly increasing.")
        if self.centre is not None:
            check_array("centre", self.centre, (self.spans[-1][1],))
        check_correction(self.correction)

    @property
    def classes(self) -> int:
        """Return the number of classes that the head predicts."""
        return len(self.present)

    @property
    def softplus_map(self) -> tuple[np.ndarray, np.ndarray]:
        """Compute the affine map that converts softplus terms of the score to class logits.

        Returns its matrix, float32 `[2 (P - 1), K]`, and its offset, `[K]`.
        """
        count, thresholds = len(self.thresholds), self.thresholds.astype(np.float64)
        # The ends of the scale lie at infinity: the first label has no lower threshold, the last no upper one.
        steps = -np.concatenate([np.eye(count, count + 1), np.eye(count, count + 1, 1)])
        offset = np.log(-np.expm1(-np.diff(thresholds, prepend=-np.inf, append=np.inf)))
        wide, bias = np.zeros((2 * count, self.classes)), np.full(self.classes, ABSENT)
        wide[:, self.present] = steps - steps.mean(axis=1, keepdims=True)
        bias[self.present] = offset - offset.mean()
        return wide.astype(np.float32), bias.astype(np.float32)

    @property
    def rest_weight(self) -> np.ndarray:
        """Return the weights of the score with those of the block "head" set to zero.

        The result is float32 `[D]`.
        """
        weight = self.weight.copy()
        weight[: self.spans[0][1]] = 0
        return weight

    @property
    def logit_factors(self) -> np.ndarray:
        """Return the factors of the logits before the softmax (see `Head.logit_factors`)."""
        return np.where(self.present, 1 / self.correction, 1.0).astype(np.float32)

    def logits(self, features: np.ndarray) -> np.ndarray:
        """Compute calibrated class logits from embeddings (see `Head.logits`)."""
        return self._logits_of_scores(unit_blocks(features, self.spans, self.centre) @ self.weight)

    def probabilities(self, features: np.ndarray) -> np.ndarray:
        """Compute calibrated class probabilities from embeddings (see `Head.probabilities`)."""
        return softmax(self.logits(features) * self.logit_factors)

    def uncalibrated(self, features: np.ndarray, temperature: float) -> np.ndarray:
        """Compute class probabilities without temperature scaling (see `Head.uncalibrated`)."""
        factor = np.float32(temperature / self.correction)
        raw = replace(self, weight=self.weight * factor, thresholds=self.thresholds * factor, correction=1.0)
        return raw.probabilities(features)

    def evidence(self, features: np.ndarray, places: np.ndarray) -> np.ndarray:
        """Compute maps of the image evidence for each class (see `Head.evidence`).

        A position supports the labels that its own score falls into. Logits are not linear in the score, so the mean
        over the positions is not what the block "head" adds.
        """
        rest = (unit_blocks(features, self.spans, self.centre) @ self.rest_weight)[:, None, None]
        moved = places @ self.weight[: self.spans[0][1]] / first_block_length(features, self.spans)[..., 0]
        evidence: np.ndarray = self._logits_of_scores(rest + moved) - self._logits_of_scores(rest)
        return evidence

    def _logits_of_scores(self, score: np.ndarray) -> np.ndarray:
        """Convert ordinal scores to class logits along a new last axis."""
        matrix, offset = self.softplus_map
        above = score[..., None] - self.thresholds
        hinges = np.logaddexp(np.float32(0), np.concatenate([above, -above], axis=-1))
        logits: np.ndarray = hinges @ matrix + offset
        return logits
