"""The directions in which pictures differ most, found in a sample: most of what a head sees, in far fewer numbers."""

from collections.abc import Sequence

import numpy as np

from discern.bundle.parts import Span, unit_blocks
from discern.cores import one_core_each
from discern.heads.spaces import Features, Space, block_scales
from discern.heads.strangers import top_directions

_SAMPLE = 2000
_NEGLIGIBLE = 1e-6


def narrow(features: Features, spans: Sequence[Span], scales: Sequence[float], *, rank: int, seed: int) -> Space:
    """A space of at most `rank` strongest directions of two thousand of the rows; arguments else as `Space`."""
    shown = np.arange(len(features))
    if len(shown) > _SAMPLE:
        shown = np.sort(np.random.default_rng(seed).choice(shown, _SAMPLE, replace=False))
    rows = np.asarray(features[shown], np.float32)[:, : spans[-1][1]]
    sample = unit_blocks(rows, spans) * block_scales(spans, scales)
    # Many cores would wait for each other over so small products.
    with one_core_each():
        values, vectors = top_directions(sample @ sample.T, min(rank, len(sample)))
        kept = values > _NEGLIGIBLE * values[0]
        basis = sample.T @ (vectors[:, kept] / np.sqrt(values[kept])).astype(np.float32)
    return Space(features, spans, scales, basis=basis)
