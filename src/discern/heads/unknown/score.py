"""How strange a picture is: fits the measures, chooses among their sums, and sets the threshold."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from scipy import linalg, stats

from discern.bundle.heads import MEASURES, UNKNOWN_BYTES, Span, UnknownScorer, log_sum_exp
from discern.heads.feature_space import FeatureSpace
from discern.heads.lda import Scatter

# Whitened cosine and energy see only what tells the known classes apart: alone they let other kinds of pictures pass.
CANDIDATES: Mapping[str, tuple[str, ...]] = {
    "mahalanobis+whitened+energy": ("mahalanobis", "whitened", "energy"),
    "cosine+mahalanobis+whitened+energy": MEASURES,
    "cosine+whitened": ("cosine", "whitened"),
    "cosine": ("cosine",),
    "mahalanobis": ("mahalanobis",),
}
FIXED = "cosine+mahalanobis+whitened+energy"
_ROUNDS = 4
_PASSES = 2
_LEARN_PROTOTYPES_FROM = 20_000
_SMALLEST_SPREAD = 1e-6
_CLEARLY = 0.01


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
    """Fit the measures' arrays; the standardisation is left at 0 and 1.

    Args:
        space: the coordinates of `scatter`, over all blocks.
        scatter: of the learned pictures.
        heads: float32 `[n, C]`, unit-length first blocks of learned pictures (a sample of many).
        weights: float64 `[n]`, theirs.
        spans: of the blocks.
        prototypes: how many centres at most.
        rank: how many directions within classes are discounted, at most.
        seed: of the prototypes' start.
    """
    within = _discounted(scatter, rank, space.dimensions)
    # As many class means as the size allows beside the rest; merged where there are more.
    room = (UNKNOWN_BYTES * 9 // 10) // 2 - prototypes * heads.shape[1] - rank * space.dimensions
    offsets = merge_rows(scatter.offsets, scatter.prior, max(1, room // space.dimensions), seed=seed)
    bent = offsets - (offsets @ within) @ within.T
    lengths = np.sqrt(np.maximum(np.einsum("kr,kr->k", offsets, bent), 0))
    bent /= np.maximum(lengths, np.finfo(np.float32).tiny)[:, None]
    ones = np.ones(len(MEASURES), np.float32)
    centre, directions, within = np.split(
        space.original(np.column_stack([scatter.centre, bent.T, within])), [1, 1 + len(bent)], axis=1
    )
    return UnknownScorer(
        spans=spans,
        prototypes=spherical_means(heads, weights, prototypes, seed=seed).astype(np.float16),
        scale=space.scale.astype(np.float32),
        centre=centre[:, 0].astype(np.float32),
        within=within.astype(np.float16),
        directions=directions.astype(np.float16),
        lengths=lengths.astype(np.float32),
        mean=ones * 0,
        spread=ones,
        share=ones,
    )


def _discounted(scatter: Scatter, rank: int, dimensions: int) -> np.ndarray:
    """Vectors U `[r, k]` so that the shrunk precision within classes is nearly (I - U U^T) times a constant.

    The strongest directions are kept, the others share their mean variance (Tipping and Bishop's probabilistic PCA).
    """
    rank = max(1, min(rank, len(scatter.covariance) - 1))
    values, vectors = top_directions(scatter.covariance, rank)
    shrinkage, level = scatter.shrinkage, scatter.level
    rest = (level * dimensions - values.sum()) / max(dimensions - len(values), 1)
    base = (1 - shrinkage) * max(rest, 0.0) + shrinkage * level
    strong = np.maximum((1 - shrinkage) * values + shrinkage * level, base)
    discounted: np.ndarray = vectors * np.sqrt(1 - base / np.maximum(strong, np.finfo(np.float64).tiny))
    return discounted


def top_directions(covariance: np.ndarray, rank: int) -> tuple[np.ndarray, np.ndarray]:
    """The largest eigenvalues `[rank]` and their vectors `[r, rank]`, by block power iteration (Halko et al., 2011)."""
    covariance, size = covariance.astype(np.float32), len(covariance)
    if size <= 4 * rank:
        values, vectors = linalg.eigh(covariance, check_finite=False)
        return values[::-1][:rank].clip(0), vectors[:, ::-1][:, :rank]
    block = np.random.default_rng(0).standard_normal((size, rank + rank // 8 + 4), np.float32)
    for _ in range(_PASSES):
        block = linalg.qr(covariance @ block, mode="economic", check_finite=False)[0]
    values, inner = linalg.eigh(block.T @ covariance @ block, check_finite=False)
    return values[::-1][:rank].clip(0), (block @ inner[:, ::-1])[:, :rank]


def spherical_means(rows: np.ndarray, weights: np.ndarray, count: int, *, seed: int) -> np.ndarray:
    """At most `count` unit-length centres `[count, C]` of unit-length rows `[n, C]`: spherical k-means.

    Equal rows count as one, with their weights added; where there are few different rows, these are the centres.
    """
    rows, weights = _distinct(rows, weights)
    if len(rows) <= count:
        return rows
    generator = np.random.default_rng(seed)
    if len(rows) > _LEARN_PROTOTYPES_FROM:
        taken = generator.choice(len(rows), _LEARN_PROTOTYPES_FROM, replace=False)
        rows, weights = rows[taken], weights[taken]
    return _lloyd(rows, weights, rows[generator.choice(len(rows), count, replace=False)], spherical=True)


def merge_rows(rows: np.ndarray, weights: np.ndarray, count: int, *, seed: int) -> np.ndarray:
    """At most `count` centres of rows `[n, r]`: the rows themselves, or k-means of them."""
    if len(rows) <= count:
        return rows
    start = np.random.default_rng(seed).choice(len(rows), count, replace=False)
    return _lloyd(rows, weights, rows[start], spherical=False)


def _lloyd(rows: np.ndarray, weights: np.ndarray, centres: np.ndarray, *, spherical: bool) -> np.ndarray:
    for _ in range(_ROUNDS):
        nearest = (rows @ centres.T - (0 if spherical else (centres**2).sum(axis=1) / 2)).argmax(axis=1)
        members = np.zeros((len(centres), len(rows)), rows.dtype)
        members[nearest, np.arange(len(rows))] = weights
        sums, mass = members @ rows, members.sum(axis=1)
        filled = mass > 0
        centres = centres.copy()
        centres[filled] = sums[filled] / mass[filled, None]
        if spherical:
            centres /= np.maximum(np.linalg.norm(centres, axis=1, keepdims=True), np.finfo(np.float32).tiny)
    return centres


def _distinct(rows: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    places: dict[bytes, int] = {}
    inverse = np.array([places.setdefault(row.tobytes(), len(places)) for row in rows])
    first = np.full(len(places), len(rows))
    np.minimum.at(first, inverse, np.arange(len(rows)))
    return rows[first], np.bincount(inverse, weights)


def standardise(scorer: UnknownScorer, measures: np.ndarray, weights: np.ndarray, candidate: str) -> UnknownScorer:
    """Set mean, spread and shares from the measures `[n, 4]` of known, held-out pictures."""
    mean = np.average(measures, axis=0, weights=weights)
    spread = np.sqrt(np.average((measures - mean) ** 2, axis=0, weights=weights))
    return replace(
        scorer,
        mean=mean.astype(np.float32),
        spread=np.maximum(spread, _SMALLEST_SPREAD).astype(np.float32),
        share=_shares(candidate).astype(np.float32),
    )


def with_energy(measures: np.ndarray, logits: np.ndarray) -> np.ndarray:
    """Measures `[n, 4]` whose last, the energy, is that of a head's calibrated logits `[n, K]`."""
    return np.column_stack([measures[:, :-1], -log_sum_exp(logits)])


def choose_sum(runs: Sequence[tuple[np.ndarray, np.ndarray]]) -> tuple[str, dict[str, float]]:
    """Choose the sum that best tells pictures of left-out classes from known ones.

    Args:
        runs: for each draw of classes the measures `[n, 4]` of pictures that were not learned from, and bool `[n]`,
            which of them show left-out classes. Without any the sum is `FIXED`.

    Returns:
        The candidate's name, and the mean AUROC of each. `FIXED` gives way only to one that is clearly better: a few
        left-out classes are a noisy judge, and only sums were found to be good for all kinds of strangers.
    """
    usable = [(measures, strange) for measures, strange in runs if strange.any() and not strange.all()]
    areas = {name: float(np.mean([_area(*run, name) for run in usable])) for name in CANDIDATES} if usable else {}
    best = max(areas, key=lambda name: areas[name], default=FIXED)
    return (best if areas and areas[best] > areas[FIXED] + _CLEARLY else FIXED), areas


def _area(measures: np.ndarray, strange: np.ndarray, candidate: str) -> float:
    """AUROC of a candidate, its measures standardised by the known pictures."""
    known = measures[~strange]
    standard = (measures - known.mean(axis=0)) / np.maximum(known.std(axis=0), _SMALLEST_SPREAD)
    ranks = stats.rankdata(standard @ _shares(candidate))
    count = strange.sum()
    return float((ranks[strange].sum() - count * (count + 1) / 2) / (count * (len(strange) - count)))


def _shares(candidate: str) -> np.ndarray:
    return np.array([name in CANDIDATES[candidate] for name in MEASURES]) / len(CANDIDATES[candidate])


def combine(scorer: UnknownScorer, measures: np.ndarray) -> np.ndarray:
    """Scores float32 `[n]` from measures `[n, 4]`, as `scorer` combines them."""
    scores: np.ndarray = ((measures - scorer.mean) / scorer.spread) @ scorer.share
    return scores


def rejection_threshold(scores: np.ndarray, weights: np.ndarray, false_rejection: float) -> float:
    """The score that a known picture exceeds with probability at most `false_rejection`.

    The conformal quantile of scores of pictures that the scorer had not seen: the (n + 1)(1 - a)-th smallest; the
    largest where there are too few.
    """
    order = np.argsort(scores, kind="stable")
    reached = np.cumsum(weights[order]) >= (weights.sum() + 1) * (1 - false_rejection) - 1e-9
    return float(scores[order][reached.argmax() if reached.any() else -1])
