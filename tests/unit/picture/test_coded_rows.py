"""JPEGs whose data ends early, or behind whose end other data follows."""

import hashlib
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from discern.errors import DamagedPicture, PictureError, TruncatedPicture
from discern.picture import Limits, open_picture
from discern.picture.decode import opened

CODINGS = {
    "baseline": {},
    "full colour": {"subsampling": 0},
    "progressive": {"progressive": True},
    "restarts": {"restart_marker_rows": 1},
    "optimised": {"optimize": True},
}
FILM = b"\0\0\0\x20ftypisom" + hashlib.shake_256(b"film").digest(300_000)
HEIGHT = 480


def encode(mode="RGB", **options):
    rng = np.random.default_rng(0)
    small = Image.fromarray(rng.integers(0, 256, (12, 16, 3), dtype=np.uint8))
    file = BytesIO()
    small.resize((640, HEIGHT), Image.Resampling.BICUBIC).convert(mode).save(file, "JPEG", quality=85, **options)
    return file.getvalue()


def read(data):
    """Return the pixels of a file and the number of rows that are missing."""
    with opened(data, Limits()) as picture:
        pixels = np.asarray(picture.decode(None))
        return pixels, picture.end.missing_rows


@pytest.mark.parametrize("options", CODINGS.values(), ids=CODINGS)
@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
def test_a_jpeg_without_its_end_marker_is_whole(options, mode):
    data = encode(mode, **options)
    for end in (b"", b"\xff", bytes(5000), b"\xff" * 5000):
        pixels, missing = read(data[:-2] + end)
        assert (missing, np.array_equal(pixels, open_picture(data))) == (0, True)
    assert read(data)[1] is None


@pytest.mark.parametrize("options", CODINGS.values(), ids=CODINGS)
def test_bytes_behind_the_picture_change_nothing(options):
    data = encode(**options)
    for behind in (FILM, data * 3, bytes(9999), b"<html>404</html>", data[data.index(b"\xff\xda") :] * 40):
        pixels, missing = read(data + behind)
        assert (missing, np.array_equal(pixels, open_picture(data))) == (None, True)
        if behind.startswith(b"\xff\xda") and "progressive" in options:
            continue  # nothing tells whether these are scans of the picture
        pixels, missing = read(data[:-2] + (behind if behind.startswith(b"\xff") else b"\xff\xd8" + behind))
        assert (missing, np.array_equal(pixels, open_picture(data))) == (0, True)


# Behind an end marker, nothing shows that a part of the last refinement is missing.
@pytest.mark.parametrize(
    ("coding", "end"),
    [(coding, end) for coding in CODINGS for end in (b"", b"\xff\xd9") if not (end and coding == "progressive")],
)
def test_a_few_missing_rows_are_filled_in_and_counted(coding, end):
    data = encode(**CODINGS[coding])
    cut = data[: len(data) - 60]
    pixels, missing = read(cut + end)
    assert 0 < missing <= HEIGHT // 16
    assert np.abs(pixels[: HEIGHT - missing - 2].astype(int) - open_picture(data)[: HEIGHT - missing - 2]).max() <= 1


@pytest.mark.parametrize("options", CODINGS.values(), ids=CODINGS)
@pytest.mark.parametrize("share", [0.2, 0.5, 0.8, 0.93])
def test_a_jpeg_of_which_more_is_missing_is_refused_with_the_number_of_rows(options, share):
    data = encode(**options)
    start = data.rindex(b"\xff\xda") if "progressive" in options else data.index(b"\xff\xda")
    cut = data[: start + 14 + round(share * (len(data) - start - 16))]
    with pytest.raises(TruncatedPicture, match=r"ends after \d+ of 480 rows") as caught:
        open_picture(cut)
    rows = int(caught.value.message.split()[4])
    assert abs(rows / HEIGHT - share) < 0.15
    padded = [cut + bytes(len(data)), cut + b"\xff" * 999]
    if "progressive" not in options:
        padded.append(cut + b"\xff\xd9")
    for same in padded:
        with pytest.raises(TruncatedPicture, match=r"ends after \d+ of 480 rows") as caught:
            open_picture(same)
        assert abs(int(caught.value.message.split()[4]) - rows) <= 16
    with pytest.raises(DamagedPicture, match=f"breaks off after {rows} of 480 rows.* other data"):
        open_picture(cut + b"\xff\xd8" + FILM)


def test_a_cut_at_a_restart_marker_is_noticed():
    data = encode(restart_marker_rows=1)
    places = [
        at for at in range(data.index(b"\xff\xda"), len(data) - 1) if data[at] == 255 and 0xD0 <= data[at + 1] < 0xD8
    ]
    assert len(places) == HEIGHT // 16 - 1
    for number, at in enumerate(places[:22:7], 1):
        for cut in (data[:at], data[: at + 1], data[: at + 2]):
            with pytest.raises(TruncatedPicture, match=f"after {16 * (7 * number - 6)} of 480 rows"):
                open_picture(cut)


def test_a_progressive_jpeg_that_lacks_scans_is_refused():
    data = encode(progressive=True)
    starts = [at for at in range(len(data)) if data[at : at + 2] == b"\xff\xda"]
    for number, at in enumerate(starts[1:], 1):
        with pytest.raises(TruncatedPicture, match=f"ends in scan {number} and lacks"):
            open_picture(data[:at])


@pytest.mark.parametrize("colour", ["white", (128, 128, 128), "black"])
@pytest.mark.parametrize("options", [{}, {"optimize": True}, {"progressive": True}])
def test_plain_areas_at_the_end_are_not_missing(colour, options):
    image = Image.open(BytesIO(encode()))
    image.paste(colour, (0, 100, 640, HEIGHT))
    file = BytesIO()
    image.save(file, "JPEG", **options)
    for data in (file.getvalue(), file.getvalue()[:-2]):
        pixels, missing = read(data)
        assert missing == (None if data.endswith(b"\xff\xd9") else 0)
        assert pixels.shape == (HEIGHT, 640, 3)


@pytest.mark.parametrize("options", [{}, {"progressive": True}])
def test_every_scale_decides_the_same(options):
    data = encode(**options)
    for cut in range(0, len(data) * 2 // 3, len(data) // 23):
        assert len({outcome(data[: len(data) - cut - 2], side) for side in (None, 200, 50)}) == 1


def outcome(data, min_side):
    try:
        with opened(data, Limits()) as picture:
            picture.decode(min_side)
            return picture.end.missing_rows
    except PictureError as error:
        return str(error)


@pytest.mark.parametrize("size", [(1, 1), (8, 8), (17, 1), (1, 700), (700, 9)])
@pytest.mark.parametrize("options", [{}, {"progressive": True}])
def test_small_and_narrow_jpegs_without_their_end_are_whole(size, options):
    file = BytesIO()
    Image.new("RGB", size, (200, 90, 30)).save(file, "JPEG", **options)
    assert read(file.getvalue()[:-2])[1] == 0
