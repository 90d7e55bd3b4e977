"""Blocks are scaled to unit length, and features of another width are rejected."""

import numpy as np
import pytest

from discern.bundle.heads import unit_blocks
from discern.errors import BundleError

SPANS = ((0, 4), (4, 6))


def test_each_block_gets_unit_length():
    features = np.random.default_rng(0).standard_normal((5, 6)).astype(np.float32)
    rows = unit_blocks(features, SPANS)
    assert rows.dtype == np.float32
    for start, end in SPANS:
        np.testing.assert_allclose(np.linalg.norm(rows[:, start:end], axis=1), 1, rtol=1e-6)
    np.testing.assert_allclose(unit_blocks(features * 7, SPANS), rows, atol=1e-6)


def test_a_block_of_zeros_stays_zero():
    np.testing.assert_array_equal(unit_blocks(np.zeros((1, 6)), SPANS), np.zeros((1, 6)))


def test_features_of_another_width_are_rejected():
    with pytest.raises(BundleError, match=r"shape \[N, 6\], not \[2, 5\]"):
        unit_blocks(np.zeros((2, 5)), SPANS)


def test_a_constant_is_subtracted_from_the_later_blocks_at_unit_length():
    features = np.random.default_rng(0).standard_normal((5, 6)).astype(np.float32)
    centre = np.array([9, 9, 9, 9, 0.4, -0.2], np.float32)
    plain, rows = unit_blocks(features, SPANS), unit_blocks(features, SPANS, centre)
    np.testing.assert_array_equal(rows[:, :4], plain[:, :4])
    rest = plain[:, 4:] - centre[4:]
    np.testing.assert_allclose(rows[:, 4:], rest / np.linalg.norm(rest, axis=1, keepdims=True), atol=1e-6)
    np.testing.assert_allclose(unit_blocks(features * 7, SPANS, centre), rows, atol=1e-6)


def test_a_block_equal_to_the_constant_becomes_zero():
    rows = unit_blocks(np.array([[1, 0, 0, 0, 2, 0]], np.float32), SPANS, np.array([0, 0, 0, 0, 1, 0], np.float32))
    np.testing.assert_array_equal(rows, [[1, 0, 0, 0, 0, 0]])
