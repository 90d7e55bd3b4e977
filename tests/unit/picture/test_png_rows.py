"""PNGs whose last rows, end chunk or checksums are missing."""

import struct
import zlib
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from discern.errors import PictureError, TruncatedPicture
from discern.picture import Limits, open_picture
from discern.picture.decode import opened
from discern.picture.png_rows import complete_png

HEIGHT, WIDTH = 96, 50


def pixels(mode="RGB"):
    values = np.random.default_rng(0).integers(0, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8)
    image = (
        Image.fromarray(values).convert(mode) if mode != "I;16" else Image.fromarray(values[..., 0].astype("<u2") * 16)
    )
    file = BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def interlaced():
    """Encode a grey picture in the seven passes of Adam7, without filters."""
    values = np.random.default_rng(0).integers(0, 256, (HEIGHT, WIDTH), dtype=np.uint8)
    starts = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
    raw = b"".join(b"\0" + row.tobytes() for x, y, across, down in starts for row in values[y::down, x::across])
    header = struct.pack(">LLBBBBB", WIDTH, HEIGHT, 8, 0, 0, 0, 1)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(raw, 0)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">L", len(body)) + kind + body + struct.pack(">L", zlib.crc32(kind + body)) for kind, body in chunks
    )


def read(data):
    with opened(data, Limits()) as picture:
        return np.asarray(picture.decode(None)), picture.end.missing_rows


@pytest.mark.parametrize("mode", ["RGB", "L", "P", "1", "LA", "RGBA", "I;16"])
@pytest.mark.parametrize("cut", [5, 8, 12, 16])
def test_a_png_without_its_end_or_checksums_is_whole(mode, cut):
    data = pixels(mode)
    decoded, missing = read(data[:-cut])
    assert (missing, np.array_equal(decoded, open_picture(data))) == (0, True)
    assert read(data)[1] is None
    assert read(data + bytes(70_000))[1] is None


@pytest.mark.parametrize("data", [pixels(), interlaced()], ids=["rows", "interlaced"])
def test_missing_rows_are_counted_and_filled_in_or_refused(data):
    whole, previous = open_picture(data), 0
    for cut in range(20, len(data) // 3, 20):
        try:
            decoded, missing = read(data[:-cut])
        except TruncatedPicture as error:
            decoded, message = None, error.message
            missing = HEIGHT - int(message.split()[4])
        if decoded is None:
            assert message == f"This PNG ends after {HEIGHT - missing} of {HEIGHT} rows."
        else:
            assert np.array_equal(decoded[: HEIGHT - missing], whole[: HEIGHT - missing])
        assert (decoded is None) == (missing > HEIGHT / 16)
        assert missing >= previous
        previous = missing
    assert previous > HEIGHT / 4


def test_missing_rows_repeat_the_last_one():
    whole, decoded = open_picture(pixels()), read(pixels()[:-500])
    last = HEIGHT - decoded[1]
    assert decoded[1] > 1
    assert np.array_equal(decoded[0][:last], whole[:last])
    assert (decoded[0][last + 1 :] == decoded[0][last]).all()


@pytest.mark.parametrize("size", [(0, 5), (5, 0)])
def test_a_picture_without_sides_is_not_completed(size):
    assert complete_png(struct.pack(">LLBBBBB", *size, 8, 0, 0, 0, 0), zlib.compress(bytes(9))) is None


def test_damaged_pixels_are_not_completed():
    data = pixels()
    with pytest.raises(PictureError):
        open_picture(data[:300] + b"\x5a" * 300 + data[600:-12])
