"""Pictures laid over each other agree where they show the same, in all of the overlap."""

import numpy as np
import pytest
from PIL import Image
from tests.unit.grouping.synthetic_images import catalog_of, re_encoded, scene

from discern.grouping.overlaps.overlay import join_overlays, overlay_pictures, overlay_thumbs
from discern.picture import thumbnail

WIDE = scene(3, width=420, height=200)
LEFT, RIGHT = WIDE.crop((0, 0, 200, 200)), WIDE.crop((120, 0, 320, 200))
SHIFT = np.array([[120 * 64 / 200, 0]], np.float32)
FIRST, SECOND = np.array([0]), np.array([1])


def overlay(first, second, shift=SHIFT):
    pictures = np.stack([thumbnail(np.asarray(picture)) for picture in (first, second)])
    return overlay_thumbs(pictures, FIRST, SECOND, shift)


def overlay_decoded(tmp_path, first, second):
    catalog = catalog_of(tmp_path, {"a.png": first, "b.png": second})
    return overlay_pictures(catalog, np.array([[0, 1]]), overlay(first, second).affine)


def test_thumbnails_agree_at_a_shift_that_is_slightly_wrong():
    found = overlay(LEFT, RIGHT, SHIFT + np.float32([1.2, -0.8]))
    assert found.agreement[0] > 0.95
    assert found.scale[0] < 0.03
    assert found.overlap[0] == pytest.approx(0.4, abs=0.05)
    assert found.affine[0, 0, 2] == pytest.approx(2 * 120 / 200, abs=0.02)


@pytest.mark.parametrize(
    "alter", [re_encoded(60), lambda image: image.point(lambda value: min(255, int(value * 0.8 + 20)))]
)
def test_decoded_pictures_agree_though_saved_again_or_darker(tmp_path, alter):
    found = overlay_decoded(tmp_path, LEFT, alter(RIGHT))
    assert found.agreement[0] > 0.93
    assert found.isotropy[0] > 0.05
    assert found.windows[0] > 24


def test_a_logo_that_both_have_is_not_enough(tmp_path):
    logo = scene(9, width=60, height=40)
    pictures = scene(20, width=200, height=200), scene(21, width=200, height=200)
    pictures[0].paste(logo, (130, 60))
    pictures[1].paste(logo, (10, 60))
    assert overlay_decoded(tmp_path, *pictures).agreement[0] < 0.6


def test_an_edge_alone_has_one_direction(tmp_path):
    step = np.full((200, 320, 3), 60, np.uint8)
    step[:, 160:] = 200
    picture = Image.fromarray(step)
    found = overlay_decoded(tmp_path, picture.crop((0, 0, 200, 200)), picture.crop((120, 0, 320, 200)))
    assert found.isotropy[0] < 0.01


def test_a_shift_without_overlap_agrees_in_nothing(tmp_path):
    catalog = catalog_of(tmp_path, {"a.png": LEFT, "b.png": RIGHT})
    affine = np.array([[[1, 0, 1.99], [0, 1, 0]]], np.float32)
    found = overlay_pictures(catalog, np.array([[0, 1]]), affine)
    assert found.agreement.tolist() == [-1]
    assert len(overlay_pictures(catalog, np.zeros((0, 2), np.int64), affine[:0]).agreement) == 0


def test_overlays_are_joined_and_taken():
    one = overlay(LEFT, RIGHT)
    both = join_overlays([one, one])
    assert len(both.agreement) == 2
    assert len(both.take(np.array([False, True])).affine) == 1
