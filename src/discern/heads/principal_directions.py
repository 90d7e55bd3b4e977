"""The directions in which pictures differ most, found in a sample: most of what a head sees, in far fewer numbers."""

from collections.abc import Sequence

import numpy as np

from discern.bundle.heads import Span, unit_blocks
from discern.heads.feature_space import Features, FeatureSpace, block_scales
from discern.heads.unknown.score import top_directions
from discern.parallel import single_threaded_blas

_SAMPLE = 2000
_NEGLIGIBLE = 1e-6


def principal_directions(
    features: Features, spans: Sequence[Span], scales: Sequence[float], *, rank: int, seed: int
) -> FeatureSpace:
    """A space of at most `rank` strongest directions of two thousand of the rows; arguments else as `FeatureSpace`."""
    shown = np.arange(len(features))
    if len(shown) > _SAMPLE:
        shown = np.sort(np.random.default_rng(seed).choice(shown, _SAMPLE, replace=False))
    rows = np.asarray(features[shown], np.float32)[:, : spans[-1][1]]
    sample = unit_blocks(rows, spans) * block_scales(spans, scales)
    # Many cores would wait for each other over so small products.
    with single_threaded_blas():
        values, vectors = top_directions(sample @ sample.T, min(rank, len(sample)))
        kept = values > _NEGLIGIBLE * values[0]
        basis = sample.T @ (vectors[:, kept] / np.sqrt(values[kept])).astype(np.float32)
    return FeatureSpace(features, spans, scales, basis=basis)
