"""Functions that compute the predictions for a learning curve by cross-validation."""

from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np

from discern.bundle.heads import Span
from discern.heads.feature_space import BLOCK, Features, FeatureSpace
from discern.heads.lda import Scatter, fit_lda
from discern.heads.moments import Moments
from discern.parallel import parallel_map, single_threaded_blas

# Twenty fits then take about a second; the shape of the curve is what matters, so it was not tuned for accuracy.
_RANK = 256
_NO_ROWS = np.zeros(0, np.int64)


@single_threaded_blas()
def subsample_predictions(
    features: Features,
    labels: np.ndarray,
    fold: np.ndarray,
    group: np.ndarray,
    *,
    shares: Sequence[float],
    blocks: Mapping[str, Span],
    left_out: Mapping[int, np.ndarray] | None = None,
    weights: np.ndarray | None = None,
    seed: int = 0,
) -> np.ndarray:
    """Compute out-of-fold LDA predictions for a learning curve.

    Subsamples of the training groups are stratified by class and nested: a larger share includes all groups of a
    smaller one. The features are projected on their 256 first principal directions.

    Args:
        features: `[N, D]`.
        labels: int `[N]`, from 0.
        fold: int `[N]`; pictures of fold -1 are in every training set and not predicted.
        group: int `[N]`.
        shares: shares of each class's groups, in 0..1; at least one group of each is used.
        blocks: start and end of the embedding's named blocks.
        left_out: fold -> positions excluded from training when that fold is predicted.
        weights: float64 `[N]`, sample weights; None: 1 each.
        seed: random seed of the order in which groups are added.

    Returns:
        int64 `[S, N]`, the predicted labels for each share; -1 for pictures of no fold.
    """
    wide = FeatureSpace.of_rank(features, tuple(blocks.values()), [1.0] * len(blocks), rank=_RANK, seed=seed)
    space = FeatureSpace(
        np.concatenate([wide.rows(block) for block in _split_in_blocks(len(features))]), ((0, wide.width),), (1.0,)
    )
    weights = np.ones(len(labels)) if weights is None else np.asarray(weights, np.float64)
    predicted = np.full((len(shares), len(labels)), -1, np.int64)
    first_share = _first_shares(labels, group, seed)

    def predict_fold(place: int, number: int) -> None:
        training = (fold != number) & (first_share <= shares[place])
        training[(left_out or {}).get(number, _NO_ROWS)] = False
        test_rows = np.flatnonzero(fold == number)
        rows = np.flatnonzero(training)
        if len(rows):
            moments = Moments.from_rows(space, rows, labels, weights, int(labels.max()) + 1)
            scatter = Scatter.from_moments(moments, space.dimensions)
            linear = fit_lda(scatter, scatter.shrinkage)
            logits = np.where(linear.present, linear.logits(space.rows(test_rows)), -np.inf)
            predicted[place, test_rows] = logits.argmax(axis=1)

    numbers = np.unique(fold[fold >= 0]).tolist()
    jobs = [partial(predict_fold, place, number) for place in range(len(shares)) for number in numbers]
    for _ in parallel_map(jobs):
        pass
    return predicted


def _split_in_blocks(count: int) -> list[np.ndarray]:
    return np.array_split(np.arange(count), -(-count // BLOCK))


def _first_shares(labels: np.ndarray, group: np.ndarray, seed: int) -> np.ndarray:
    """Return the smallest training share that includes each image.

    The groups of a class are added in random order.
    """
    generator = np.random.default_rng(seed)
    pairs, first, inverse = np.unique(np.stack([labels, group]), axis=1, return_index=True, return_inverse=True)
    first_share = np.zeros(pairs.shape[1])
    for label in np.unique(labels):
        own = np.flatnonzero(pairs[0] == label)
        # In order of appearance: group numbers are arbitrary and must not matter.
        own = own[np.argsort(first[own])]
        first_share[generator.permutation(own)] = np.arange(len(own)) / len(own)
    return np.asarray(first_share[inverse.ravel()])
