from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from discern.errors import EmptyFile, NotAPicture, PictureTooLarge
from discern.picture import FORMATS, FileFormat, Limits, open_picture, read_header

ENCODED = ["JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF"]


@pytest.mark.parametrize("name", ENCODED)
def test_formats_are_detected_by_content(name):
    header = read_header(_encode(name, 40, 30))
    assert (header.format, header.width, header.height, header.frames) == (name, 40, 30, 1)
    assert header.suffixes == FORMATS[name]


@pytest.mark.parametrize("name", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_width_and_height_are_those_of_the_upright_picture(name, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = _encode(name, 40, 30, exif=exif)
    header = read_header(data)
    assert (header.width, header.height) == ((30, 40) if orientation > 4 else (40, 30))
    assert open_picture(data).shape == (header.height, header.width, 3)


@pytest.mark.parametrize(
    ("mode", "name"), [("L", "PNG"), ("1", "PNG"), ("P", "GIF"), ("RGBA", "PNG"), ("CMYK", "JPEG"), ("I;16", "TIFF")]
)
def test_the_stored_mode_is_reported(mode, name):
    file = BytesIO()
    Image.new(mode, (8, 8)).save(file, name)
    assert read_header(file.getvalue()).mode == mode


@pytest.mark.parametrize("name", ["PNG", "WEBP", "GIF", "TIFF", "AVIF"])
@pytest.mark.parametrize("count", [2, 5])
def test_several_frames_are_reported_and_the_first_is_opened(name, count):
    frames = [Image.new("RGB", (16, 16), (250 - 40 * n, 40 * n, 10)) for n in range(count)]
    file = BytesIO()
    options = {"lossless": True} if name == "WEBP" else {}
    frames[0].save(file, name, save_all=True, append_images=frames[1:], **options)
    assert read_header(file.getvalue()).frames == 2
    assert np.abs(open_picture(file.getvalue()).astype(int) - [250, 0, 10]).max() <= 8


def test_empty_data_raises_empty_file():
    with pytest.raises(EmptyFile):
        read_header(b"")


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b"%PDF-1.7 ...", "a PDF"),
        (b"%!PS-Adobe-3.0 EPSF-3.0", "PostScript"),
        (b"\xef\xbb\xbf  <svg xmlns=''/>", "an SVG drawing"),
        (b"\n<!DOCTYPE html><html>404</html>", "a web page"),
        (b"PK\x03\x04....", "a zip archive"),
        (b"8BPS\0\1", "a Photoshop document"),
        (b"\0\0\0\x0cjP  \r\n\x87\n", "JPEG 2000"),
        (b"\xff\x0a\x00", "JPEG XL"),
    ],
)
def test_the_error_names_known_other_formats(data, name):
    with pytest.raises(NotAPicture, match=name) as caught:
        read_header(data)
    assert caught.value.hint


@pytest.mark.parametrize("data", [b"\0\0\0\x18ftypqt  ", b"\x1aE\xdf\xa3\x01", b"RIFF\0\0\0\0AVI LIST"])
def test_the_error_says_how_to_use_a_film(data):
    with pytest.raises(NotAPicture, match="looks like a film") as caught:
        read_header(data)
    assert "discern collect" in caught.value.hint


@pytest.mark.parametrize(
    "data", [b"\0", b"hello, world", b"BMW is a car maker", b"RIFF....WAVEfmt ", b"\0\0\0\x18ftypisom"]
)
def test_other_content_is_rejected(data):
    with pytest.raises(NotAPicture, match="not a supported picture format"):
        read_header(data)


def test_limits_are_inclusive_and_checked_before_decoding():
    data = _encode("PNG", 40, 30)
    assert isinstance(read_header(data, limits=Limits(max_pixels=1200)), FileFormat)
    for limits in (Limits(max_pixels=1199), Limits(max_bytes=len(data) - 1)):
        with pytest.raises(PictureTooLarge) as caught:
            open_picture(data, limits=limits)
        assert f"{limits.max_pixels:,}" in caught.value.hint


def _encode(name, width, height, **options):
    file = BytesIO()
    Image.new("RGB", (width, height), (200, 100, 50)).save(file, name, **options)
    return file.getvalue()
