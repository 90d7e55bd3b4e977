import io

import numpy as np
import pytest
from PIL import Image

from discern.picture.camera import camera

MAKE, MODEL = 0x010F, 0x0110


def block(make: str | None = None, model: str | None = None) -> bytes:
    exif = Image.Exif()
    for tag, text in ((MAKE, make), (MODEL, model)):
        if text is not None:
            exif[tag] = text
    return exif.tobytes()


@pytest.mark.parametrize(
    ("make", "model", "whole"),
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
def test_maker_and_model_are_one_name(make, model, whole):
    assert camera(block(make, model)) == whole


def test_a_name_without_end_is_cut():
    assert camera(block("m" * 500, "n")) == "m" * 64


@pytest.mark.parametrize("cut", range(0, 80, 7))
def test_a_damaged_block_says_nothing_that_is_not_there(cut):
    whole = block("Apple", "iPhone 12")
    assert (camera(whole[:cut]) or "") in ("", "Apple", "Apple iPhone 12")


@pytest.mark.parametrize("data", [b"", b"Exif\0\0", b"hello", b"II*\0\xff\xff\xff\xff"])
def test_what_is_no_block_says_nothing(data):
    assert camera(data) is None


def test_a_number_is_no_name():
    exif = Image.Exif()
    exif[0x0112] = 3
    assert camera(exif.tobytes()) is None


def test_a_tiff_says_it_itself():
    file = io.BytesIO()
    Image.fromarray(np.zeros((2, 2, 3), np.uint8)).save(file, "TIFF", tiffinfo={MAKE: "Epson", MODEL: "Scan 1"})
    assert camera(file.getvalue()) == "Epson Scan 1"
