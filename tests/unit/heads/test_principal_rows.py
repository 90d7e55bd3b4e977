"""Short coordinates: centred, few, and faithful to the distances."""

import numpy as np

from discern.heads import principal_rows


def test_rows_are_centred_and_short(make, blocks):
    made = make(120, 3)
    rows = principal_rows(made.features, blocks, rank=10)
    assert rows.shape == (120, 10)
    np.testing.assert_allclose(rows.mean(axis=0), 0, atol=1e-5)


def test_all_axes_keep_all_distances(make, blocks):
    made = make(60, 3)
    rows = principal_rows(made.features, blocks, rank=48)
    unit = np.concatenate(
        [
            made.features[:, start:end] / np.linalg.norm(made.features[:, start:end], axis=1, keepdims=True)
            for start, end in blocks.values()
        ],
        axis=1,
    )
    np.testing.assert_allclose(
        np.linalg.norm(rows[:-1] - rows[1:], axis=1), np.linalg.norm(unit[:-1] - unit[1:], axis=1), rtol=0.02
    )
