import hashlib

import numpy as np
import pytest

from discern.errors import UsageError
from discern.picture import THUMB, pixel_hash, thumbnail


def test_the_hash_covers_shape_and_values():
    pixels = np.arange(24, dtype=np.uint8).reshape(2, 4, 3)
    assert pixel_hash(pixels) == hashlib.sha256(b"2x4\n" + pixels.tobytes()).hexdigest()
    assert pixel_hash(pixels) != pixel_hash(pixels.reshape(4, 2, 3))
    assert pixel_hash(pixels) != pixel_hash(pixels + 1)


def test_the_hash_does_not_depend_on_the_memory_layout():
    pixels = np.arange(240, dtype=np.uint8).reshape(8, 10, 3)
    assert pixel_hash(pixels[:, ::-1]) == pixel_hash(np.ascontiguousarray(pixels[:, ::-1]))
    assert pixel_hash(np.asfortranarray(pixels)) == pixel_hash(pixels)


def test_a_thumbnail_averages_areas():
    pixels = np.random.default_rng(0).integers(0, 256, (THUMB * 4, THUMB * 2, 3), dtype=np.uint8)
    means = pixels.reshape(THUMB, 4, THUMB, 2, 3).mean(axis=(1, 3))
    assert np.abs(thumbnail(pixels) - means).max() <= 1


@pytest.mark.parametrize("shape", [(1, 1), (1, 500), (64, 64), (32, 32), (333, 77)])
def test_a_thumbnail_of_fixed_size_shows_the_whole_picture(shape):
    pixels = np.zeros((*shape, 3), np.uint8)
    pixels[:, : (shape[1] + 1) // 2] = 200
    small = thumbnail(pixels)
    assert (small.shape, small.dtype) == ((THUMB, THUMB, 3), np.uint8)
    assert abs(int(small[0, 0, 0]) - 200) <= 1
    assert np.array_equal(small, thumbnail(pixels))


@pytest.mark.parametrize(
    "pixels",
    [
        np.zeros((4, 4), np.uint8),
        np.zeros((4, 4, 4), np.uint8),
        np.zeros((4, 4, 3), np.float32),
        np.zeros((0, 4, 3), np.uint8),
    ],
)
def test_other_arrays_are_rejected(pixels):
    for function in (thumbnail, pixel_hash):
        with pytest.raises(UsageError, match="uint8"):
            function(pixels)
