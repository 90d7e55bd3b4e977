import struct
import zlib
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from discern.errors import DamagedPicture, PictureTooLarge, TruncatedPicture
from discern.picture import FORMATS, Limits, open_picture
from discern.picture.containers import is_cut, open_container

LIMITS = Limits()
ENCODED = ["JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF"]


@pytest.mark.parametrize("name", ENCODED)
def test_an_honest_container_keeps_its_picture(name):
    data = _encode(name)
    kept = open_container(name, data, LIMITS)
    assert kept.frames == 1
    assert np.array_equal(np.asarray(Image.open(BytesIO(kept.data)).convert("RGB")), open_picture(data))


@pytest.mark.parametrize("name", ["JPEG", "WEBP", "BMP", "TIFF", "AVIF", "HEIF"])
def test_most_containers_are_handed_on_without_a_copy(name):
    data = _encode("BMP" if name == "HEIF" else name)
    assert open_container(name, data, LIMITS).data is data


def test_a_png_keeps_what_makes_the_picture_and_nothing_else():
    exif = Image.Exif()
    exif[0x0112] = 6
    data = _encode("PNG", exif=exif, icc_profile=b"a profile", dpi=(72, 72))
    text = _chunk(b"tEXt", b"Comment\0hello")
    kept = open_container("PNG", data[:33] + text + data[33:], LIMITS)
    assert _kinds(kept.data) == [b"IHDR", b"IDAT", b"IEND"]
    assert kept.profile == b"a profile"
    assert kept.exif.endswith(exif.tobytes()[6:])


@pytest.mark.parametrize("body", [b"", b"name", b"name\0", b"name\0\0", b"name\0\0no deflate stream"])
def test_a_broken_png_profile_is_none(body):
    data = _encode("PNG")
    assert open_container("PNG", data[:33] + _chunk(b"iCCP", body) + data[33:], LIMITS).profile == b""


def test_a_png_profile_that_grows_without_end_is_none():
    bomb = _chunk(b"iCCP", b"n\0\0" + zlib.compress(bytes(2**25), 9))
    data = _encode("PNG")
    assert open_container("PNG", data[:33] + bomb + data[33:], LIMITS).profile == b""


@pytest.mark.parametrize(("count", "frames"), [(0, 1), (1, 1), (2, 2), (2**31, 2)])
def test_an_animated_png_says_so(count, frames):
    data = _encode("PNG")
    told = _chunk(b"acTL", struct.pack(">II", count, 0))
    assert open_container("PNG", data[:33] + told + data[33:], LIMITS).frames == frames


def test_a_gif_keeps_its_first_frame_with_its_clear_colour_and_no_comment():
    frames = [Image.new("P", (20, 20), n) for n in range(3)]
    for frame in frames:
        frame.putpalette([200, 0, 0, 0, 200, 0, 0, 0, 200])
    file = BytesIO()
    frames[0].save(file, "GIF", save_all=True, append_images=frames[1:], comment=b"hello " * 100, transparency=0)
    kept = open_container("GIF", file.getvalue(), LIMITS)
    assert kept.frames == 2
    assert b"hello" not in kept.data
    assert Image.open(BytesIO(kept.data)).n_frames == 1
    assert Image.open(BytesIO(kept.data)).info["transparency"] == 0


@pytest.mark.parametrize("name", ["JPEG", "PNG", "GIF"])
def test_more_parts_than_any_picture_needs_are_refused(name):
    data = _encode(name)
    part = {"JPEG": b"\xff\xfe\0\2", "PNG": _chunk(b"tEXt", b""), "GIF": b"!\xfe\1a\1b\0" * 6}[name]
    place = {"JPEG": 2, "PNG": 33, "GIF": 13 + 3 * 2 ** ((data[10] & 7) + 1 if data[10] & 0x80 else 0)}[name]
    with pytest.raises(DamagedPicture, match="more parts"):
        open_container(name, data[:place] + part * 200_000 + data[place:], LIMITS)
    assert open_picture(data[:place] + part * 1000 + data[place:]).shape == (30, 40, 3)


def test_a_jpeg_that_claims_more_than_its_bytes_can_hold_is_refused():
    data = _encode("JPEG")
    place = data.index(b"\xff\xc0") + 5
    with pytest.raises(TruncatedPicture, match="cannot hold"):
        open_container("JPEG", data[:place] + struct.pack(">HH", 5000, 5000) + data[place + 4 :], LIMITS)


@pytest.mark.parametrize("progressive", [False, True])
def test_the_emptiest_jpeg_holds_what_it_claims(progressive):
    file = BytesIO()
    Image.new("L", (4000, 3000), 255).save(file, "JPEG", optimize=True, progressive=progressive, quality=1)
    assert open_container("JPEG", file.getvalue(), LIMITS).data == file.getvalue()


def test_scans_without_number_are_refused():
    file = BytesIO()
    Image.new("RGB", (800, 600)).save(file, "JPEG", progressive=True)
    data = file.getvalue()
    last = data[data.rindex(b"\xff\xda") : -2]
    with pytest.raises(DamagedPicture, match="scans"):
        open_container("JPEG", data[:-2] + last * 5000 + data[-2:], LIMITS)


@pytest.mark.parametrize(("tag", "value"), [(277, 7), (322, 2**31)])
def test_a_tiff_with_impossible_tags_is_refused(tag, value):
    with pytest.raises((DamagedPicture, PictureTooLarge)):
        open_container("TIFF", _tiff({256: 10, 257: 10, 323: 16, tag: value}), LIMITS)


def test_a_compressed_tiff_whose_strips_are_missing_is_truncated():
    with pytest.raises(TruncatedPicture):
        open_container("TIFF", _tiff({256: 10, 257: 10, 259: 5, 273: 1000, 279: 100}), LIMITS)


@pytest.mark.parametrize("kind", [b"VP8X", b"VP8L", b"VP8 "])
def test_a_webp_canvas_is_checked_before_it_is_laid_out(kind):
    with pytest.raises(PictureTooLarge, match="WEBP"):
        open_container("WEBP", b"RIFF\xff\0\0\0WEBP" + kind + b"\xff" * 40, LIMITS)


def test_a_bmp_of_too_many_runs_is_refused():
    head = bytearray(_encode("BMP"))
    head[30] = 1
    with pytest.raises(DamagedPicture, match="runs"):
        open_container("BMP", bytes(head) + bytes(2**24), LIMITS)


def test_a_heif_item_whose_kind_is_no_text_is_refused_but_chance_bytes_of_the_picture_are_not():
    item = struct.pack(">L4sLHH4s", 21, b"infe", 2 << 24, 1, 0, b"hv\xff1") + b"\0"
    for kind, refused in {b"meta": True, b"mdat": False}.items():
        data = struct.pack(">L4s", 8 + len(item), kind) + item
        if refused:
            with pytest.raises(DamagedPicture, match="no text"):
                open_container("HEIF", data, LIMITS)
        else:
            assert open_container("HEIF", data, LIMITS).data is data


@pytest.mark.parametrize("name", FORMATS)
def test_a_container_that_is_cut_is_told_from_a_whole_one(name):
    data = _encode("AVIF" if name == "HEIF" else name)
    assert not is_cut(name, data)
    assert is_cut(name, data[: len(data) // 2])


def _encode(name, **options):
    file = BytesIO()
    gradient = np.add.outer(np.arange(30), np.arange(40))[..., None].repeat(3, axis=2).astype(np.uint8)
    Image.fromarray(gradient).save(file, name, **options)
    return file.getvalue()


def _chunk(kind, body):
    return struct.pack(">L", len(body)) + kind + body + struct.pack(">L", zlib.crc32(kind + body))


def _kinds(data):
    kinds, place = [], 8
    while place < len(data):
        length, kind = struct.unpack_from(">L4s", data, place)
        kinds.append(kind)
        place += 12 + length
    return kinds


def _tiff(tags):
    body = b"".join(struct.pack("<HHLL", tag, 4, 1, value) for tag, value in sorted(tags.items()))
    return b"II*\0" + struct.pack("<LH", 8, len(tags)) + body + bytes(4)
