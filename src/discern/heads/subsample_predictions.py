"""What a quick head would have answered, had there been fewer pictures to learn from."""

from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np

from discern.bundle.heads import Span
from discern.heads.feature_space import BLOCK, Features, FeatureSpace
from discern.heads.lda import Scatter, fit_lda
from discern.heads.moments import Moments
from discern.heads.principal_directions import principal_directions
from discern.parallel import parallel_map

_RANK = 256
_NOBODY = np.zeros(0, np.int64)


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
    """Answer each fold by discriminants of growing shares of the other folds' groups, class by class.

    The features are brought to their 256 strongest directions first, so that many fits cost little: the curve's shape
    is what counts. A larger share has all groups of a smaller one.

    Args:
        features: `[N, D]`.
        labels: int `[N]`, from 0.
        fold: int `[N]`; pictures of fold -1 are learned from and not answered.
        group: int `[N]`.
        shares: of each class's groups, in 0..1; at least one group of each is taken.
        blocks: start and end of the embedding's named blocks.
        left_out: fold -> positions not to be learned from while that fold is answered.
        weights: float64 `[N]`; None: 1 each.
        seed: of the order in which groups come in.

    Returns:
        int64 `[S, N]`, the labels answered; -1 for pictures in no fold.
    """
    wide = principal_directions(features, tuple(blocks.values()), [1.0] * len(blocks), rank=_RANK, seed=seed)
    space = FeatureSpace(
        np.concatenate([wide.rows(some) for some in _blocks(len(features))]), ((0, wide.width),), (1.0,)
    )
    weights = np.ones(len(labels)) if weights is None else np.asarray(weights, np.float64)
    answers = np.full((len(shares), len(labels)), -1, np.int64)
    comes = _coming(labels, group, seed)

    def answer(place: int, number: int) -> None:
        learned = (fold != number) & (comes <= shares[place])
        learned[(left_out or {}).get(number, _NOBODY)] = False
        judged = np.flatnonzero(fold == number)
        rows = np.flatnonzero(learned)
        if len(rows):
            moments = Moments.of(space, rows, labels, weights, int(labels.max()) + 1)
            scatter = Scatter.of(moments, space.dimensions)
            linear = fit_lda(scatter, scatter.shrinkage)
            logits = np.where(linear.present, linear.logits(space.rows(judged)), -np.inf)
            answers[place, judged] = logits.argmax(axis=1)

    numbers = np.unique(fold[fold >= 0]).tolist()
    for _ in parallel_map([partial(answer, place, number) for place in range(len(shares)) for number in numbers]):
        pass
    return answers


def _blocks(count: int) -> list[np.ndarray]:
    return np.array_split(np.arange(count), -(-count // BLOCK))


def _coming(labels: np.ndarray, group: np.ndarray, seed: int) -> np.ndarray:
    """From which share on each picture is learned from: groups of a class come in one by one, in a random order."""
    generator = np.random.default_rng(seed)
    pairs, first, inverse = np.unique(np.stack([labels, group]), axis=1, return_index=True, return_inverse=True)
    comes = np.zeros(pairs.shape[1])
    for label in np.unique(labels):
        own = np.flatnonzero(pairs[0] == label)
        # By appearance, so that numbers of groups that mean nothing decide nothing.
        own = own[np.argsort(first[own])]
        comes[generator.permutation(own)] = np.arange(len(own)) / len(own)
    return np.asarray(comes[inverse.ravel()])
