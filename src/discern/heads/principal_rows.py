"""Short coordinates of pictures: their embeddings on a few principal axes."""

from collections.abc import Mapping

import numpy as np

from discern.bundle.heads import Span
from discern.heads.feature_space import BLOCK, Features, FeatureSpace


def principal_rows(features: Features, blocks: Mapping[str, Span], *, rank: int, seed: int = 0) -> np.ndarray:
    """Compute coordinates of features on their first principal axes, centred.

    Args:
        features: `[N, D]`.
        blocks: start and end of the embedding's named blocks, each of which is scaled to unit length.
        rank: most coordinates.
        seed: random seed of the sample that the axes are computed from.

    Returns:
        float32 `[N, r]`.
    """
    space = FeatureSpace.of_rank(features, tuple(blocks.values()), [1.0] * len(blocks), rank=rank, seed=seed)
    parts = np.array_split(np.arange(len(features)), -(-len(features) // BLOCK))
    rows = np.concatenate([space.rows(part) for part in parts]).astype(np.float32, copy=False)
    centred: np.ndarray = rows - rows.mean(axis=0)
    return centred
