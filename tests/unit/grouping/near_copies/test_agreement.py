import numpy as np
import pytest

from discern.grouping.near_copies.agreement import colours_differ, windows_agree
from discern.grouping.near_copies.rotation_invariants import brightness

EVERYWHERE = np.ones((1, 64, 64), bool)


def texture(seed, deviation=20.0):
    return np.random.default_rng(seed).normal(128, deviation, (1, 64, 64)).astype(np.float32)


def disc(inner):
    y, x = np.mgrid[-1:1:64j, -1:1:64j]
    return np.where((x**2 + y**2 < 0.5)[None], inner, 255).astype(np.float32)


def test_equal_textures_agree_at_any_brightness_and_contrast():
    agreement, textured = windows_agree(texture(0), texture(0) * 0.5 + 20, EVERYWHERE)
    assert agreement[0] == pytest.approx(1, abs=1e-3)
    assert textured[0] > 0.9


def test_different_textures_do_not_agree():
    agreement, _ = windows_agree(texture(0), texture(1), EVERYWHERE)
    assert abs(agreement[0]) < 0.1


def test_a_common_outline_does_not_outweigh_different_interiors():
    first, second = disc(texture(0, 8) - 60), disc(texture(1, 8) - 60)
    correlation = np.corrcoef(first.ravel(), second.ravel())[0, 1]
    agreement, _ = windows_agree(first, second, EVERYWHERE)
    assert correlation > 0.95
    assert agreement[0] < 0.6


def test_texture_in_only_one_picture_lowers_the_agreement():
    agreement, textured = windows_agree(texture(0), np.full((1, 64, 64), 128, np.float32), EVERYWHERE)
    assert abs(agreement[0]) < 0.05
    assert textured[0] > 0.9


def test_flat_pictures_have_no_texture():
    flat = np.full((1, 64, 64), 128, np.float32)
    agreement, textured = windows_agree(flat, flat, EVERYWHERE)
    assert agreement[0] == pytest.approx(0, abs=1e-3)
    assert textured[0] < 0.01


def test_pixels_outside_the_mask_are_ignored():
    inside = EVERYWHERE.copy()
    inside[:, :, 32:] = False
    changed = texture(0)
    changed[:, :, 32:] = 0
    agreement, _ = windows_agree(texture(0), changed, inside)
    assert agreement[0] == pytest.approx(1, abs=1e-3)


def coloured(*colour):
    return np.broadcast_to(np.array(colour, np.float32), (1, 8, 8, 3))


@pytest.mark.parametrize(
    ("first", "second", "same_hue", "same_light"),
    [
        ((120, 90, 60), (120, 90, 60), True, True),
        ((120, 90, 60), (150, 112, 75), True, True),
        ((170, 40, 40), (60, 150, 40), False, True),
        ((60, 5, 10), (230, 40, 45), True, False),
    ],
)
def test_hue_and_brightness_are_compared_separately(first, second, same_hue, same_light):
    hue, light = colours_differ(coloured(*first), coloured(*second), np.ones((1, 8, 8), bool))
    assert (hue[0] < 0.09) is np.bool_(same_hue)
    assert (light[0] < 0.5) is np.bool_(same_light)


def test_a_grey_version_is_compared_in_brightness_only():
    colours = np.random.default_rng(0).uniform(0, 255, (2, 16, 16, 3)).astype(np.float32)
    grey = np.repeat(brightness(colours)[..., None], 3, axis=3)
    hue, light = colours_differ(colours, grey, np.ones((2, 16, 16), bool))
    np.testing.assert_allclose([hue, light], 0, atol=1e-5)
    assert (colours_differ(colours, colours[::-1], np.ones((2, 16, 16), bool))[0] > 0.1).all()
    assert (colours_differ(colours, grey * 2, np.ones((2, 16, 16), bool))[1] > 0.3).all()
