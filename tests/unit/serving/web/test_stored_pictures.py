"""Responses with stored pictures: their size, type and headers."""

import io

import pytest
from PIL import Image

from discern.errors import NotFound
from discern.serving.web.stored_pictures import picture_response
from tests.unit.serving.web.captured import painted


def size(body: bytes) -> tuple[int, int]:
    return Image.open(io.BytesIO(body)).size


def rotated(side: int) -> bytes:
    """Encode a picture twice as wide as high, whose EXIF orientation has it turned."""
    image, exif = Image.new("RGB", (2 * side, side), "red"), Image.Exif()
    exif[0x0112] = 6
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", exif=exif)
    return buffer.getvalue()


def test_a_picture_without_a_size_is_sent_unchanged() -> None:
    for kind, media_type in (("JPEG", "image/jpeg"), ("PNG", "image/png"), ("WEBP", "image/webp")):
        data = painted(1, kind)
        response = picture_response((data, media_type), side=None)
        assert (bytes(response.body), response.media_type) == (data, media_type)


def test_a_smaller_copy_is_upright_and_keeps_its_shape() -> None:
    response = picture_response((rotated(300), "image/jpeg"), side=60)
    assert (size(bytes(response.body)), response.media_type) == ((30, 60), "image/jpeg")


def test_a_small_picture_is_not_enlarged() -> None:
    assert size(bytes(picture_response((painted(1, side=40), "image/jpeg"), side=200).body)) == (40, 40)


def test_a_damaged_picture_is_left_to_the_browser() -> None:
    data = painted(1)[:200]
    assert bytes(picture_response((data, "image/jpeg"), side=60).body) == data


@pytest.mark.parametrize("media_type", ["text/html", "image/svg+xml", "application/octet-stream", ""])
def test_only_pictures_are_sent(media_type: str) -> None:
    with pytest.raises(NotFound):
        picture_response((b"<svg onload='alert(1)'/>", media_type), side=None)
    assert picture_response((painted(1, "TIFF"), media_type), side=None).media_type == "image/jpeg"


def test_a_picture_that_is_not_kept_is_not_found() -> None:
    with pytest.raises(NotFound, match="is kept"):
        picture_response(None, side=60)


def test_no_cache_but_the_reader_s_own_keeps_a_picture() -> None:
    headers = picture_response((painted(1), "image/jpeg"), side=None).headers
    assert headers["cache-control"] == "private, max-age=60"
    assert headers["cross-origin-resource-policy"] == "same-origin"
