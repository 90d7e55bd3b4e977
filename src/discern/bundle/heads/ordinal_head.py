"""The head of labels in an order: plain arrays, computed by numpy here and by `bundle.graph` in the model."""

from dataclasses import dataclass, replace

import numpy as np

from discern.bundle.heads.linear_head import ABSENT, Span, check_array, check_spans, first_length, softmax, unit_blocks
from discern.errors import BundleError


@dataclass(frozen=True, kw_only=True, eq=False)
class OrdinalHead:
    """Features to calibrated probabilities of labels in an order: one score, and thresholds that it passes.

    Proportional odds (McCullagh, JRSS B 1980): P(label <= k) = sigmoid(threshold_k - score). The logarithm of what lies
    between two thresholds is a constant minus softplus(score - upper) and softplus(lower - score), so that the logits
    are an affine map of 2 (P - 1) softplus. They are centred over the labels that were learned, as those of a linear
    head are: their log-sum-exp is large where the score lies deep within a label.

    Attributes:
        spans: start and end of the embedding's blocks, "head" first.
        weight: float32 `[D]`, of the score, temperature included.
        thresholds: float32 `[P - 1]`, strictly rising, temperature included.
        present: bool `[K]`, which P labels, at least two, were learned; the others get a logit of `ABSENT`.
    """

    spans: tuple[Span, ...]
    weight: np.ndarray
    thresholds: np.ndarray
    present: np.ndarray

    def __post_init__(self) -> None:
        check_spans(self.spans)
        check_array("weight", self.weight, (self.spans[-1][1],))
        check_array("present", self.present, (None,), np.bool_)
        check_array("thresholds", self.thresholds, (int(self.present.sum()) - 1,))
        if (np.diff(self.thresholds) <= 0).any():
            raise BundleError(f"The thresholds {self.thresholds.tolist()} do not rise.")

    @property
    def classes(self) -> int:
        """K."""
        return len(self.present)

    @property
    def steps(self) -> tuple[np.ndarray, np.ndarray]:
        """What each softplus adds to each logit, float32 `[2 (P - 1), K]`, and the logits without them, `[K]`."""
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
        """float32 `[D]`: `weight` where the block "head" is silent."""
        weight = self.weight.copy()
        weight[: self.spans[0][1]] = 0
        return weight

    def logits(self, features: np.ndarray) -> np.ndarray:
        """Logarithms of the probabilities up to a constant of each row, float32 `[N, K]`, of features `[N, D]`."""
        return self._climb(unit_blocks(features, self.spans) @ self.weight)

    def probabilities(self, features: np.ndarray) -> np.ndarray:
        """Calibrated probabilities, float32 `[N, K]`, rows summing to 1, of features `[N, D]`."""
        return softmax(self.logits(features))

    def uncalibrated(self, features: np.ndarray, temperature: float) -> np.ndarray:
        """Probabilities before the temperature, which divided score and thresholds, float32 `[N, K]`."""
        factor = np.float32(temperature)
        return replace(self, weight=self.weight * factor, thresholds=self.thresholds * factor).probabilities(features)

    def evidence(self, features: np.ndarray, places: np.ndarray) -> np.ndarray:
        """As `Head.evidence`: a place speaks for a label where it alone would bring the score there.

        Places that push the score too low or too high speak against a label in the middle. Logits bend with the score,
        so the mean over the places is not what the block "head" adds.
        """
        rest = (unit_blocks(features, self.spans) @ self.rest_weight)[:, None, None]
        moved = places @ self.weight[: self.spans[0][1]] / first_length(features, self.spans)[..., 0]
        evidence: np.ndarray = self._climb(rest + moved) - self._climb(rest)
        return evidence

    def _climb(self, score: np.ndarray) -> np.ndarray:
        """Logits float32 `[..., K]` of scores `[...]`."""
        steps, offset = self.steps
        above = score[..., None] - self.thresholds
        hinges = np.logaddexp(np.float32(0), np.concatenate([above, -above], axis=-1))
        logits: np.ndarray = hinges @ steps + offset
        return logits
