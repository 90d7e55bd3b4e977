"""Metadata is gone from every format and every place, while pixels, orientation and colours stay."""

import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms, PngImagePlugin

from discern.errors import PictureError
from discern.picture import Limits, open_picture, pixel_hash, read_header
from discern.picture.exif_tags import ORIENTATION
from discern.picture.picture_facts import hash_file
from discern.picture.strip_metadata import encode_pixels, strip_metadata, strip_picture

SECRET = b"48.137154N-GPS-secret"
TEXT = SECRET.decode()
HEIC = Path(__file__).with_name("turned.heic")
PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
GPS_IFD, MAKER, DESCRIPTION, USER_COMMENT, EXIF_IFD = 0x8825, 0x010F, 0x010E, 0x9286, 0x8769


def drawing(width: int = 60, height: int = 40) -> Image.Image:
    pixels = np.random.default_rng(0).integers(0, 256, (height // 4, width // 4, 3), np.uint8)
    return Image.fromarray(pixels).resize((width, height))


def planted_exif(orientation: int = 1) -> Image.Exif:
    exif = Image.Exif()
    exif[ORIENTATION], exif[MAKER], exif[DESCRIPTION] = orientation, TEXT, TEXT
    exif.get_ifd(EXIF_IFD)[USER_COMMENT] = SECRET
    exif.get_ifd(GPS_IFD).update({1: "N", 2: (48.0, 8.0, 13.7), 27: SECRET})
    return exif


def encoded(name: str, image: Image.Image | None = None, **options: object) -> bytes:
    buffer = io.BytesIO()
    (image or drawing()).save(buffer, name, **options)
    return buffer.getvalue()


def segment(marker: int, content: bytes) -> bytes:
    return bytes([0xFF, marker]) + struct.pack(">H", len(content) + 2) + content


def chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">L", len(content)) + kind + content + struct.pack(">L", zlib.crc32(kind + content))


def riff_chunk(kind: bytes, content: bytes) -> bytes:
    return kind + struct.pack("<L", len(content)) + content + bytes(len(content) % 2)


def stuffed_jpeg(orientation: int = 1, **options: object) -> bytes:
    """A JPEG with the secret in every kind of segment, in its thumbnail, and behind its end."""
    data = encoded("JPEG", exif=planted_exif(orientation), icc_profile=PROFILE, comment=SECRET, **options)
    jfif_thumbnail = b"JFIF\0\1\1\0\0\1\0\1\x03\x03" + SECRET.ljust(27, b"x")
    others = [
        segment(0xE0, jfif_thumbnail),
        segment(0xE0, b"JFXX\0\x10" + SECRET),
        segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + SECRET),
        segment(0xE1, b"http://ns.adobe.com/xmp/extension/\0" + SECRET),
        segment(0xE2, b"MPF\0" + SECRET),
        segment(0xED, b"Photoshop 3.0\x008BIM" + SECRET),
        segment(0xEE, b"Adobe\0\x64\0\0\0\0\1" + SECRET),
        segment(0xEF, SECRET),
        segment(0xFE, SECRET),
    ]
    return data[:2] + b"".join(others) + data[2:] + SECRET + data


def stuffed_png(orientation: int = 1) -> bytes:
    info = PngImagePlugin.PngInfo()
    info.add_text("Comment", TEXT)
    info.add_itxt("XML:com.adobe.xmp", TEXT)
    info.add_text("Raw profile type exif", TEXT, zip=True)
    data = encoded("PNG", pnginfo=info, exif=planted_exif(orientation))
    name = SECRET + b"\0\0" + zlib.compress(PROFILE)
    header_end = 8 + 25
    more = chunk(b"iCCP", name) + chunk(b"tIME", SECRET[:7]) + chunk(b"prVt", SECRET)
    return data[:header_end] + more + data[header_end:] + SECRET


def stuffed_webp(orientation: int = 1, **options: object) -> bytes:
    data = encoded("WEBP", exif=planted_exif(orientation), xmp=SECRET, icc_profile=PROFILE, **options)
    body = data[12:] + riff_chunk(b"LOOK", SECRET + b"!")
    return b"RIFF" + struct.pack("<L", len(body) + 4) + b"WEBP" + body + SECRET


STUFFED = {"JPEG": stuffed_jpeg, "PNG": stuffed_png, "WEBP": stuffed_webp}


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("name", STUFFED)
def test_only_the_orientation_and_the_profile_remain(name: str, orientation: int) -> None:
    data = STUFFED[name](orientation)
    assert SECRET in data
    found = strip_picture(data)
    assert SECRET not in found.data
    assert b"GPS" not in found.data
    assert found.media_type == f"image/{name.lower()}"
    assert found.pixels == ""
    assert strip_metadata(found.data) == (found.data, found.media_type)
    with Image.open(io.BytesIO(found.data)) as image:
        assert dict(image.getexif()) == ({} if orientation == 1 else {ORIENTATION: orientation})
        assert image.info.get("icc_profile") == PROFILE
        assert not {"comment", "xmp", "photoshop", "mp", "Comment"} & set(image.info)
    assert np.array_equal(open_picture(found.data), open_picture(data))


@pytest.mark.parametrize(
    "options",
    [{"progressive": True}, {"subsampling": 0}, {"restart_marker_blocks": 2}, {"optimize": True}, {"quality": 30}],
)
def test_every_coding_of_a_jpeg_stays_the_same(options: dict[str, object]) -> None:
    data = stuffed_jpeg(6, **options)
    stripped, _ = strip_metadata(data)
    assert SECRET not in stripped
    coded = data[data.index(b"\xff\xda") : data.index(b"\xff\xd9" + SECRET)]
    assert coded in stripped
    assert pixel_hash(open_picture(stripped)) == pixel_hash(open_picture(data))


@pytest.mark.parametrize("mode", ["L", "CMYK", "RGB"])
def test_the_colours_of_a_jpeg_stay_the_same(mode: str) -> None:
    data = encoded("JPEG", drawing().convert(mode), comment=SECRET)
    stripped, _ = strip_metadata(data)
    assert SECRET not in stripped
    assert np.array_equal(open_picture(stripped), open_picture(data))


def test_metadata_between_the_scans_of_a_jpeg_goes() -> None:
    data = encoded("JPEG", progressive=True)
    second = data.index(b"\xff\xc4", data.index(b"\xff\xda"))
    stuffed = data[:second] + segment(0xFE, SECRET) + segment(0xE1, b"Exif\0\0" + SECRET) + data[second:]
    assert strip_metadata(stuffed) == (data, "image/jpeg")


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "I;16"])
def test_the_colours_of_a_png_stay_the_same(mode: str) -> None:
    grey = drawing().convert("L")
    image = Image.fromarray(np.asarray(grey).astype(np.uint16) * 200) if mode == "I;16" else grey.convert(mode)
    info = PngImagePlugin.PngInfo()
    info.add_text("Comment", TEXT)
    data = encoded("PNG", image, pnginfo=info)
    stripped, media_type = strip_metadata(data)
    assert (SECRET in stripped, media_type) == (False, "image/png")
    assert hash_file(stripped, Limits()) == hash_file(data, Limits())


@pytest.mark.parametrize("options", [{}, {"lossless": True}])
def test_a_transparent_webp_stays_the_same(options: dict[str, object]) -> None:
    image = drawing().convert("RGBA")
    image.putalpha(128)
    data = encoded("WEBP", image, exif=planted_exif(), **options)
    stripped, _ = strip_metadata(data)
    assert SECRET not in stripped
    assert np.array_equal(open_picture(stripped), open_picture(data))


def test_other_formats_are_encoded_again_and_keep_the_hash_of_the_original() -> None:
    tiff = encoded("TIFF", exif=planted_exif(6), description=TEXT)
    gif = encoded("GIF", drawing().convert("P"), comment=SECRET)
    avif = encoded("AVIF", exif=planted_exif(6), xmp=SECRET)
    bmp = encoded("BMP") + SECRET
    heic = HEIC.read_bytes() + struct.pack(">L4s", 8 + len(SECRET), b"free") + SECRET
    for data in (tiff, gif, avif, bmp, heic):
        assert SECRET in data
        found = strip_picture(data)
        assert SECRET not in found.data
        assert found.media_type in ("image/png", "image/jpeg")
        assert found.pixels == hash_file(data, Limits())
        before, after = open_picture(data), open_picture(found.data)
        assert after.shape == before.shape
        if found.media_type == "image/png":
            assert np.array_equal(before, after)
        else:
            assert np.abs(before.astype(int) - after).mean() < 6


def test_an_animation_keeps_its_first_frame() -> None:
    frames = [drawing(), drawing().rotate(180)]
    for name in ("WEBP", "PNG", "GIF"):
        data = encoded(name, frames[0], save_all=True, append_images=frames[1:])
        stripped, _ = strip_metadata(data)
        assert read_header(stripped).frames == 1
        difference = open_picture(stripped).astype(int) - open_picture(data)
        assert np.abs(difference).mean() < 6


def test_a_cut_jpeg_is_encoded_again() -> None:
    data = stuffed_jpeg()
    whole = data[: data.index(b"\xff\xd9" + SECRET)]
    found = strip_picture(whole)
    assert SECRET not in found.data
    assert found.pixels == hash_file(whole, Limits())


def test_a_tiff_of_twelve_bits_stays_bright() -> None:
    values = np.asarray(drawing().convert("L")).astype(np.uint16) * 16
    stripped, media_type = strip_metadata(encoded("TIFF", Image.fromarray(values)))
    assert media_type == "image/png"
    assert open_picture(stripped).max() > 200


def test_large_pixels_are_written_as_jpeg() -> None:
    assert encode_pixels(drawing(), lossless=True)[1] == "image/png"
    assert encode_pixels(drawing(2000, 1004), lossless=True)[1] == "image/jpeg"
    assert encode_pixels(drawing(), lossless=False)[1] == "image/jpeg"


def test_what_is_not_a_picture_is_an_error() -> None:
    for data in (b"", b"text", stuffed_png()[:60]):
        with pytest.raises(PictureError):
            strip_metadata(data)


def test_a_damaged_structure_never_lets_the_secret_through() -> None:
    draw = np.random.default_rng(1)
    for build in STUFFED.values():
        data = build()
        for _ in range(40):
            damaged = bytearray(data)
            damaged[draw.integers(2, 900)] = draw.integers(256)
            try:
                stripped, _ = strip_metadata(bytes(damaged))
            except PictureError:
                continue
            assert SECRET not in stripped


@pytest.mark.real
def test_real_pictures_keep_their_pixels(real_data: Path) -> None:
    paths = [path for path in sorted((real_data / "banana_ripeness").rglob("*")) if path.is_file()][::25]
    assert paths
    for path in paths:
        data = path.read_bytes()
        found = strip_picture(data)
        assert hash_file(found.data, Limits()) == hash_file(data, Limits())
        assert len(found.data) <= len(data)
