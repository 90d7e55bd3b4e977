"""Maps that stretch a part of a picture are distinguished from changes of its aspect ratio."""

import numpy as np
import pytest

from discern.grouping.near_copies.squash import aspects_vary, is_shape_kept, shapes_differ, true_maps

SQUARE = np.array([[1.0, 1.0]], np.float32)
WIDE = np.array([[1.5, 1.0]], np.float32)
TALL = np.array([[1.0, 1.5]], np.float32)


def maps(*matrix):
    return np.concatenate([np.array([matrix], np.float32), np.zeros((1, 2, 1), np.float32)], axis=2)


def test_only_different_aspect_ratios_vary():
    assert aspects_vary(np.concatenate([WIDE, WIDE, SQUARE]))
    assert not aspects_vary(np.concatenate([WIDE, WIDE * [1.02, 1]]))


@pytest.mark.parametrize(
    ("wide", "narrow", "angle", "differ"),
    [
        (WIDE, SQUARE, 0, True),
        (WIDE, WIDE, 0, False),
        (WIDE, TALL, 0, True),
        (WIDE, TALL, np.pi / 2, False),
        (WIDE, SQUARE, np.pi / 2, True),
        (WIDE, WIDE, 3 * np.pi / 2, True),
        (WIDE, WIDE, np.pi, False),
    ],
)
def test_shapes_are_compared_after_the_rotation(wide, narrow, angle, differ):
    assert shapes_differ(wide, narrow, np.array([angle])).tolist() == [differ]


def test_a_map_between_square_frames_is_converted_to_true_frames():
    square = np.array([[[1, 0, 0.1], [0, 1, -0.2]]], np.float32)
    np.testing.assert_allclose(true_maps(square, WIDE, SQUARE), [[[1.5, 0, 0.15], [0, 1, -0.2]]], rtol=1e-6)
    turned = maps([0, -1], [1, 0])
    np.testing.assert_allclose(true_maps(turned, WIDE, TALL)[0, :, :2], [[0, -1], [1, 0]], rtol=1e-6)


@pytest.mark.parametrize(
    ("matrix", "wide", "narrow", "kept"),
    [
        ([[1.5, 0], [0, 1]], WIDE, SQUARE, True),
        ([[0, -1.5], [1, 0]], WIDE, SQUARE, True),
        ([[-1.5, 0], [0, 1]], WIDE, SQUARE, True),
        ([[1, 0], [0, 1]], WIDE, SQUARE, True),
        ([[0.8, -0.6], [0.6, 0.8]], WIDE, SQUARE, True),
        ([[1.5, 0], [0, 1]], WIDE, WIDE, False),
        ([[1.25, 0], [0, 1]], WIDE, SQUARE, False),
        ([[1.5 * 0.8, -1.5 * 0.6], [0.6, 0.8]], WIDE, SQUARE, False),
    ],
)
def test_a_map_keeps_shapes_in_either_frame(matrix, wide, narrow, kept):
    assert is_shape_kept(maps(*matrix), (wide, narrow), 1.1).tolist() == [kept]
