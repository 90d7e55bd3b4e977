import io

import numpy as np
import pytest
from PIL import Image

from discern.picture.camera import camera

MAKE, MODEL = 0x010F, 0x0110


def exif_block(make: str | None = None, model: str | None = None) -> bytes:
    exif = Image.Exif()
    for tag, text in ((MAKE, make), (MODEL, model)):
        if text is not None:
            exif[tag] = text
    return exif.tobytes()


@pytest.mark.parametrize(
    ("make", "model", "name"),
    [
        ("Apple", "iPhone 12", "Apple iPhone 12"),
        ("Canon", "Canon EOS 80D", "Canon EOS 80D"),
        ("NIKON", "nikon d90", "nikon d90"),
        (None, "X100", "X100"),
        ("Leica", None, "Leica"),
        ("  two   words ", "\tx\x07", "two words x"),
        ("", "", None),
        (None, None, None),
    ],
)
def test_maker_and_model_form_one_name(make, model, name):
    assert camera(exif_block(make, model)) == name


def test_a_long_name_is_truncated():
    assert camera(exif_block("m" * 500, "n")) == "m" * 64


@pytest.mark.parametrize("length", range(0, 80, 7))
def test_a_truncated_block_gives_no_false_name(length):
    whole = exif_block("Apple", "iPhone 12")
    assert (camera(whole[:length]) or "") in ("", "Apple", "Apple iPhone 12")


@pytest.mark.parametrize("data", [b"", b"Exif\0\0", b"hello", b"II*\0\xff\xff\xff\xff"])
def test_invalid_blocks_have_no_camera(data):
    assert camera(data) is None


def test_a_block_without_names_has_no_camera():
    exif = Image.Exif()
    exif[0x0112] = 3
    assert camera(exif.tobytes()) is None


def test_the_tags_of_a_tiff_are_read():
    file = io.BytesIO()
    Image.fromarray(np.zeros((2, 2, 3), np.uint8)).save(file, "TIFF", tiffinfo={MAKE: "Epson", MODEL: "Scan 1"})
    assert camera(file.getvalue()) == "Epson Scan 1"
