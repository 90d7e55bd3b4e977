import numpy as np
import pytest
from tests.unit.grouping.synthetic_images import mirrored, quarter_turned, rotated, scene

from discern.grouping.near_copies.rotation_invariants import (
    VIEWS,
    InvariantDescriptor,
    blur,
    brightness,
    half_extents,
    halved,
    ring_spectra,
)
from discern.picture import thumbnail


def spectra_of(images, view=VIEWS[0]):
    thumbs = np.stack([thumbnail(np.asarray(image)) for image in images])
    sizes = np.array([image.size for image in images])
    return ring_spectra(blur(brightness(thumbs), 1.2), half_extents(sizes[:, 0], sizes[:, 1]), view)[0]


@pytest.fixture(scope="module")
def descriptor():
    return InvariantDescriptor.fit(spectra_of([scene(seed) for seed in range(60)]))


def test_blur_preserves_flat_pictures_and_their_size():
    flat = np.full((2, 12, 20), 7, np.float32)
    assert blur(flat, 1.5).shape == flat.shape
    np.testing.assert_allclose(blur(flat, 1.5), flat, rtol=1e-6)


def test_blur_spreads_a_point_evenly():
    point = np.zeros((1, 15, 15), np.float32)
    point[0, 7, 7] = 1
    smooth = blur(point, 1.0)[0]
    np.testing.assert_allclose(smooth, smooth.T, atol=1e-7)
    assert smooth.sum() == pytest.approx(1, abs=1e-5)
    assert smooth[7, 7] == smooth.max() < 0.2


def test_brightness_weights_green_most():
    red, green, blue = (brightness(np.eye(3, dtype=np.uint8)[None, c] * 255)[0] for c in range(3))
    assert green > red > blue
    assert red + green + blue == pytest.approx(255, abs=0.01)


def test_halving_averages_blocks():
    np.testing.assert_array_equal(halved(np.array([[[0, 2, 4, 4], [2, 4, 4, 4]]], np.float32)), [[[2, 4]]])


def test_the_smaller_half_extent_is_one():
    np.testing.assert_allclose(half_extents(np.array([100, 50]), np.array([50, 100])), [[2, 1], [1, 2]])


def test_spectra_have_no_mean_and_unit_power():
    spectra = spectra_of([scene(1)])[0]
    power = (np.abs(spectra) ** 2).sum(axis=0)
    assert power[0] + 2 * power[1:].sum() == pytest.approx(1, abs=0.1)


def test_a_blank_picture_has_no_deviation():
    _, deviation = ring_spectra(np.full((1, 64, 64), 200, np.float32), np.ones((1, 2), np.float32), VIEWS[0])
    assert deviation[0] < 1e-3


@pytest.mark.parametrize("alter", [mirrored, quarter_turned, rotated(30), rotated(-17)])
def test_descriptors_are_invariant_to_rotation_and_mirroring(descriptor, alter):
    others = [scene(seed) for seed in range(100, 130)]
    described = descriptor.describe(spectra_of([scene(5), alter(scene(5)), *others]))
    similarity = described[1:] @ described[0]
    assert similarity[0] > 0.8
    assert similarity[0] > similarity[1:].max() + 0.2


@pytest.mark.parametrize(("angle", "flip"), [(0, False), (20, False), (-40, False), (90, False), (25, True)])
def test_rotation_and_mirroring_are_recovered(descriptor, angle, flip):
    image = scene(7, width=120)
    other = rotated(angle)(mirrored(image) if flip else image)
    agreement, mirror, rotation = descriptor.best_rotation(spectra_of([other]), spectra_of([image]))
    assert agreement[0] > 0.85
    assert bool(mirror[0]) is flip
    # y points down, so that a counter-clockwise rotation is a negative angle; mirroring adds 180 degrees
    expected = np.radians(180 - angle if flip else -angle)
    assert np.cos(rotation[0] - expected) > np.cos(np.radians(5))


def test_the_descriptor_is_fitted_in_batches():
    """Fit to more spectra than a batch holds: the descriptors are decorrelated."""
    rng = np.random.default_rng(0)
    spectra = (rng.normal(size=(3000, 8, 10)) + 1j * rng.normal(size=(3000, 8, 10))).astype(np.complex64)
    spectra *= np.linspace(1, 3, 10, dtype=np.float32)
    descriptor = InvariantDescriptor.fit(spectra, length=12)
    assert descriptor.length == 12
    np.testing.assert_allclose((np.abs(spectra) ** 2).mean(axis=0), 1 / descriptor.weights**2, rtol=0.02)
    described = descriptor.describe(spectra)
    assert described.shape == (3000, 12)
    products = described.T @ described / 3000
    np.testing.assert_allclose(products - np.diag(np.diag(products)), 0, atol=0.01)


def test_descriptors_are_unit_vectors(descriptor):
    described = descriptor.describe(spectra_of([scene(seed) for seed in range(3)]))
    np.testing.assert_allclose(np.linalg.norm(described, axis=1), 1, rtol=1e-5)


def test_blur_repeats_the_pixels_of_the_border():
    planes = np.random.default_rng(0).uniform(0, 255, (2, 9, 13)).astype(np.float32)
    wide = np.pad(planes, ((0, 0), (20, 20), (20, 20)), "edge")
    np.testing.assert_array_equal(blur(planes, 0.8), blur(wide, 0.8)[:, 20:-20, 20:-20])
