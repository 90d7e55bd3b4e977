"""Functions that fit an out-of-distribution score and its rejection threshold.

The score is a sum of out-of-distribution measures: four are fitted, and the best sum is selected.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from discern.bundle.heads import MEASURES, UNKNOWN_BYTES, Span, UnknownScorer, log_sum_exp
from discern.heads.feature_space import FeatureSpace, top_directions
from discern.heads.lda import Scatter

# Sums of standardised measures. Whitened cosine and energy see only directions that separate the known classes: alone
# they accept unrelated pictures.
CANDIDATES: Mapping[str, tuple[str, ...]] = {
    "mahalanobis+whitened+energy": ("mahalanobis", "whitened", "energy"),
    "cosine+mahalanobis+whitened+energy": MEASURES,
    "cosine+whitened": ("cosine", "whitened"),
    "cosine": ("cosine",),
    "mahalanobis": ("mahalanobis",),
}
DEFAULT_SUM = "cosine+mahalanobis+whitened+energy"
_K_MEANS_ITERATIONS = 4  # caps the time; not tuned
_MAX_K_MEANS_ROWS = 20_000
_SMALLEST_DEVIATION = 1e-6
_LEAST_AUROC_GAIN = 0.01  # not tuned


def fit_unknown_scorer(
    space: FeatureSpace,
    scatter: Scatter,
    heads: np.ndarray,
    weights: np.ndarray,
    spans: tuple[Span, ...],
    *,
    prototypes: int,
    rank: int,
    seed: int,
) -> UnknownScorer:
    """Fit the four measures that make up the out-of-distribution score.

    The measures are not standardised yet: their mean stays 0 and their deviation 1.

    Args:
        space: the coordinates of `scatter`, over all blocks.
        scatter: of the training pictures.
        heads: float32 `[n, C]`, unit-length first blocks of the training pictures (or of a sample).
        weights: float64 `[n]`, their sample weights.
        spans: start and end of each block.
        prototypes: largest number of k-means centres.
        rank: largest number of within-class directions to discount.
        seed: random seed of k-means.
    """
    within = _within_class_directions(scatter, rank, space.dimensions)
    # The size limit leaves room for this many class means; more of them are merged.
    room = (UNKNOWN_BYTES * 9 // 10) // 2 - prototypes * heads.shape[1] - rank * space.dimensions
    offsets = k_means_centres(scatter.offsets, scatter.prior, max(1, room // space.dimensions), seed=seed)
    projected = offsets - (offsets @ within) @ within.T
    lengths = np.sqrt(np.maximum(np.einsum("kr,kr->k", offsets, projected), 0))
    projected /= np.maximum(lengths, np.finfo(np.float32).tiny)[:, None]
    ones = np.ones(len(MEASURES), np.float32)
    centre, directions, within = np.split(
        space.inverse_transform(np.column_stack([scatter.centre, projected.T, within])), [1, 1 + len(projected)], axis=1
    )
    return UnknownScorer(
        spans=spans,
        prototypes=spherical_k_means(heads, weights, prototypes, seed=seed).astype(np.float16),
        scale=space.scale.astype(np.float32),
        centre=centre[:, 0].astype(np.float32),
        within=within.astype(np.float16),
        directions=directions.astype(np.float16),
        lengths=lengths.astype(np.float32),
        mean=ones * 0,
        spread=ones,
        share=ones,
    )


def _within_class_directions(scatter: Scatter, rank: int, dimensions: int) -> np.ndarray:
    """Compute the feature directions with the largest within-class variance.

    The vectors U `[r, k]` are such that the shrunk within-class precision is close to a multiple of I - U U^T. The
    largest eigenvalues are kept, the others replaced by their mean (probabilistic PCA, Tipping and Bishop 1999).
    """
    rank = max(1, min(rank, len(scatter.covariance) - 1))
    values, vectors = top_directions(scatter.covariance, rank)
    shrinkage, level = scatter.shrinkage, scatter.level
    rest = (level * dimensions - values.sum()) / max(dimensions - len(values), 1)
    base = (1 - shrinkage) * max(rest, 0.0) + shrinkage * level
    strong = np.maximum((1 - shrinkage) * values + shrinkage * level, base)
    directions: np.ndarray = vectors * np.sqrt(1 - base / np.maximum(strong, np.finfo(np.float64).tiny))
    return directions


def spherical_k_means(rows: np.ndarray, weights: np.ndarray, count: int, *, seed: int) -> np.ndarray:
    """Cluster unit-length rows by spherical k-means.

    Equal rows are merged and their weights added; if no more than `count` are left, these are the centres.

    Returns:
        At most `count` unit-length centres, `[count, C]`.
    """
    rows, weights = _distinct(rows, weights)
    if len(rows) <= count:
        return rows
    generator = np.random.default_rng(seed)
    if len(rows) > _MAX_K_MEANS_ROWS:
        sample = generator.choice(len(rows), _MAX_K_MEANS_ROWS, replace=False)
        rows, weights = rows[sample], weights[sample]
    return _lloyd(rows, weights, rows[generator.choice(len(rows), count, replace=False)], spherical=True)


def k_means_centres(rows: np.ndarray, weights: np.ndarray, count: int, *, seed: int) -> np.ndarray:
    """Compute the k-means centres of rows, at most one for each row."""
    if len(rows) <= count:
        return rows
    start = np.random.default_rng(seed).choice(len(rows), count, replace=False)
    return _lloyd(rows, weights, rows[start], spherical=False)


def _lloyd(rows: np.ndarray, weights: np.ndarray, centres: np.ndarray, *, spherical: bool) -> np.ndarray:
    weighted = rows * weights[:, None].astype(rows.dtype)
    nearest = np.full(len(rows), -1)
    for _ in range(_K_MEANS_ITERATIONS):
        before = nearest
        nearest = (rows @ centres.T - (0 if spherical else (centres**2).sum(axis=1) / 2)).argmax(axis=1)
        if np.array_equal(nearest, before):
            break
        order = np.argsort(nearest, kind="stable")
        filled, starts = np.unique(nearest[order], return_index=True)
        mass = np.bincount(nearest, weights)[filled].astype(rows.dtype)
        centres = centres.copy()
        centres[filled] = np.add.reduceat(weighted[order], starts, axis=0) / mass[:, None]
        if spherical:
            centres /= np.maximum(np.linalg.norm(centres, axis=1, keepdims=True), np.finfo(np.float32).tiny)
    return centres


def _distinct(rows: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Merge identical rows in order of appearance and add up their weights."""
    places: dict[bytes, int] = {}
    inverse = np.array([places.setdefault(row.tobytes(), len(places)) for row in rows])
    first = np.full(len(places), len(rows))
    np.minimum.at(first, inverse, np.arange(len(rows)))
    return rows[first], np.bincount(inverse, weights)


def standardise(scorer: UnknownScorer, measures: np.ndarray, weights: np.ndarray, candidate: str) -> UnknownScorer:
    """Standardise the out-of-distribution measures on known images and select a sum of them."""
    mean = np.average(measures, axis=0, weights=weights)
    spread = np.sqrt(np.average((measures - mean) ** 2, axis=0, weights=weights))
    return replace(
        scorer,
        mean=mean.astype(np.float32),
        spread=np.maximum(spread, _SMALLEST_DEVIATION).astype(np.float32),
        share=_sum_weights(candidate).astype(np.float32),
    )


def with_energy(measures: np.ndarray, logits: np.ndarray) -> np.ndarray:
    """Replace the energy in the out-of-distribution measures with that of calibrated logits."""
    return np.column_stack([measures[:, :-1], -log_sum_exp(logits)])


def select_sum(runs: Sequence[tuple[np.ndarray, np.ndarray]]) -> tuple[str, dict[str, float]]:
    """Select the sum of out-of-distribution measures with the best AUROC on held-out classes.

    Args:
        runs: for each draw of classes, the measures `[n, 4]` of held-out pictures, and bool `[n]`, True for those of
            held-out classes. Without any run the sum is `DEFAULT_SUM`.

    Returns:
        The candidate's name, and the mean AUROC of each candidate. `DEFAULT_SUM` is replaced only by a clearly better
        one: a few held-out classes are a noisy estimate, and only sums detected every kind of unknown picture.
    """
    usable = [(measures, unknown) for measures, unknown in runs if unknown.any() and not unknown.all()]
    areas = {name: float(np.mean([_auroc(*run, name) for run in usable])) for name in CANDIDATES} if usable else {}
    best = max(areas, key=lambda name: areas[name], default=DEFAULT_SUM)
    return (best if areas and areas[best] > areas[DEFAULT_SUM] + _LEAST_AUROC_GAIN else DEFAULT_SUM), areas


def _auroc(measures: np.ndarray, unknown: np.ndarray, candidate: str) -> float:
    """Compute the AUROC of a sum of out-of-distribution measures."""
    known = measures[~unknown]
    standard = (measures - known.mean(axis=0)) / np.maximum(known.std(axis=0), _SMALLEST_DEVIATION)
    ranks = average_ranks(standard @ _sum_weights(candidate))
    count = unknown.sum()
    return float((ranks[unknown].sum() - count * (count + 1) / 2) / (count * (len(unknown) - count)))


def average_ranks(values: np.ndarray) -> np.ndarray:
    """Return the rank of each value from 1, equal values sharing the mean of their ranks."""
    _, place, count = np.unique(values, return_inverse=True, return_counts=True)
    return np.asarray((np.cumsum(count) - (count - 1) / 2)[place])


def _sum_weights(candidate: str) -> np.ndarray:
    return np.array([name in CANDIDATES[candidate] for name in MEASURES]) / len(CANDIDATES[candidate])


def combine(scorer: UnknownScorer, measures: np.ndarray) -> np.ndarray:
    """Combine the out-of-distribution measures of images into scores."""
    scores: np.ndarray = ((measures - scorer.mean) / scorer.spread) @ scorer.share
    return scores


def rejection_threshold(scores: np.ndarray, weights: np.ndarray, false_rejection: float) -> float:
    """Compute the out-of-distribution threshold for a given false rejection rate.

    A known picture exceeds it with probability at most `false_rejection` (a). It is the conformal quantile of held-out
    scores: the (n + 1)(1 - a)-th smallest; the largest if there are too few.
    """
    order = np.argsort(scores, kind="stable")
    reaches = np.cumsum(weights[order]) >= (weights.sum() + 1) * (1 - false_rejection) - 1e-9
    return float(scores[order][reaches.argmax() if reaches.any() else -1])
