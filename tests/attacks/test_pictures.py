"""Files made to do harm: each is refused by name, or opened as the small picture it is, soon and in little memory."""

import re
import struct
import subprocess
import sys
import time
import zlib
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from discern.errors import DamagedPicture, NotAPicture, PictureError, PictureTooLarge, TruncatedPicture
from discern.picture import Limits, open_picture, read_header

HEIC = Path(__file__).parents[1] / "unit" / "picture" / "turned.heic"
CODED = ["JPEG", "PROGRESSIVE", "PNG", "WEBP", "GIF", "BMP", "TIFF", "TIFF LZW", "AVIF", "HEIF"]
SECONDS = 15
MEBI = 2**20
TOO_LARGE, DAMAGED, CUT, NONE = PictureTooLarge, DamagedPicture, TruncatedPicture, NotAPicture
BROKEN = (DamagedPicture, TruncatedPicture)


def coded(name):
    if name == "HEIF":
        return HEIC.read_bytes()
    options = {"PROGRESSIVE": {"progressive": True}, "TIFF LZW": {"compression": "tiff_lzw"}}.get(name, {})
    pixels = np.random.default_rng(0).integers(0, 256, (48, 64, 3), dtype=np.uint8)
    file = BytesIO()
    Image.fromarray(pixels).save(file, {"PROGRESSIVE": "JPEG"}.get(name, name.partition(" ")[0]), **options)
    return file.getvalue()


def chunk(kind, body):
    return struct.pack(">L", len(body)) + kind + body + struct.pack(">L", zlib.crc32(kind + body))


def png(width=4, height=4, *, depth=8, colour=0, extra=b"", pixels=bytes(20)):
    head = chunk(b"IHDR", struct.pack(">LLBBBBB", width, height, depth, colour, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + extra + chunk(b"IDAT", zlib.compress(pixels, 9)) + chunk(b"IEND", b"")


def gif(width=5, height=5, *, left=0, frame=(1, 1), frames=1, before=b""):
    picture = b"," + struct.pack("<HHHHB", left, 0, *frame, 0) + b"\2\2\x4c\1\0"
    return b"GIF89a" + struct.pack("<HH", width, height) + b"\x80\0\0" + bytes(6) + before + picture * frames + b";"


def tiff(width=10, height=10, *, body=bytes(400), **tags):
    known = {"compression": 259, "strips": 273, "samples": 277, "rows": 278, "lengths": 279, "wide": 322, "long": 323}
    entries = {256: (4, 1, width), 257: (4, 1, height), 258: (3, 1, 8), 262: (3, 1, 1), 273: (4, 1, 200)}
    entries |= {278: (4, 1, height), 279: (4, 1, 100)}
    entries |= {known[name]: value if isinstance(value, tuple) else (4, 1, value) for name, value in tags.items()}
    return directory(entries) + body


def directory(entries, after=0):
    packed = b"".join(struct.pack("<HHLL", tag, *entry) for tag, entry in sorted(entries.items()))
    return b"II*\0" + struct.pack("<LH", 8, len(entries)) + packed + struct.pack("<L", after)


def patched(name, find, offset, layout, *values):
    data = coded(name)
    place = data.index(find) + offset
    new = struct.pack(layout, *values)
    return data[:place] + new + data[place + len(new) :]


def webp(width, height):
    canvas = (
        b"VP8X" + struct.pack("<LL", 10, 0) + (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    )
    body = b"WEBP" + canvas + coded("WEBP")[12:]
    return b"RIFF" + struct.pack("<L", len(body)) + body


def more_scans():
    file = BytesIO()
    Image.new("RGB", (1000, 800)).save(file, "JPEG", progressive=True)
    data = file.getvalue()
    return data[:-2] + data[data.rindex(b"\xff\xda") : -2] * 100_000 + data[-2:]


def exif_of_overlaps():
    tags = {1000 + n: (7, 50_000, 0) for n in range(255)}
    file = BytesIO()
    Image.new("RGB", (8, 8)).save(file, "JPEG", exif=b"Exif\0\0" + directory(tags) + bytes(50_000))
    return file.getvalue()


def bomb(kind):
    return chunk(kind, b"a\0\0" + zlib.compress(bytes(50 * MEBI), 6))


REFUSED = {
    "png_of_giant_sides": (lambda: png(60_000, 60_000), TOO_LARGE),
    "png_of_the_largest_sides": (lambda: png(2**31 - 1, 2**31 - 1), TOO_LARGE),
    "png_of_one_endless_row": (lambda: png(2**32 - 1, 1), TOO_LARGE),
    "png_without_a_side": (lambda: png(0, 5), DAMAGED),
    "png_that_lies_within_the_limits": (lambda: png(10_000, 10_000), BROKEN),
    "png_of_an_unknown_depth": (lambda: png(depth=7), DAMAGED),
    "png_with_a_false_checksum": (lambda: patched("PNG", b"IHDR", 4, ">L", 65), DAMAGED),
    "png_of_a_million_texts": (lambda: png(extra=chunk(b"tEXt", b"") * 1_000_000), DAMAGED),
    "png_without_pixels": (lambda: png()[:33] + chunk(b"IEND", b""), BROKEN),
    "gif_of_a_giant_screen": (lambda: gif(65_535, 65_535), TOO_LARGE),
    "gif_of_a_giant_frame": (lambda: gif(frame=(65_535, 65_535)), TOO_LARGE),
    "gif_of_a_frame_far_off": (lambda: gif(left=60_000, frame=(5_000, 30_000)), TOO_LARGE),
    "gif_of_a_frame_that_lies": (lambda: gif(frame=(10_000, 10_000)), BROKEN),
    "gif_without_a_frame": (lambda: gif(frames=0), DAMAGED),
    "gif_of_a_comment_in_crumbs": (lambda: gif(before=b"!\xfe" + b"\1a" * 20 * MEBI + b"\0"), DAMAGED),
    "gif_of_ten_million_extensions": (lambda: gif(before=b"!\xfe\1a\0" * 10 * MEBI), DAMAGED),
    "tiff_of_giant_sides": (lambda: tiff(100_000, 100_000), TOO_LARGE),
    "tiff_of_negative_sides": (lambda: tiff(2**32 - 1, 2**32 - 1), TOO_LARGE),
    "tiff_that_lies_within_the_limits": (lambda: tiff(10_000, 10_000), BROKEN),
    "tiff_of_millions_of_strips": (
        lambda: tiff(1, 10 * MEBI, rows=1, strips=(4, 10 * MEBI, 0), lengths=(4, 10 * MEBI, 0), body=bytes(40 * MEBI)),
        DAMAGED,
    ),
    "tiff_of_overlapping_tags": (
        lambda: directory({1000 + n: (7, 50 * MEBI, 0) for n in range(2000)}) + bytes(50 * MEBI),
        DAMAGED,
    ),
    "tiff_of_a_billion_samples": (lambda: tiff(samples=2**31), DAMAGED),
    "tiff_of_a_giant_tile": (lambda: tiff(compression=8, wide=2**30, long=2**30), TOO_LARGE),
    "tiff_of_a_tile_that_would_fit_in_memory": (lambda: tiff(compression=8, wide=32_768, long=32_768), TOO_LARGE),
    "tiff_of_a_cut_directory": (lambda: b"II*\0\x08\0\0\0\xff\xff", CUT),
    "tiff_of_a_directory_behind_the_end": (lambda: b"MM\0*\xff\xff\xff\xff", CUT),
    "tiff_of_strips_without_rows": (lambda: tiff(rows=0), DAMAGED),
    "tiff_of_strips_behind_the_end": (lambda: tiff(compression=5, strips=2**31), CUT),
    "jpeg_of_giant_sides": (lambda: patched("JPEG", b"\xff\xc0", 5, ">HH", 65_500, 65_500), TOO_LARGE),
    "jpeg_that_lies_within_the_limits": (lambda: patched("JPEG", b"\xff\xc0", 5, ">HH", 10_900, 10_900), CUT),
    "jpeg_without_a_side": (lambda: patched("JPEG", b"\xff\xc0", 5, ">HH", 0, 0), DAMAGED),
    "jpeg_of_twelve_bits": (lambda: patched("JPEG", b"\xff\xc0", 4, "B", 12), DAMAGED),
    "jpeg_of_millions_of_comments": (lambda: b"\xff\xd8" + b"\xff\xfe\0\2" * 10 * MEBI + coded("JPEG")[2:], DAMAGED),
    "jpeg_of_megabytes_of_junk": (lambda: b"\xff\xd8\xff\xfe\0\2" + bytes(40 * MEBI) + coded("JPEG")[2:], DAMAGED),
    "jpeg_of_megabytes_of_padding": (lambda: b"\xff\xd8" + b"\xff" * 40 * MEBI + coded("JPEG")[3:], DAMAGED),
    "jpeg_of_scans_without_number": (more_scans, DAMAGED),
    "jpeg_of_four_bytes": (lambda: b"\xff\xd8\xff\xe0", CUT),
    "bmp_of_giant_sides": (lambda: patched("BMP", b"BM", 18, "<LL", 2**31 - 1, 2**31 - 1), TOO_LARGE),
    "bmp_that_lies_within_the_limits": (lambda: patched("BMP", b"BM", 18, "<LL", 10_000, 10_000), BROKEN),
    "bmp_of_pixels_behind_the_end": (lambda: patched("BMP", b"BM", 10, "<L", 2**32 - 1), BROKEN),
    "bmp_of_millions_of_runs": (lambda: patched("BMP", b"BM", 30, "<L", 1) + bytes(40 * MEBI), DAMAGED),
    "webp_of_a_giant_canvas": (lambda: webp(2**24, 2**24), TOO_LARGE),
    "webp_of_the_largest_canvas": (lambda: webp(16_384, 16_384), TOO_LARGE),
    "webp_of_a_canvas_that_lies": (lambda: webp(10_900, 10_900), DAMAGED),
    "webp_of_giant_sides": (lambda: patched("WEBP", b"\x9d\x01\x2a", 3, "<HH", 16_383, 16_383), TOO_LARGE),
    "webp_that_lies_within_the_limits": (lambda: patched("WEBP", b"\x9d\x01\x2a", 3, "<HH", 5_000, 5_000), BROKEN),
    "webp_that_claims_four_gigabytes": (lambda: patched("WEBP", b"RIFF", 4, "<L", 2**32 - 1), CUT),
    "avif_of_giant_sides": (lambda: patched("AVIF", b"ispe", 8, ">LL", 60_000, 60_000), DAMAGED),
    "avif_of_large_sides": (lambda: patched("AVIF", b"ispe", 8, ">LL", 16_000, 16_000), TOO_LARGE),
    "avif_of_nothing_but_a_name": (lambda: b"\0\0\0\x1cftypavif\0\0\0\0avifmif1miaf", BROKEN),
    "heif_of_giant_sides": (lambda: patched("HEIF", b"ispe", 8, ">LL", 60_000, 60_000), DAMAGED),
    "heif_that_lies_within_the_limits": (lambda: patched("HEIF", b"ispe", 8, ">LL", 10_000, 10_000), DAMAGED),
    "heif_of_an_item_that_crashes_its_reader": (lambda: patched("HEIF", b"Exif", 1, "B", 0xFF), DAMAGED),
    "heif_of_nothing_but_a_name": (lambda: b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", BROKEN),
    "postscript_that_would_run": (lambda: b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(%pipe%id) run", NONE),
    "postscript_behind_a_bmp_suffix": (lambda: b"\xc5\xd0\xd3\xc6" + bytes(60), NONE),
    "a_web_page": (lambda: b"<!DOCTYPE html><title>404</title>", NONE),
    "a_zip": (lambda: b"PK\3\4" + bytes(100), NONE),
    "megabytes_of_zeros": (lambda: bytes(60 * MEBI), NONE),
    "more_bytes_than_allowed": (lambda: coded("PNG") + bytes(64 * MEBI), TOO_LARGE),
}

HARMLESS = {
    "png_of_a_text_that_grows": lambda: png(extra=bomb(b"zTXt")),
    "png_of_a_profile_that_grows": lambda: png(extra=bomb(b"iCCP")),
    "png_of_an_international_text_that_grows": lambda: png(extra=chunk(b"iTXt", b"a\0\1\0\0\0" + bomb(b"zTXt"))),
    "png_of_billions_of_frames": lambda: png(extra=chunk(b"acTL", struct.pack(">LL", 2**31 - 1, 0)) * 2),
    "png_of_a_chunk_without_end": lambda: png().replace(struct.pack(">L", 11) + b"IDAT", b"\xff\xff\xff\xffIDAT"),
    "gif_of_a_million_frames": lambda: gif(frames=1_000_000),
    "tiff_of_directories_in_a_circle": lambda: tiff()[:8] + tiff()[8:94] + struct.pack("<L", 8) + bytes(400),
    "jpeg_of_overlapping_exif_tags": exif_of_overlaps,
    "avif_of_one_pixel_by_its_header": lambda: patched("AVIF", b"ispe", 8, ">LL", 1, 1),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_would_do_harm_is_refused_by_name_and_soon(name):
    make, kind = REFUSED[name]
    data, started = make(), time.monotonic()
    with pytest.raises(kind) as caught:
        open_picture(data)
    assert caught.value.hint
    assert time.monotonic() - started < SECONDS


@pytest.mark.parametrize("name", HARMLESS)
def test_what_is_harmless_without_its_trimmings_is_opened_soon(name):
    data, started = HARMLESS[name](), time.monotonic()
    assert max(open_picture(data).shape) <= 64
    assert read_header(data).frames in (1, 2)
    assert time.monotonic() - started < SECONDS


@pytest.mark.parametrize("name", CODED)
def test_every_length_of_a_cut_file_is_explained(name):
    data = coded(name)
    for percent in range(0, 100, 5):
        _explained(data[: len(data) * percent // 100])


@pytest.mark.parametrize("name", CODED)
def test_every_cut_within_the_first_bytes_is_explained(name):
    data = coded(name)
    for length in range(min(64, len(data))):
        _explained(data[:length])


@pytest.mark.parametrize("name", CODED)
@pytest.mark.parametrize("value", [0x00, 0x7F, 0xFF])
def test_every_single_byte_of_a_header_may_be_wrong(name, value):
    data = coded(name)
    for place in range(min(160, len(data))):
        _explained(data[:place] + bytes([value]) + data[place + 1 :])


@pytest.mark.parametrize("name", CODED)
def test_a_file_of_the_signature_and_zeros_is_explained(name):
    _explained(coded(name)[:16] + bytes(10_000))


def test_limits_hold_for_every_format():
    for name in CODED:
        with pytest.raises(PictureTooLarge):
            open_picture(coded(name), limits=Limits(max_pixels=100))


@pytest.mark.skipif(sys.platform == "win32", reason="memory is measured by the resource module")
def test_no_attack_takes_much_memory():
    """All of them in one fresh process: the peak stays below what the files themselves and a full-size picture take."""
    program = (
        "import importlib.util\n"
        f"spec = importlib.util.spec_from_file_location('attacks', {__file__!r})\n"
        "attacks = importlib.util.module_from_spec(spec); spec.loader.exec_module(attacks)\n"
        "for make in [*[make for make, _ in attacks.REFUSED.values()], *attacks.HARMLESS.values()]:\n"
        "    try: attacks.open_picture(make())\n"
        "    except attacks.PictureError: pass\n"
        "print(attacks.peak_memory() / attacks.MEBI)\n"
    )
    result = subprocess.run(
        [sys.executable, "-W", "error", "-c", program], check=False, capture_output=True, text=True, timeout=120
    )
    assert result.returncode == 0, result.stderr
    assert float(result.stdout) < 500


def peak_memory():
    """The most bytes that this process had in memory."""
    status = Path("/proc/self/status")
    if status.exists():
        # What `resource` says begins with the memory of the process that began this one.
        return 1024 * int(re.search(r"VmHWM:\s*(\d+)", status.read_text())[1])
    import resource  # noqa: PLC0415 - not on every system

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def _explained(data):
    """Open it, or check that the error says what to do."""
    try:
        open_picture(data)
    except PictureError as error:
        assert error.hint  # noqa: PT017 - which of them are pictures still is not known
