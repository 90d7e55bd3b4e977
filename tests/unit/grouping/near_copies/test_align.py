import numpy as np
import pytest
from tests.unit.grouping.synthetic_images import scene

from discern.grouping.near_copies.align import align, bilinear, place, slopes
from discern.grouping.near_copies.rotation_invariants import blur, brightness

SQUARE = np.ones((1, 2), np.float32)
SAME = np.array([[[1, 0, 0], [0, 1, 0]]], np.float32)


def plane(seed, side=64):
    return blur(brightness(np.asarray(scene(seed, width=side, height=side)))[None], 1.0)


def sample(image, affine):
    placed = place(affine, (SQUARE, SQUARE), image.shape[1:], image.shape[1:])
    return bilinear(image, placed).reshape(image.shape)


def test_the_identity_map_gives_the_same_picture():
    image = plane(0)
    placed = place(SAME, (SQUARE, SQUARE), (64, 64), (64, 64))
    np.testing.assert_allclose(placed.column[0, :3], [0, 1, 2], atol=1e-4)
    np.testing.assert_allclose(bilinear(image, placed).reshape(64, 64)[1:-1, 1:-1], image[0, 1:-1, 1:-1], atol=0.05)


def test_points_off_the_picture_are_outside():
    shifted = SAME.copy()
    shifted[0, 0, 2] = 1
    placed = place(shifted, (SQUARE, SQUARE), (64, 64), (64, 64))
    inside = placed.inside.reshape(64, 64)
    assert inside[5:60, :30].all()
    assert not inside[:, 33:].any()


def test_frames_of_different_shapes_share_their_centre():
    extents = np.array([[2, 1]], np.float32), np.array([[1, 1]], np.float32)
    placed = place(SAME, extents, (50, 100), (31, 31))
    centre = 31 * 15 + 15
    assert placed.column[0, centre] == pytest.approx(49.5)
    assert placed.row[0, centre] == pytest.approx(24.5)


def test_sampling_interpolates_between_pixels():
    ramp = np.arange(16, dtype=np.float32).reshape(1, 4, 4)
    half = SAME.copy()
    half[0, 0, 2] = 0.25
    placed = place(half, (SQUARE, SQUARE), (4, 4), (4, 4))
    np.testing.assert_allclose(bilinear(ramp, placed).reshape(4, 4)[:, :3], ramp[0, :, :3] + 0.5, atol=0.01)


@pytest.mark.parametrize(
    "affine",
    [
        [[1, 0, 0.06], [0, 1, -0.05]],
        [[0.9, 0, 0.03], [0, 0.9, 0.02]],
        [[0.99, -0.09, 0], [0.09, 0.99, 0]],
        [[-0.95, 0.04, 0], [0.04, 0.95, 0.03]],
    ],
)
def test_a_perturbed_map_is_recovered(affine):
    image, true = plane(3), np.array([affine], np.float32)
    guess = true.copy()
    guess[0, :, 2] += 0.05
    guess[0, 0, 0] *= 1.04
    found, correlation = align(image, sample(image, true), guess, (SQUARE, SQUARE), steps=8)
    np.testing.assert_allclose(found, true, atol=0.01)
    assert correlation[0] > 0.99


def test_brightness_does_not_affect_the_map():
    image = plane(4)
    found, correlation = align(image, image * 0.6 + 50, SAME + 0.02, (SQUARE, SQUARE), steps=8)
    np.testing.assert_allclose(found, SAME, atol=0.01)
    assert correlation[0] > 0.99


def test_pairs_of_a_batch_are_independent():
    images = np.concatenate([plane(5), plane(6)])
    frames = np.ones((2, 2), np.float32)
    guesses = np.concatenate([SAME + 0.02, SAME - 0.02])
    batch, _ = align(images, images, guesses, (frames, frames), steps=3)
    single, _ = align(images[1:], images[1:], guesses[1:], (SQUARE, SQUARE), steps=3)
    np.testing.assert_allclose(batch[1:], single, atol=1e-4)


def test_blank_pictures_leave_the_map_unchanged():
    blank = np.full((1, 32, 32), 9, np.float32)
    found, correlation = align(blank, blank, SAME, (SQUARE, SQUARE), steps=3)
    np.testing.assert_allclose(found, SAME, atol=1e-3)
    assert abs(correlation[0]) < 0.5


def test_an_empty_batch_gives_no_maps():
    none, frames = np.zeros((0, 32, 32), np.float32), np.ones((0, 2), np.float32)
    found, correlation = align(none, none, np.zeros((0, 2, 3), np.float32), (frames, frames), steps=2)
    assert (found.shape, correlation.shape) == ((0, 2, 3), (0,))


def test_slopes_are_those_of_numpy():
    planes = np.random.default_rng(0).uniform(0, 255, (2, 17, 23)).astype(np.float32)
    np.testing.assert_array_equal(slopes(planes), np.gradient(planes, axis=2))
    np.testing.assert_array_equal(slopes(planes.transpose(0, 2, 1)).transpose(0, 2, 1), np.gradient(planes, axis=1))
