"""Out-of-distribution scorer, which detects images that belong to none of the known classes."""

from dataclasses import dataclass

import numpy as np

from discern.bundle.heads.embedding_blocks import Span, check_array, check_spans, unit_blocks
from discern.bundle.heads.logits import log_sum_exp
from discern.errors import BundleError

MEASURES = ("cosine", "whitened", "mahalanobis", "energy")
UNKNOWN_BYTES = 2 << 20  # keeps bundles small whatever the number of classes; not tuned
SMALLEST_SQUARE = 1e-12


@dataclass(frozen=True, kw_only=True, eq=False)
class UnknownScorer:
    """Out-of-distribution scorer that combines four distances between an image and the training images.

    The score is a weighted sum of four measures, each standardised on held-out pictures of the known classes:

    * cosine: 1 minus the cosine to the nearest of some prototypes, on the first block, "head" (after Sun et al., ICML
      2022).
    * whitened: 1 minus the cosine to the nearest class mean, measured from the mean of all classes, where directions
      of within-class variation count less.
    * mahalanobis: distance to the nearest class mean, whitened likewise (Lee et al., NeurIPS 2018).
    * energy: minus the log-sum-exp of the head's logits (Liu et al., NeurIPS 2020).

    The first and third detect pictures unlike all training pictures, the second and fourth those that are near them
    but fit no class. With z a row of scaled blocks minus `centre`, the whitened squared length of z is
    |z|^2 - |z @ within|^2.

    Attributes:
        spans: start and end of the embedding's blocks, "head" first.
        prototypes: float16 `[Q, C]`, unit length.
        scale: float32 `[D]`, multiplied with the unit-length blocks.
        centre: float32 `[D]`, mean of the scaled rows.
        within: float16 `[D, r]`.
        directions: float16 `[D, P]`, whose product with z is a whitened cosine times the whitened length of z.
        lengths: float32 `[P]`, whitened distance of each class mean from `centre`.
        mean: float32 `[4]`, mean of each measure over held-out known pictures.
        spread: float32 `[4]`, standard deviation there, positive.
        share: float32 `[4]`, weight of each standardised measure.
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
            raise BundleError("The standard deviations of the unknown score must be positive.")
        if self.nbytes > UNKNOWN_BYTES:
            raise BundleError(f"The unknown scorer takes {self.nbytes} bytes; a bundle may hold {UNKNOWN_BYTES}.")

    @property
    def nbytes(self) -> int:
        """Return the total size of the scorer's arrays in bytes."""
        return sum(value.nbytes for value in vars(self).values() if isinstance(value, np.ndarray))

    def measure(self, features: np.ndarray, logits: np.ndarray) -> np.ndarray:
        """Compute the four distance measures of each image from its embedding and logits.

        Maps features `[N, D]` and logits `[N, K]` to float32 `[N, 4]`.
        """
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
        """Compute the out-of-distribution score of each image.

        Takes the arguments of `measure`. Larger is farther; known pictures score about 0.
        """
        standard = (self.measure(features, logits) - self.mean) / self.spread
        score: np.ndarray = standard @ self.share
        return score
