"""What stands behind a backbone: plain arrays that numpy computes here and `bundle.graph` writes into the model.

Both read an embedding the same way: each of its blocks is brought to unit length, so that neither a picture's contrast
nor a block's number of columns decides how loudly it speaks. What follows is affine, or a cosine.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from discern.errors import BundleError

Span = tuple[int, int]
MEASURES = ("cosine", "whitened", "mahalanobis", "energy")
UNKNOWN_BYTES = 2 << 20
SMALLEST_LENGTH = 1e-12
SMALLEST_SQUARE = 1e-12
# What a class that was not learned gets beside centred logits: a probability of at most exp(ABSENT), but not 0.
ABSENT = -14.0


def unit_blocks(features: np.ndarray, spans: Sequence[Span]) -> np.ndarray:
    """Bring each block of each row to unit length (a block of zeros stays zero).

    Args:
        features: `[N, D]`, any real dtype.
        spans: start and end of each block; they follow one another from 0 to D.

    Returns:
        float32 `[N, D]`.
    """
    features = np.asarray(features, np.float32)
    if features.ndim != 2 or features.shape[1] != spans[-1][1]:
        raise BundleError(f"These are features of shape {features.shape}; the head reads [N, {spans[-1][1]}].")
    rows = np.empty_like(features)
    for start, end in spans:
        block = features[:, start:end]
        rows[:, start:end] = block / np.maximum(np.linalg.norm(block, axis=1, keepdims=True), SMALLEST_LENGTH)
    return rows


class Head(Protocol):
    """Features to calibrated probabilities of K classes."""

    @property
    def spans(self) -> tuple[Span, ...]:
        """Start and end of the embedding's blocks, "head" first."""

    @property
    def classes(self) -> int:
        """K."""

    def logits(self, features: np.ndarray) -> np.ndarray:
        """Logarithms of the probabilities up to a constant of each row, float32 `[N, K]`, of features `[N, D]`."""

    def probabilities(self, features: np.ndarray) -> np.ndarray:
        """Calibrated probabilities, float32 `[N, K]`, rows summing to 1, of features `[N, D]`."""

    def uncalibrated(self, features: np.ndarray, temperature: float) -> np.ndarray:
        """Probabilities before the temperature that the head includes, float32 `[N, K]`."""

    def evidence(self, features: np.ndarray, places: np.ndarray) -> np.ndarray:
        """What the block "head" would add to each logit if all of a picture were like one place of it.

        Args:
            features: `[N, D]`.
            places: `[N, h, w, C]`, the map whose mean is the block "head".

        Returns:
            float32 `[N, h, w, K]`.
        """


@dataclass(frozen=True, kw_only=True, eq=False)
class LinearHead:
    """Features to calibrated probabilities: one affine map and a softmax.

    Attributes:
        spans: start and end of the embedding's blocks, "head" first.
        weight: float32 `[D, K]`, temperature included.
        bias: float32 `[K]`, temperature included.
    """

    spans: tuple[Span, ...]
    weight: np.ndarray
    bias: np.ndarray

    def __post_init__(self) -> None:
        check_spans(self.spans)
        check_array("weight", self.weight, (self.spans[-1][1], None))
        check_array("bias", self.bias, (self.weight.shape[1],))

    @property
    def classes(self) -> int:
        """K."""
        return int(self.weight.shape[1])

    @property
    def map_weight(self) -> np.ndarray:
        """float32 `[C, K]`: what one place of the feature map says for each label, before the unit length."""
        start, end = self.spans[0]
        return self.weight[start:end]

    def logits(self, features: np.ndarray) -> np.ndarray:
        """Calibrated logits, float32 `[N, K]`, of features `[N, D]`."""
        logits: np.ndarray = unit_blocks(features, self.spans) @ self.weight + self.bias
        return logits

    def probabilities(self, features: np.ndarray) -> np.ndarray:
        """Calibrated probabilities, float32 `[N, K]`, rows summing to 1, of features `[N, D]`."""
        return softmax(self.logits(features))

    def uncalibrated(self, features: np.ndarray, temperature: float) -> np.ndarray:
        """Probabilities before the temperature that the head includes, float32 `[N, K]`."""
        logits = self.logits(features)
        learned = ~((self.bias == np.float32(ABSENT)) & ~self.weight.any(axis=0))
        return softmax(np.where(learned, logits * np.float32(temperature), logits))

    def evidence(self, features: np.ndarray, places: np.ndarray) -> np.ndarray:
        """As `Head.evidence`; its mean over the places is what the block "head" adds to each logit."""
        evidence: np.ndarray = places @ self.map_weight / first_length(features, self.spans)
        return evidence


def softmax(logits: np.ndarray) -> np.ndarray:
    """Rows of logits `[N, K]` to rows of probabilities, of the same dtype."""
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares: np.ndarray = powers / powers.sum(axis=1, keepdims=True)
    return shares


@dataclass(frozen=True, kw_only=True, eq=False)
class UnknownScorer:
    """How strange a picture is: a weighted sum of four measures, each standardised by known, held-out pictures.

    * cosine: 1 minus the cosine to the nearest of some prototypes, on the first block, "head" (after Sun et al., ICML
      2022).
    * whitened: 1 minus the cosine to the nearest class mean, seen from the middle of all classes, where directions in
      which pictures of one class differ count for less.
    * mahalanobis: distance to the nearest class mean, likewise (Lee et al., NeurIPS 2018).
    * energy: minus the log-sum-exp of the head's logits (Liu et al., NeurIPS 2020).

    The first and third see that a picture is of another kind, the second and fourth that it is of no known class. With
    z a row of scaled blocks minus `centre`, the whitened squared length of z is |z|^2 - |z @ within|^2.

    Attributes:
        spans: start and end of the embedding's blocks, "head" first.
        prototypes: float16 `[Q, C]`, unit length.
        scale: float32 `[D]`, what unit-length blocks are multiplied by.
        centre: float32 `[D]`, mean of the scaled rows.
        within: float16 `[D, r]`.
        directions: float16 `[D, P]`, whose product with z is a whitened cosine times the whitened length of z.
        lengths: float32 `[P]`, whitened distance of each class mean from `centre`.
        mean: float32 `[4]`, of each measure over held-out known pictures.
        spread: float32 `[4]`, deviation there, positive.
        share: float32 `[4]`, what each standardised measure counts.
    """

    spans: tuple[Span, ...]
    prototypes: np.ndarray
    scale: np.ndarray
    centre: np.ndarray
    within: np.ndarray
    directions: np.ndarray
    lengths: np.ndarray
    mean: np.ndarray
    spread: np.ndarray
    share: np.ndarray

    def __post_init__(self) -> None:
        check_spans(self.spans)
        width = self.spans[-1][1]
        check_array("prototypes", self.prototypes, (None, self.spans[0][1]), np.float16)
        check_array("within", self.within, (width, None), np.float16)
        check_array("directions", self.directions, (width, None), np.float16)
        check_array("lengths", self.lengths, (self.directions.shape[1],))
        for name in ("scale", "centre"):
            check_array(name, getattr(self, name), (width,))
        for name in ("mean", "spread", "share"):
            check_array(name, getattr(self, name), (len(MEASURES),))
        if not (self.spread > 0).all():
            raise BundleError("An unknown score's spreads must be positive.")
        if self.nbytes > UNKNOWN_BYTES:
            raise BundleError(f"The unknown score takes {self.nbytes} bytes; at most {UNKNOWN_BYTES} may travel.")

    @property
    def nbytes(self) -> int:
        """Size of the arrays, in bytes."""
        return sum(value.nbytes for value in vars(self).values() if isinstance(value, np.ndarray))

    def measure(self, features: np.ndarray, logits: np.ndarray) -> np.ndarray:
        """The four measures, float32 `[N, 4]`, of features `[N, D]` and the head's logits `[N, K]` for them."""
        rows = unit_blocks(features, self.spans)
        cosine = 1 - (rows[:, : self.spans[0][1]] @ self.prototypes.astype(np.float32).T).max(axis=1)
        rows = rows * self.scale - self.centre
        inside = rows @ self.within.astype(np.float32)
        along = rows @ self.directions.astype(np.float32)
        square = np.maximum((rows**2).sum(axis=1) - (inside**2).sum(axis=1), SMALLEST_SQUARE)
        whitened = 1 - along.max(axis=1) / np.sqrt(square)
        nearest = square + (self.lengths**2 - 2 * self.lengths * along).min(axis=1)
        distance = np.sqrt(np.maximum(nearest, 0))
        return np.stack([cosine, whitened, distance, -log_sum_exp(logits)], axis=1)

    def score(self, features: np.ndarray, logits: np.ndarray) -> np.ndarray:
        """Larger is stranger; about 0 for known pictures. float32 `[N]`; arguments as `measure`."""
        standard = (self.measure(features, logits) - self.mean) / self.spread
        score: np.ndarray = standard @ self.share
        return score


def log_sum_exp(logits: np.ndarray) -> np.ndarray:
    """Over the columns of `[n, K]`, some of which may be minus infinity: `[n]`."""
    top = logits.max(axis=1)
    summed: np.ndarray = top + np.log(np.exp(logits - top[:, None]).sum(axis=1))
    return summed


def first_length(features: np.ndarray, spans: Sequence[Span]) -> np.ndarray:
    """Of each row's first block, `[N, 1, 1, 1]`, never 0."""
    start, end = spans[0]
    lengths = np.linalg.norm(np.asarray(features[:, start:end], np.float32), axis=1)
    return np.asarray(np.maximum(lengths, SMALLEST_LENGTH)[:, None, None, None])


def check_spans(spans: Sequence[Span]) -> None:
    """Refuse blocks that do not follow one another."""
    starts, ends = [start for start, _ in spans], [end for _, end in spans]
    if not spans or starts != [0, *ends[:-1]] or any(start >= end for start, end in spans):
        raise BundleError(f"The blocks {tuple(spans)} do not follow one another from column 0.")


def check_array(name: str, array: np.ndarray, shape: tuple[int | None, ...], dtype: type = np.float32) -> None:
    """Refuse an array of another shape (None: any length) or dtype, an empty one, and numbers that are not finite."""
    fits = array.ndim == len(shape) and all(want in (None, have) for want, have in zip(shape, array.shape, strict=True))
    if not fits or array.dtype != dtype or 0 in array.shape:
        raise BundleError(f"{name} is {array.dtype} {array.shape}; {np.dtype(dtype)} {shape} is needed.")
    if not np.isfinite(array).all():
        raise BundleError(f"{name} holds numbers that are not finite.")
