"""The nearest learned picture and its distance."""

import numpy as np

from discern.heads import nearest_learned


def test_the_nearest_is_found_at_any_length():
    learned = np.array([[1, 0], [0, 1], [-1, 0]], np.float32)
    rows = np.array([[5, 0], [0.1, 0.1], [-2, -0.1], [0, 0]], np.float32)
    place, distance = nearest_learned(rows, learned)
    assert place.tolist()[:3] == [0, 0, 2]
    np.testing.assert_allclose(distance, [0, 1 - np.sqrt(0.5), 0.00125, 1], atol=1e-4)


def test_blocks_do_not_matter():
    random = np.random.default_rng(0)
    learned, rows = (random.normal(0, 1, (count, 5)).astype(np.float32) for count in (50, 2500))
    place, _ = nearest_learned(rows, learned)
    last = nearest_learned(rows[-1:], learned)[0]
    assert place[-1] == last[0]
