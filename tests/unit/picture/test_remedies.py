"""The remedy of each refusal is for what was refused, and works."""

import io
from functools import cache

import numpy as np
import pytest
from PIL import Image

from discern.errors import PictureError
from discern.picture import Limits, open_picture

SMALL_BYTES = Limits(max_bytes=20_000)
SMALL_PIXELS = Limits(max_pixels=10_000)
SMALL_MEMORY = Limits(max_memory=3 << 20)


@cache
def encode(kind: str, side: int = 320, mode: str = "RGB", **options: object) -> bytes:
    rng = np.random.default_rng(0)
    file = io.BytesIO()
    small = Image.fromarray(rng.integers(0, 256, (20, 20, 3), dtype=np.uint8))
    small.resize((side, side), Image.Resampling.BICUBIC).convert(mode).save(file, kind, **options)
    return file.getvalue()


def cut(data: bytes) -> bytes:
    return data[: len(data) // 2]


def broken(data: bytes) -> bytes:
    return data[:40] + b"\x5a" * (len(data) - 60) + data[-20:]


SMALLER, AGAIN, EXPORT = "fewer pixels", "Copy or download the file again", "Export the picture again"
REMEDIES = {
    "bytes": (encode("PNG"), SMALL_BYTES, ["20,000 bytes", SMALLER], encode("PNG", 60)),
    "pixels": (encode("PNG"), SMALL_PIXELS, ["10,000 pixels", SMALLER], encode("PNG", 100)),
    "pixels, as a jpeg": (encode("PNG", 200), SMALL_PIXELS, ["40,000 in a JPEG"], encode("JPEG", 200)),
    "pixels of a jpeg": (encode("JPEG", 201), SMALL_PIXELS, ["40,000 in a JPEG", SMALLER], encode("JPEG", 200)),
    "memory": (encode("PNG", 500, "RGBA"), SMALL_MEMORY, ["3 MiB", SMALLER], encode("PNG", 300, "RGBA")),
    "memory of a webp": (encode("WEBP", 500), SMALL_MEMORY, ["3 MiB", SMALLER], encode("WEBP", 300)),
    "several scans": (
        encode("JPEG", 1100, progressive=True, subsampling=0),
        SMALL_MEMORY,
        ["3 MiB", "not progressive", "reduced scale"],
        encode("JPEG", 1100, subsampling=0),
    ),
    "several scans, fewer pixels": (
        encode("JPEG", 1100, progressive=True),
        SMALL_MEMORY,
        [SMALLER],
        encode("JPEG", 500, progressive=True),
    ),
    **{
        f"cut {kind}": (cut(encode(kind)), Limits(), [AGAIN], encode(kind))
        for kind in ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF")
    },
    "lacks scans": (cut(encode("JPEG", progressive=True)), Limits(), [AGAIN], encode("JPEG", progressive=True)),
    "other data in a jpeg": (cut(encode("JPEG")) + b"\xff\xd8abc" * 999, Limits(), [AGAIN], encode("JPEG")),
    "damaged": (broken(encode("WEBP")), Limits(), [EXPORT], encode("WEBP")),
    "empty": (b"", Limits(), [AGAIN], encode("PNG")),
    "no picture": (b"<html>404</html>", Limits(), ["Download the picture again"], encode("PNG")),
    "another format": (b"8BPS" + bytes(20), Limits(), ["Convert it to JPEG or PNG"], encode("PNG")),
}


@pytest.mark.parametrize(("data", "limits", "words", "remedied"), REMEDIES.values(), ids=REMEDIES)
def test_a_remedy_names_the_limit_and_works(data: bytes, limits: Limits, words: list[str], remedied: bytes) -> None:
    with pytest.raises(PictureError) as caught:
        open_picture(data, min_side=100, limits=limits)
    assert caught.value.hint
    assert all(word in caught.value.hint for word in words), caught.value.hint
    assert open_picture(remedied, min_side=100, limits=limits).size


def test_a_refused_progressive_jpeg_says_what_its_coefficients_take() -> None:
    data = encode("JPEG", 1100, progressive=True, subsampling=0)
    message = r"JPEG of 1,100 x 1,100 pixels would need 8 MiB of memory to decode, 7 MiB of it for the coefficients"
    with pytest.raises(PictureError, match=message):
        open_picture(data, min_side=100, limits=SMALL_MEMORY)


def test_a_jpeg_too_large_for_its_full_size_is_read_at_a_reduced_scale() -> None:
    data = encode("JPEG", 200)
    with pytest.raises(PictureError, match="too large to be decoded at full size") as caught:
        open_picture(data, limits=SMALL_PIXELS)
    assert "min_side" in caught.value.hint
    assert open_picture(data, min_side=100, limits=SMALL_PIXELS).shape == (100, 100, 3)
