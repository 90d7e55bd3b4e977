"""Captured pictures: their digest, size and statistics describe what arrived and what the network saw."""

import hashlib
import io

import numpy as np
import pytest
from PIL import Image

from discern.errors import PictureError
from discern.inference.captured_picture import MEDIA_TYPES, capture_picture
from discern.picture import FORMATS, Limits
from discern.picture.exif_tags import ORIENTATION
from discern.picture.strip_metadata import strip_picture
from tests.unit.inference.factories import BLACK

INPUTS = np.full((32, 32, 3), 51, np.uint8)


def test_a_file_is_described_by_its_bytes() -> None:
    found = capture_picture(BLACK, INPUTS, limits=Limits())
    assert found.content_hash == hashlib.sha256(BLACK).hexdigest()
    assert found.data is BLACK
    assert found.pixels is None
    assert found.media_type == "image/png"
    assert (found.width, found.height) == (40, 40)
    assert found.brightness == pytest.approx(0.2)
    assert found.sharpness == 0


def test_the_size_is_that_of_the_upright_picture() -> None:
    exif, buffer = Image.Exif(), io.BytesIO()
    exif[ORIENTATION] = 6
    Image.new("RGB", (60, 30)).save(buffer, "JPEG", exif=exif)
    found = capture_picture(buffer.getvalue(), INPUTS, limits=Limits())
    assert (found.width, found.height, found.media_type) == (30, 60, "image/jpeg")


def test_pixels_have_no_digest_of_a_file() -> None:
    pixels = np.zeros((20, 50, 3), np.uint8)
    found = capture_picture(pixels, INPUTS, limits=Limits())
    assert (found.content_hash, found.data, found.media_type) == ("", None, "")
    assert found.pixels is pixels
    assert (found.width, found.height) == (50, 20)


def test_a_file_that_is_not_a_picture_is_an_error() -> None:
    with pytest.raises(PictureError):
        capture_picture(b"nothing", INPUTS, limits=Limits())


def test_each_format_has_a_media_type() -> None:
    assert MEDIA_TYPES.keys() == FORMATS.keys()
    assert MEDIA_TYPES["WEBP"] == "image/webp"


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "BMP", "GIF"])
def test_metadata_is_removed_at_once_where_nothing_is_encoded_again(kind: str) -> None:
    buffer = io.BytesIO()
    Image.new("RGB", (60, 30)).save(
        buffer, kind, **({} if kind in ("BMP", "GIF") else {"exif": b"Exif\0\0secret place"})
    )
    found = capture_picture(buffer.getvalue(), INPUTS, limits=Limits())
    if kind in ("BMP", "GIF"):
        assert found.stripped is None
    else:
        assert found.stripped is not None
        assert found.stripped == strip_picture(buffer.getvalue())
        assert b"secret" not in found.stripped.data
