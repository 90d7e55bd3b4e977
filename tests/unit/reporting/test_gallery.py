"""Embedded pictures: small, in the right proportions, and never an error."""

import base64
import io
import threading

import numpy as np
import pytest
from PIL import Image

from discern.errors import DamagedPicture
from discern.parallel import ThreadExecutor
from discern.picture import apply_recipe, choose_recipe
from discern.reporting.gallery import Gallery


def decode(image) -> Image.Image:
    kind, _, data = image.uri.partition(",")
    assert kind == "data:image/jpeg;base64"
    return Image.open(io.BytesIO(base64.b64decode(data)))


def test_a_thumbnail_has_the_picture_s_proportions(gallery):
    image = gallery.thumbnail(1)
    assert (image.width, image.height) == (64, 43)
    assert decode(image).size == (64, 43)
    assert image.tiny


def test_a_picture_is_neither_enlarged_nor_above_the_limit(gallery):
    assert decode(gallery.picture(1, 30)).size == (30, 20)
    assert decode(gallery.picture(1, 500)).size == (60, 40)


def test_the_alt_text_names_path_and_label(gallery):
    image = gallery.picture(1, 30)
    assert image.alt == f"{gallery.path(1)}, labelled {gallery.label(1)}"


def test_an_unreadable_row_has_a_placeholder(catalog, gallery):
    row = int(np.flatnonzero(~catalog.readable)[0])
    for image in (gallery.thumbnail(row), gallery.picture(row, 100)):
        assert image.uri == ""
        assert "cannot be shown" in image.alt


@pytest.mark.parametrize("error", [DamagedPicture("gone"), FileNotFoundError("gone")])
def test_the_thumbnail_is_shown_if_the_file_is_gone(catalog, error):
    def fail(row):
        raise error

    gallery = Gallery(catalog, fail)
    assert gallery.picture(1, 200) == gallery.thumbnail(1)
    assert gallery.evidence(1, np.ones((2, 2)), 100, lambda pixels: pixels) is None


def test_images_made_in_the_meantime_are_the_same(catalog, gallery, opened):
    rows = np.flatnonzero(catalog.readable).tolist()
    with ThreadExecutor(2) as executor:
        later = Gallery(catalog, opened, executor)
        made = [later.picture(row, side) for side in (30, 50) for row in rows]
        for image, (side, row) in zip(made, [(side, row) for side in (30, 50) for row in rows], strict=True):
            plain = gallery.picture(row, side)
            assert (image.uri, image.alt, image.width, image.height) == (
                plain.uri,
                plain.alt,
                plain.width,
                plain.height,
            )
            assert image.tiny == plain.tiny


def test_a_page_does_not_wait_for_its_images(catalog, gallery):
    opening, may_open = threading.Event(), threading.Event()

    def wait(row):
        opening.set()
        assert may_open.wait(60)
        raise DamagedPicture("gone")

    with ThreadExecutor(1) as executor:
        image = Gallery(catalog, wait, executor).picture(1, 200)
        assert opening.wait(60)
        may_open.set()
        assert image.uri == gallery.thumbnail(1).uri


def test_evidence_for_the_prediction_is_highlighted(catalog):
    grey = np.full((80, 80, 3), 120, np.uint8)
    gallery = Gallery(catalog, lambda row: grey)
    weight = np.zeros((4, 4))
    weight[0, 0] = 1.0
    overlay = np.asarray(decode(gallery.evidence(1, weight, 80, lambda pixels: pixels))).astype(int)
    redness = overlay[..., 0] - overlay[..., 2]
    assert redness[:15, :15].mean() > 40
    assert abs(redness[50:, 50:]).mean() < 5


def test_evidence_against_the_prediction_is_not_highlighted(catalog):
    gallery = Gallery(catalog, lambda row: np.full((40, 40, 3), 120, np.uint8))
    overlay = np.asarray(decode(gallery.evidence(1, np.full((3, 3), -2.0), 40, lambda pixels: pixels))).astype(int)
    assert abs(overlay[..., 0] - overlay[..., 2]).max() < 6


def test_uniform_evidence_is_highlighted_where_it_is_strongest(catalog):
    gallery = Gallery(catalog, lambda row: np.full((60, 60, 3), 120, np.uint8))
    weight = np.full((3, 3), 5.0)
    weight[2, 2] = 6.0
    overlay = np.asarray(decode(gallery.evidence(1, weight, 60, lambda pixels: pixels))).astype(int)
    redness = overlay[..., 0] - overlay[..., 2]
    assert redness[45:, 45:].mean() > 40
    assert abs(redness[:20, :20]).mean() < 5


def test_evidence_is_drawn_on_the_model_input(catalog, gallery):
    image = gallery.evidence(1, np.ones((3, 3)), 200, lambda pixels: pixels[:20, :20])
    assert decode(image).size == (20, 20)
    assert image.alt.startswith("Evidence map of ")


def highlighted(gallery, weight, recipe):
    image = gallery.evidence(1, weight, 80, lambda pixels: apply_recipe(pixels, recipe), recipe)
    overlay = np.asarray(decode(image)).astype(int)
    return overlay[..., 0] - overlay[..., 2]


def test_evidence_is_drawn_in_the_shape_of_the_picture(catalog):
    gallery = Gallery(catalog, lambda row: np.full((40, 80, 3), 120, np.uint8))
    weight = np.zeros((4, 4))
    weight[1, 0] = 1.0
    for fit, rows in (("pad", slice(0, 20)), ("squash", slice(10, 20))):
        redness = highlighted(gallery, weight, choose_recipe([], 80, fit=fit))
        assert redness.shape == (40, 80)
        assert redness[rows, :20].mean() > 25
        assert abs(redness[20:, 45:]).mean() < 5


def test_padding_is_not_shown_and_has_no_evidence(catalog):
    gallery = Gallery(catalog, lambda row: np.full((40, 80, 3), 120, np.uint8))
    weight = np.zeros((4, 4))
    weight[0] = 1.0
    assert abs(highlighted(gallery, weight, choose_recipe([], 80, fit="pad"))).max() < 6


def test_embedded_pictures_are_small(catalog):
    noise = np.random.default_rng(0).integers(0, 255, (900, 1200, 3)).astype(np.uint8)
    assert len(Gallery(catalog, lambda row: noise).picture(1, 176).uri) < 40_000
