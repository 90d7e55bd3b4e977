"""Hostile pictures: false sizes, decompression bombs, and content that contradicts the signature."""

import struct
import zlib
from functools import lru_cache
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image

from tests.attacks.entry_points import READ
from tests.attacks.hostile import Hostile, file

HEIC = Path(__file__).parents[1] / "unit" / "picture" / "turned.heic"
ENCODED = ["JPEG", "PROGRESSIVE", "PNG", "WEBP", "GIF", "BMP", "TIFF", "TIFF LZW", "AVIF", "HEIF"]
MEBI = 2**20
TOO_LARGE, DAMAGED, CUT, NONE = ("too_large",), ("damaged",), ("truncated",), ("not_a_picture",)
BROKEN = (*DAMAGED, *CUT)


@lru_cache
def encoded(name):
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
    data = encoded(name)
    offset = data.index(find) + offset
    new = struct.pack(layout, *values)
    return data[:offset] + new + data[offset + len(new) :]


def webp(width, height):
    canvas = (
        b"VP8X" + struct.pack("<LL", 10, 0) + (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    )
    body = b"WEBP" + canvas + encoded("WEBP")[12:]
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
    "png_of_a_false_size_within_limits": (lambda: png(10_000, 10_000), BROKEN),
    "png_of_an_unknown_depth": (lambda: png(depth=7), DAMAGED),
    "png_with_a_false_checksum": (lambda: patched("PNG", b"IHDR", 4, ">L", 65), DAMAGED),
    "png_of_a_million_texts": (lambda: png(extra=chunk(b"tEXt", b"") * 1_000_000), DAMAGED),
    "png_without_pixels": (lambda: png()[:33] + chunk(b"IEND", b""), BROKEN),
    "gif_of_a_giant_screen": (lambda: gif(65_535, 65_535), TOO_LARGE),
    "gif_of_a_giant_frame": (lambda: gif(frame=(65_535, 65_535)), TOO_LARGE),
    "gif_of_a_frame_far_off": (lambda: gif(left=60_000, frame=(5_000, 30_000)), TOO_LARGE),
    "gif_of_a_frame_of_a_false_size": (lambda: gif(frame=(10_000, 10_000)), BROKEN),
    "gif_without_a_frame": (lambda: gif(frames=0), DAMAGED),
    "gif_of_a_comment_in_tiny_blocks": (lambda: gif(before=b"!\xfe" + b"\1a" * 20 * MEBI + b"\0"), DAMAGED),
    "gif_of_ten_million_extensions": (lambda: gif(before=b"!\xfe\1a\0" * 10 * MEBI), DAMAGED),
    "tiff_of_giant_sides": (lambda: tiff(100_000, 100_000), TOO_LARGE),
    "tiff_of_negative_sides": (lambda: tiff(2**32 - 1, 2**32 - 1), TOO_LARGE),
    "tiff_of_a_false_size_within_limits": (lambda: tiff(10_000, 10_000), BROKEN),
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
    "tiff_of_a_truncated_directory": (lambda: b"II*\0\x08\0\0\0\xff\xff", CUT),
    "tiff_of_a_directory_beyond_the_end": (lambda: b"MM\0*\xff\xff\xff\xff", CUT),
    "tiff_of_strips_without_rows": (lambda: tiff(rows=0), DAMAGED),
    "tiff_of_strips_beyond_the_end": (lambda: tiff(compression=5, strips=2**31), CUT),
    "jpeg_of_giant_sides": (lambda: patched("JPEG", b"\xff\xc0", 5, ">HH", 65_500, 65_500), TOO_LARGE),
    "jpeg_of_a_false_size_within_limits": (lambda: patched("JPEG", b"\xff\xc0", 5, ">HH", 10_900, 10_900), CUT),
    "jpeg_without_a_side": (lambda: patched("JPEG", b"\xff\xc0", 5, ">HH", 0, 0), DAMAGED),
    "jpeg_of_twelve_bits": (lambda: patched("JPEG", b"\xff\xc0", 4, "B", 12), DAMAGED),
    "jpeg_of_millions_of_comments": (lambda: b"\xff\xd8" + b"\xff\xfe\0\2" * 10 * MEBI + encoded("JPEG")[2:], DAMAGED),
    "jpeg_of_megabytes_of_junk": (lambda: b"\xff\xd8\xff\xfe\0\2" + bytes(40 * MEBI) + encoded("JPEG")[2:], DAMAGED),
    "jpeg_of_megabytes_of_padding": (lambda: b"\xff\xd8" + b"\xff" * 40 * MEBI + encoded("JPEG")[3:], DAMAGED),
    "jpeg_of_too_many_scans": (more_scans, DAMAGED),
    "jpeg_of_four_bytes": (lambda: b"\xff\xd8\xff\xe0", CUT),
    "bmp_of_giant_sides": (lambda: patched("BMP", b"BM", 18, "<LL", 2**31 - 1, 2**31 - 1), TOO_LARGE),
    "bmp_of_a_false_size_within_limits": (lambda: patched("BMP", b"BM", 18, "<LL", 10_000, 10_000), BROKEN),
    "bmp_of_pixels_beyond_the_end": (lambda: patched("BMP", b"BM", 10, "<L", 2**32 - 1), BROKEN),
    "bmp_of_millions_of_runs": (lambda: patched("BMP", b"BM", 30, "<L", 1) + bytes(40 * MEBI), DAMAGED),
    "webp_of_a_giant_canvas": (lambda: webp(2**24, 2**24), TOO_LARGE),
    "webp_of_the_largest_canvas": (lambda: webp(16_384, 16_384), TOO_LARGE),
    "webp_of_a_canvas_of_a_false_size": (lambda: webp(10_900, 10_900), DAMAGED),
    "webp_of_giant_sides": (lambda: patched("WEBP", b"\x9d\x01\x2a", 3, "<HH", 16_383, 16_383), TOO_LARGE),
    "webp_of_a_false_size_within_limits": (
        lambda: patched("WEBP", b"\x9d\x01\x2a", 3, "<HH", 5_000, 5_000),
        BROKEN,
    ),
    "webp_that_claims_four_gigabytes": (lambda: patched("WEBP", b"RIFF", 4, "<L", 2**32 - 1), CUT),
    "avif_of_giant_sides": (lambda: patched("AVIF", b"ispe", 8, ">LL", 60_000, 60_000), DAMAGED),
    "avif_of_large_sides": (lambda: patched("AVIF", b"ispe", 8, ">LL", 16_000, 16_000), TOO_LARGE),
    "avif_of_a_file_type_box_alone": (lambda: b"\0\0\0\x1cftypavif\0\0\0\0avifmif1miaf", BROKEN),
    "heif_of_giant_sides": (lambda: patched("HEIF", b"ispe", 8, ">LL", 60_000, 60_000), DAMAGED),
    "heif_of_a_false_size_within_limits": (lambda: patched("HEIF", b"ispe", 8, ">LL", 10_000, 10_000), DAMAGED),
    "heif_of_an_item_that_crashes_its_decoder": (lambda: patched("HEIF", b"Exif", 1, "B", 0xFF), DAMAGED),
    "heif_of_a_file_type_box_alone": (lambda: b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", BROKEN),
    "postscript_that_runs_programs": (
        lambda: b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(%pipe%id) run",
        NONE,
    ),
    "postscript_under_a_bmp_suffix": (lambda: b"\xc5\xd0\xd3\xc6" + bytes(60), NONE),
    "a_web_page": (lambda: b"<!DOCTYPE html><title>404</title>", NONE),
    "a_zip": (lambda: b"PK\3\4" + bytes(100), NONE),
    "megabytes_of_zeros": (lambda: bytes(60 * MEBI), NONE),
    "more_bytes_than_allowed": (lambda: encoded("PNG") + bytes(64 * MEBI), TOO_LARGE),
}

HARMLESS = {
    "png_of_a_text_bomb": lambda: png(extra=bomb(b"zTXt")),
    "png_of_a_profile_bomb": lambda: png(extra=bomb(b"iCCP")),
    "png_of_an_international_text_bomb": lambda: png(extra=chunk(b"iTXt", b"a\0\1\0\0\0" + bomb(b"zTXt"))),
    "png_of_billions_of_frames": lambda: png(extra=chunk(b"acTL", struct.pack(">LL", 2**31 - 1, 0)) * 2),
    "png_of_a_chunk_of_four_gigabytes": lambda: png().replace(struct.pack(">L", 11) + b"IDAT", b"\xff\xff\xff\xffIDAT"),
    "gif_of_a_million_frames": lambda: gif(frames=1_000_000),
    "tiff_of_circular_directories": lambda: tiff()[:8] + tiff()[8:94] + struct.pack("<L", 8) + bytes(400),
    "jpeg_of_overlapping_exif_tags": exif_of_overlaps,
    "avif_of_one_pixel_by_its_header": lambda: patched("AVIF", b"ispe", 8, ">LL", 1, 1),
}


def largest(mode, form, **options):
    """Encode a blank picture of the largest allowed size: about 100 KB that decode to hundreds of megabytes."""
    file = BytesIO()
    Image.new(mode, (10_900, 10_900)).save(file, form, **options)
    return file.getvalue()


def animated(form, frames, **options):
    file = BytesIO()
    images = [Image.new("RGB", (4, 4), (number % 256, number // 256, 0)) for number in range(frames)]
    images[0].save(file, form, save_all=True, append_images=images[1:], **options)
    return file.getvalue()


def fragmented_png():
    """Split the pixels into chunks of one byte and of none."""
    deflated = zlib.compress(bytes(20), 9)
    chunks = b"".join(chunk(b"IDAT", deflated[at : at + 1]) + chunk(b"IDAT", b"") * 3000 for at in range(11))
    return png()[:33] + chunks + chunk(b"IEND", b"")


def boxes(depth):
    """Nest boxes of one type in each other."""
    data = b""
    for _ in range(depth):
        data = struct.pack(">L", len(data) + 8) + b"meta" + data
    return encoded("AVIF")[:32] + data


MAGICS = {
    "JPEG": b"\xff\xd8\xff\xe0",
    "PNG": b"\x89PNG\r\n\x1a\n",
    "GIF": b"GIF89a",
    "BMP": encoded("BMP")[:30],
    "TIFF": b"II*\0\x08\0\0\0",
    "BIGTIFF": b"II+\0\x08\0\0\0\x10\0\0\0\0\0\0\0",
    "WEBP": encoded("WEBP")[:16],
    "AVIF": encoded("AVIF")[:32],
    "HEIF": HEIC.read_bytes()[:32],
}
BODIES = {"JPEG": "PNG", "PNG": "JPEG", "GIF": "PNG", "BMP": "JPEG", "TIFF": "WEBP", "BIGTIFF": "TIFF"}
BODIES |= {"WEBP": "GIF", "AVIF": "PNG", "HEIF": "WEBP"}
UNUSABLE = (*BROKEN, *TOO_LARGE)
LATER = {
    "png_of_the_largest_allowed_sides_and_alpha": (lambda: largest("RGBA", "PNG"), TOO_LARGE),
    "tiff_of_the_largest_allowed_sides_in_floats": (
        lambda: largest("F", "TIFF", compression="tiff_adobe_deflate"),
        TOO_LARGE,
    ),
    "webp_of_the_largest_allowed_sides": (lambda: largest("RGB", "WEBP", lossless=True, method=0), TOO_LARGE),
    "jpeg_of_the_largest_allowed_sides_in_many_scans": (lambda: largest("CMYK", "JPEG", progressive=True), DAMAGED),
    "png_of_a_bomb_after_the_last_row": (lambda: png(pixels=bytes(300 * MEBI)), (*DAMAGED, READ)),
    "png_in_tiny_chunks": (fragmented_png, (READ,)),
    "jpeg_of_one_component_in_65535_columns": (lambda: patched("JPEG", b"\xff\xc0", 5, ">HH", 1, 65_535), UNUSABLE),
    "jpeg_without_tables": (lambda: encoded("JPEG").replace(b"\xff\xc4", b"\xff\xec"), (READ,)),
    "jpeg_of_a_thousand_restarts": (lambda: encoded("JPEG")[:-2] + b"\xff\xd0\xff\xd1" * 1000 + b"\xff\xd9", (READ,)),
    "jpeg_of_two_frames": (
        lambda: encoded("JPEG").replace(
            b"\xff\xda", encoded("JPEG")[encoded("JPEG").index(b"\xff\xc0") :][:19] + b"\xff\xda", 1
        ),
        DAMAGED,
    ),
    "gif_of_thousands_of_frames": (lambda: animated("GIF", 2000), (READ,)),
    "webp_of_hundreds_of_frames": (lambda: animated("WEBP", 500, lossless=True), (READ,)),
    "tiff_of_hundreds_of_pages": (lambda: animated("TIFF", 300), (READ,)),
    "avif_of_many_frames": (lambda: animated("AVIF", 60, speed=10), (READ,)),
    "avif_of_nested_boxes": (lambda: boxes(50_000), DAMAGED),
    "tiff_of_strips_in_one_place": (
        lambda: tiff(100, 100, rows=1, strips=(4, 100, 200), lengths=(4, 100, 200), body=struct.pack("<L", 100) * 300),
        UNUSABLE,
    ),
    "tiff_of_a_text_for_its_width": (
        lambda: tiff(10, 10)[:10] + tiff(10, 10)[10:].replace(b"\0\1\4", b"\0\1\2", 1),
        BROKEN,
    ),
    "bmp_of_negative_sides": (lambda: patched("BMP", b"BM", 18, "<ll", -64, -48), (*BROKEN, *NONE, *TOO_LARGE)),
    "bmp_of_zero_bits_per_pixel": (lambda: patched("BMP", b"BM", 28, "<H", 0), DAMAGED),
    "bmp_without_a_side": (lambda: patched("BMP", b"BM", 18, "<LL", 0, 0), DAMAGED),
    "webp_without_a_side": (lambda: patched("WEBP", b"\x9d\x01\x2a", 3, "<HH", 0, 0), BROKEN),
    "gif_without_a_side": (lambda: gif(0, 0, frame=(0, 0)), DAMAGED),
    "tiff_without_a_side": (lambda: tiff(0, 0), DAMAGED),
    "avif_without_a_side": (lambda: patched("AVIF", b"ispe", 8, ">LL", 0, 0), DAMAGED),
    "heif_without_a_side": (lambda: patched("HEIF", b"ispe", 8, ">LL", 0, 0), DAMAGED),
    **{
        f"{name.lower()}_in_name_and_{body.lower()}_in_body": (
            lambda name=name, body=body: MAGICS[name] + encoded(body),
            UNUSABLE,
        )
        for name, body in BODIES.items()
    },
}
WHYS = {
    "jpeg_without_tables": "the standard tables apply, as in Motion JPEG",
    "png_in_tiny_chunks": "the picture is complete, and its parts are bounded",
    "png_of_a_bomb_after_the_last_row": "data after the last row is not decompressed",
    "jpeg_of_a_thousand_restarts": "decoders skip data after the last block",
}
ONLY_FIRST = "the first frame is a complete picture, and the others are not read"
TRIMMED = "the picture is complete without the chunks that are dropped"
SOFT = "the decoder fills in what is missing at the very end"


def _picture(name, make, outcomes):
    kind = "hostile picture"
    why = WHYS.get(name, ONLY_FIRST) if READ in outcomes else ""
    heavy = "largest_allowed" in name or "bomb_after" in name
    return Hostile(
        kind=kind,
        name=name,
        entry_point="open",
        write=file(f"{name[:40]}.jpg", make),
        outcomes=outcomes,
        why=why,
        heavy=heavy,
    )


def _truncated(name, percent):
    def make():
        data = encoded(name)
        return data[: len(data) * percent // 100]

    # Some formats do not need their last bytes.
    outcomes, why = ((*BROKEN, READ), SOFT) if percent == 95 or name == "HEIF" else ((*BROKEN, *NONE), "")
    file_name = f"truncated-{percent}.{name[:3].lower()}"
    return Hostile(
        kind="truncated file",
        name=f"{name} at {percent} %",
        entry_point="open",
        write=file(file_name, make),
        outcomes=outcomes,
        why=why,
    )


PICTURES = (
    *(_picture(name, *each) for name, each in {**REFUSED, **LATER}.items()),
    *(
        Hostile(
            kind="harmless",
            name=name,
            entry_point="open",
            write=file(f"{name}.png", make),
            outcomes=(READ,),
            why=TRIMMED,
        )
        for name, make in HARMLESS.items()
    ),
    *(_truncated(name, percent) for name in ENCODED for percent in range(5, 100, 5)),
)
