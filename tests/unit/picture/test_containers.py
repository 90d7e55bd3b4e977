import struct
import zlib
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from discern.errors import DamagedPicture, PictureTooLarge, TruncatedPicture
from discern.picture import FORMATS, Limits, open_picture
from discern.picture.containers import is_truncated, open_container

LIMITS = Limits()
ENCODED = ["JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF"]


@pytest.mark.parametrize("name", ENCODED)
def test_a_valid_container_keeps_its_picture(name):
    data = _encode(name)
    container = open_container(name, data, LIMITS)
    assert container.frames == 1
    assert np.array_equal(np.asarray(Image.open(BytesIO(container.data)).convert("RGB")), open_picture(data))


@pytest.mark.parametrize("name", ["JPEG", "WEBP", "BMP", "TIFF", "AVIF", "HEIF"])
def test_most_containers_are_passed_on_without_a_copy(name):
    data = _encode("BMP" if name == "HEIF" else name)
    assert open_container(name, data, LIMITS).data is data


def test_a_png_keeps_only_the_chunks_of_its_picture():
    exif = Image.Exif()
    exif[0x0112] = 6
    data = _encode("PNG", exif=exif, icc_profile=b"a profile", dpi=(72, 72))
    text = _chunk(b"tEXt", b"Comment\0hello")
    container = open_container("PNG", data[:33] + text + data[33:], LIMITS)
    assert _chunk_types(container.data) == [b"IHDR", b"IDAT", b"IEND"]
    assert container.profile == b"a profile"
    assert container.exif.endswith(exif.tobytes()[6:])


@pytest.mark.parametrize("body", [b"", b"name", b"name\0", b"name\0\0", b"name\0\0no deflate stream"])
def test_an_invalid_png_profile_is_dropped(body):
    data = _encode("PNG")
    assert open_container("PNG", data[:33] + _chunk(b"iCCP", body) + data[33:], LIMITS).profile == b""


def test_a_decompression_bomb_in_a_png_profile_is_dropped():
    bomb = _chunk(b"iCCP", b"n\0\0" + zlib.compress(bytes(2**25), 9))
    data = _encode("PNG")
    assert open_container("PNG", data[:33] + bomb + data[33:], LIMITS).profile == b""


@pytest.mark.parametrize(("count", "frames"), [(0, 1), (1, 1), (2, 2), (2**31, 2)])
def test_an_animated_png_has_several_frames(count, frames):
    data = _encode("PNG")
    animation = _chunk(b"acTL", struct.pack(">II", count, 0))
    assert open_container("PNG", data[:33] + animation + data[33:], LIMITS).frames == frames


def test_a_gif_keeps_its_first_frame_with_its_transparent_colour_and_no_comment():
    frames = [Image.new("P", (20, 20), n) for n in range(3)]
    for frame in frames:
        frame.putpalette([200, 0, 0, 0, 200, 0, 0, 0, 200])
    file = BytesIO()
    frames[0].save(file, "GIF", save_all=True, append_images=frames[1:], comment=b"hello " * 100, transparency=0)
    container = open_container("GIF", file.getvalue(), LIMITS)
    assert container.frames == 2
    assert b"hello" not in container.data
    assert Image.open(BytesIO(container.data)).n_frames == 1
    assert Image.open(BytesIO(container.data)).info["transparency"] == 0


@pytest.mark.parametrize("name", ["JPEG", "PNG", "GIF"])
def test_too_many_parts_are_rejected(name):
    data = _encode(name)
    part = {"JPEG": b"\xff\xfe\0\2", "PNG": _chunk(b"tEXt", b""), "GIF": b"!\xfe\1a\1b\0" * 6}[name]
    offset = {"JPEG": 2, "PNG": 33, "GIF": 13 + 3 * 2 ** ((data[10] & 7) + 1 if data[10] & 0x80 else 0)}[name]
    with pytest.raises(DamagedPicture, match="too many parts"):
        open_container(name, data[:offset] + part * 200_000 + data[offset:], LIMITS)
    assert open_picture(data[:offset] + part * 1000 + data[offset:]).shape == (30, 40, 3)


def test_a_jpeg_too_short_for_its_declared_size_is_rejected():
    data = _encode("JPEG")
    offset = data.index(b"\xff\xc0") + 5
    with pytest.raises(TruncatedPicture, match="too short"):
        open_container("JPEG", data[:offset] + struct.pack(">HH", 5000, 5000) + data[offset + 4 :], LIMITS)


@pytest.mark.parametrize("progressive", [False, True])
def test_the_smallest_jpeg_of_a_size_is_accepted(progressive):
    file = BytesIO()
    Image.new("L", (4000, 3000), 255).save(file, "JPEG", optimize=True, progressive=progressive, quality=1)
    assert open_container("JPEG", file.getvalue(), LIMITS).data == file.getvalue()


def test_too_many_scans_are_rejected():
    file = BytesIO()
    Image.new("RGB", (800, 600)).save(file, "JPEG", progressive=True)
    data = file.getvalue()
    last = data[data.rindex(b"\xff\xda") : -2]
    with pytest.raises(DamagedPicture, match="scans"):
        open_container("JPEG", data[:-2] + last * 5000 + data[-2:], LIMITS)


@pytest.mark.parametrize(("tag", "value"), [(277, 7), (322, 2**31)])
def test_a_tiff_with_impossible_tags_is_rejected(tag, value):
    with pytest.raises((DamagedPicture, PictureTooLarge)):
        open_container("TIFF", _tiff({256: 10, 257: 10, 323: 16, tag: value}), LIMITS)


def test_a_compressed_tiff_whose_strips_are_missing_is_truncated():
    with pytest.raises(TruncatedPicture):
        open_container("TIFF", _tiff({256: 10, 257: 10, 259: 5, 273: 1000, 279: 100}), LIMITS)


@pytest.mark.parametrize("kind", [b"VP8X", b"VP8L", b"VP8 "])
def test_a_webp_canvas_is_checked_before_it_is_allocated(kind):
    with pytest.raises(PictureTooLarge, match="WEBP"):
        open_container("WEBP", b"RIFF\xff\0\0\0WEBP" + kind + b"\xff" * 40, LIMITS)


def test_a_bmp_with_too_many_runs_is_rejected():
    head = bytearray(_encode("BMP"))
    head[30] = 1
    with pytest.raises(DamagedPicture, match="runs"):
        open_container("BMP", bytes(head) + bytes(2**24), LIMITS)


def test_a_heif_item_type_that_is_not_utf8_is_rejected_but_equal_bytes_of_the_picture_are_not():
    item = struct.pack(">L4sLHH4s", 21, b"infe", 2 << 24, 1, 0, b"hv\xff1") + b"\0"
    for kind, rejected in {b"meta": True, b"mdat": False}.items():
        data = struct.pack(">L4s", 8 + len(item), kind) + item
        if rejected:
            with pytest.raises(DamagedPicture, match="type is not UTF-8"):
                open_container("HEIF", data, LIMITS)
        else:
            assert open_container("HEIF", data, LIMITS).data is data


@pytest.mark.parametrize("name", FORMATS)
def test_truncation_is_detected(name):
    data = _encode("AVIF" if name == "HEIF" else name)
    assert not is_truncated(name, data)
    assert is_truncated(name, data[: len(data) // 2])


def _encode(name, **options):
    file = BytesIO()
    gradient = np.add.outer(np.arange(30), np.arange(40))[..., None].repeat(3, axis=2).astype(np.uint8)
    Image.fromarray(gradient).save(file, name, **options)
    return file.getvalue()


def _chunk(kind, body):
    return struct.pack(">L", len(body)) + kind + body + struct.pack(">L", zlib.crc32(kind + body))


def _chunk_types(data):
    types, offset = [], 8
    while offset < len(data):
        length, chunk_type = struct.unpack_from(">L4s", data, offset)
        types.append(chunk_type)
        offset += 12 + length
    return types


def _tiff(tags):
    body = b"".join(struct.pack("<HHLL", tag, 4, 1, value) for tag, value in sorted(tags.items()))
    return b"II*\0" + struct.pack("<LH", 8, len(tags)) + body + bytes(4)
