"""Pictures inside a page: small, upright in proportion, and never an error."""

import base64
import io

import numpy as np
import pytest
from PIL import Image

from discern.errors import DamagedPicture
from discern.reporting.gallery import Gallery


def decode(shot) -> Image.Image:
    kind, _, data = shot.uri.partition(",")
    assert kind == "data:image/jpeg;base64"
    return Image.open(io.BytesIO(base64.b64decode(data)))


def test_a_thumbnail_has_the_picture_s_proportions(gallery):
    shot = gallery.small(1)
    assert (shot.width, shot.height) == (64, 43)
    assert decode(shot).size == (64, 43)
    assert shot.tiny


def test_a_large_shot_is_never_larger_than_the_picture_or_the_limit(gallery):
    assert decode(gallery.large(1, 30)).size == (30, 20)
    assert decode(gallery.large(1, 500)).size == (60, 40)


def test_a_shot_says_what_it_is(gallery):
    shot = gallery.large(1, 30)
    assert shot.alt == f"{gallery.path(1)}, labelled {gallery.label(1)}"


def test_an_unreadable_row_has_no_picture_and_says_so(catalog, gallery):
    row = int(np.flatnonzero(~catalog.readable)[0])
    for shot in (gallery.small(row), gallery.large(row, 100)):
        assert shot.uri == ""
        assert "cannot be shown" in shot.alt


@pytest.mark.parametrize("trouble", [DamagedPicture("gone"), FileNotFoundError("gone")])
def test_the_thumbnail_stands_in_where_the_file_is_gone(catalog, trouble):
    def fail(row):
        raise trouble

    gallery = Gallery(catalog, fail)
    assert gallery.large(1, 200) == gallery.small(1)
    assert gallery.evidence(1, np.ones((2, 2)), 100, lambda pixels: pixels) is None


def test_evidence_glows_where_the_answer_is_found(catalog):
    grey = np.full((80, 80, 3), 120, np.uint8)
    gallery = Gallery(catalog, lambda row: grey)
    weight = np.zeros((4, 4))
    weight[0, 0] = 1.0
    shown = np.asarray(decode(gallery.evidence(1, weight, 80, lambda pixels: pixels))).astype(int)
    warm = shown[..., 0] - shown[..., 2]
    assert warm[:15, :15].mean() > 40
    assert abs(warm[50:, 50:]).mean() < 5


def test_evidence_against_the_answer_does_not_glow(catalog):
    gallery = Gallery(catalog, lambda row: np.full((40, 40, 3), 120, np.uint8))
    shown = np.asarray(decode(gallery.evidence(1, np.full((3, 3), -2.0), 40, lambda pixels: pixels))).astype(int)
    assert abs(shown[..., 0] - shown[..., 2]).max() < 6


def test_evidence_that_is_everywhere_shows_where_it_is_strongest(catalog):
    gallery = Gallery(catalog, lambda row: np.full((60, 60, 3), 120, np.uint8))
    weight = np.full((3, 3), 5.0)
    weight[2, 2] = 6.0
    shown = np.asarray(decode(gallery.evidence(1, weight, 60, lambda pixels: pixels))).astype(int)
    warm = shown[..., 0] - shown[..., 2]
    assert warm[45:, 45:].mean() > 40
    assert abs(warm[:20, :20]).mean() < 5


def test_evidence_is_laid_over_what_the_model_saw(catalog, gallery):
    shot = gallery.evidence(1, np.ones((3, 3)), 200, lambda pixels: pixels[:20, :20])
    assert decode(shot).size == (20, 20)
    assert shot.alt.startswith("Where the model looked in ")


def test_a_page_of_pictures_stays_light(catalog):
    noise = np.random.default_rng(0).integers(0, 255, (900, 1200, 3)).astype(np.uint8)
    assert len(Gallery(catalog, lambda row: noise).large(1, 176).uri) < 40_000
