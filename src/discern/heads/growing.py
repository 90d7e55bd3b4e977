"""What a quick head would have answered, had there been fewer pictures to learn from."""

from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np

from discern.bundle.parts import Span, unit_blocks
from discern.cores import one_core_each, side_by_side
from discern.heads.discriminant import Scatter, fit_discriminant
from discern.heads.moments import Moments
from discern.heads.spaces import Features, Space, in_blocks
from discern.heads.strangers import top_directions

_RANK = 256
_SHOWN = 1000
_NEGLIGIBLE = 1e-6
_NOBODY = np.zeros(0, np.int64)


def answer_with_less(
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
    with one_core_each():
        space = _quick(features, tuple(blocks.values()), seed)
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
            linear = fit_discriminant(scatter, scatter.shrinkage)
            logits = np.where(linear.present, linear.logits(space.rows(judged)), -np.inf)
            answers[place, judged] = logits.argmax(axis=1)

    numbers = np.unique(fold[fold >= 0]).tolist()
    for _ in side_by_side([partial(answer, place, number) for place in range(len(shares)) for number in numbers]):
        pass
    return answers


def _quick(features: Features, spans: tuple[Span, ...], seed: int) -> Space:
    """The rows in the strongest directions of a sample of them."""
    shown = np.arange(len(features))
    if len(shown) > _SHOWN:
        shown = np.sort(np.random.default_rng(seed).choice(shown, _SHOWN, replace=False))
    sample = unit_blocks(np.asarray(features[shown], np.float32), spans)
    values, vectors = top_directions(sample @ sample.T, min(_RANK, len(sample)))
    kept = values > _NEGLIGIBLE * values[0]
    directions = sample.T @ (vectors[:, kept] / np.sqrt(values[kept])).astype(np.float32)
    projected = np.concatenate([unit_blocks(rows, spans) @ directions for _, rows in in_blocks(features)])
    return Space(projected, ((0, projected.shape[1]),), (1.0,))


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
