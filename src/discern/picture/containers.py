"""Walks containers before Pillow does: cheaply, within bounds, and leaving out what no picture needs.

A decoder trusts what a file says of itself. Here a comment in a million parts, a text that grows a thousandfold or a
tag that points at everything is refused or passed over, whichever version of Pillow comes after.
"""

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from discern.errors import DamagedPicture, TruncatedPicture
from discern.picture.exif import Directory
from discern.picture.file_format import Limits

_MOST_PARTS = 100_000
_MOST_VALUES = 200_000
_MOST_SCANS = 16
_MOST_PROFILE = 8 * 2**20
_MOST_RUNS = 8 * 2**20
_AGAIN = "Get the file again from where it came from."
_REMEDY = "Save it anew from the program it came from, or leave it out."


@dataclass(frozen=True, kw_only=True)
class Container:
    """What a decoder is given: the bytes, and what was found beside the pixels.

    `plain` is the width and height of a JPEG that has three colours and nothing but its picture, else None. `kept` is
    how many bytes of coefficients a JPEG in several scans keeps until the last one, however small it will be.
    """

    data: bytes
    exif: bytes = b""
    profile: bytes = b""
    frames: int = 1
    plain: tuple[int, int] | None = None
    kept: int = 0


def open_container(name: str, data: bytes, limits: Limits) -> Container:
    """Prepare the bytes of one of `FORMATS` for its decoder.

    Raises:
        DamagedPicture: so many parts that it must have been made to do harm.
        TruncatedPicture: fewer bytes than the picture must have.
        PictureTooLarge: the canvas that a decoder would lay out at once is too large.
    """
    walk = {"PNG": _png, "GIF": _gif, "JPEG": _jpeg, "BMP": _bmp, "TIFF": _tiff, "WEBP": _webp, "HEIF": _heif}.get(name)
    return walk(data, limits) if walk else Container(data=data)


def _png(data: bytes, limits: Limits) -> Container:  # noqa: ARG001
    """Keep the chunks that make the picture; profile and EXIF are read here, text and animation left out."""
    kept, found, frames, place, parts = [data[:8]], {b"eXIf": b"", b"iCCP": b""}, 1, 8, 0
    while place + 8 <= len(data):
        length, kind = struct.unpack_from(">L4s", data, place)
        body = place + 8
        if kind in (b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"):
            kept.append(data[place : body + length + 4])
        elif kind in found:
            found[kind] = data[body : body + length]
        elif kind == b"acTL":
            frames = 2 if int.from_bytes(data[body : body + 4], "big") > 1 else 1
        place, parts = body + length + 4, parts + 1
        _bound(parts, "PNG")
        if kind == b"IEND":
            break
    return Container(data=b"".join(kept), exif=found[b"eXIf"], profile=_inflate(found[b"iCCP"]), frames=frames)


def _inflate(chunk: bytes) -> bytes:
    """Unpack an iCCP chunk: a name, a zero, the method, then a deflated profile, which may not grow without end."""
    unpacker = zlib.decompressobj()
    try:
        profile = unpacker.decompress(chunk.partition(b"\0")[2][1:], _MOST_PROFILE)
    except zlib.error:
        return b""
    return b"" if unpacker.unconsumed_tail else profile


def _gif(data: bytes, limits: Limits) -> Container:  # noqa: ARG001
    """Keep the screen, the first frame, and the control block before it."""
    place = 13 + _table(data, 10)
    kept, control, frames, parts = [data[:place]], b"", 0, 0
    while place < len(data) and data[place] in b"!," and frames < 2:
        start, frame = place, data[place] == 0x2C
        place += (10 + _table(data, place + 9) + 1) if frame else 2
        while place < len(data) and data[place]:
            place, parts = place + data[place] + 1, parts + 1
            _bound(parts, "GIF", most=_MOST_PARTS * 10)
        place += 1
        frames += frame
        if frame and frames == 1:
            kept += [control, data[start:place], b";" if place <= len(data) else b""]
        elif data[start : start + 2] == b"!\xf9" and not frames:
            control = data[start:place]
    return Container(data=b"".join(kept), frames=max(1, frames))


def _table(data: bytes, flags: int) -> int:
    """Length of the colour table that the flags at a place announce."""
    return (6 << (data[flags] & 7)) if flags < len(data) and data[flags] & 0x80 else 0


def _jpeg(data: bytes, limits: Limits) -> Container:
    """Bound what stands before the first scan, and hold the size it claims against the bytes and scans there are."""
    place, parts, width, height, arithmetic = 2, 0, 0, 0, False
    kinds, frames, sample = [], 0, b""
    while (marker := data.find(b"\xff", place)) >= 0 and marker + 9 <= len(data):
        parts += 1 + marker - place
        if parts > _MOST_PARTS:
            _bound(parts, "JPEG")
        kind = data[marker + 1]
        kinds.append(kind)
        if kind == 0xDA:
            break
        if kind in _FRAMES:
            height, width = struct.unpack_from(">HH", data, marker + 5)
            sample = data[marker + 4 : marker + 10 : 5]
            frames, arithmetic = frames + 1, kind >= 0xC9
        length = 1 if kind == 0xFF else 2 if kind in _BARE else 2 + (data[marker + 2] << 8 | data[marker + 3])
        place = marker + length
    limits.check("JPEG", width, height)
    # Huffman codes take at least one bit for each block of 8 x 8.
    if not arithmetic and width * height > 512 * len(data):
        raise TruncatedPicture(f"This JPEG claims {width:,} x {height:,} pixels, which it cannot hold.", hint=_AGAIN)
    scans = data.count(b"\xff\xda", place)
    if scans * width * height > _MOST_SCANS * limits.max_pixels:
        raise DamagedPicture("This JPEG has more scans than a picture of its size needs.", hint=_REMEDY)
    orderly = parts == len(kinds) and frames == 1 and _PLAIN.issuperset(kinds)
    plain = orderly and sample == _COLOURED and kinds[-1] == 0xDA and width * height > 0
    kept = _COEFFICIENTS * width * height if scans > 1 else 0
    return Container(data=data, plain=(width, height) if plain else None, kept=kept)


_FRAMES = set(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
# Baseline and progressive frames, tables, restarts, JFIF, comments: nothing that says how to turn or colour a picture.
_PLAIN = {0xC0, 0xC1, 0xC2, 0xC4, 0xDA, 0xDB, 0xDD, 0xE0, 0xFE}
_COLOURED = b"\x08\x03"  # bits of a sample, and samples of a pixel
_BARE = {*range(0xC0), *range(0xD0, 0xDA)}
_COEFFICIENTS = 6  # bytes for each pixel


def _bmp(data: bytes, limits: Limits) -> Container:  # noqa: ARG001
    """Run lengths are unpacked in Python: so many that it would take long are in no honest BMP."""
    if data[30:34] in (b"\1\0\0\0", b"\2\0\0\0") and len(data) > _MOST_RUNS:
        raise DamagedPicture("This BMP has more runs than a picture needs.", hint=_REMEDY)
    return Container(data=data)


def _tiff(data: bytes, limits: Limits) -> Container:
    """Refuse tags that together say more than the file holds, tiles without number or bound, and missing pixels."""
    try:
        directory = Directory(data)
    except ValueError:
        return Container(data=data)
    tags = directory.tags.values()
    if (
        sum(tag.size for tag in tags) > len(data) + 2**16
        or any(tag.count > _MOST_VALUES and tag.kind not in (1, 2, 7) for tag in tags)
        or max(directory.values(_SAMPLES, most=1), default=1) > _MOST_SAMPLES
    ):
        raise DamagedPicture("This TIFF has tags that no picture needs.", hint=_REMEDY)
    sides = directory.values(_TILE_WIDTH, most=1) + directory.values(_TILE_LENGTH, most=1)
    if len(sides) == 2:
        limits.check("TIFF's tile", *sides)
    # Told here, because libtiff would say it on standard error as well.
    if directory.values(_COMPRESSION, most=1) not in ((), (1,)) and _tiff_end(directory) > len(data):
        raise TruncatedPicture("This TIFF ends before the picture does.", hint=_AGAIN)
    return Container(data=data, frames=2 if directory.more else 1)


_COMPRESSION, _SAMPLES, _TILE_WIDTH, _TILE_LENGTH = 259, 277, 322, 323
_STRIPS, _TILES = (273, 279), (324, 325)
_MOST_SAMPLES = 6


def _tiff_end(directory: Directory) -> int:
    """Where the last strip or tile ends, as far as the tags say."""
    ends = [0]
    for starts, lengths in (_STRIPS, _TILES):
        pairs = (directory.values(tag, most=_MOST_VALUES) for tag in (starts, lengths))
        ends += [start + length for start, length in zip(*pairs, strict=False)]
    return max(ends)


def _webp(data: bytes, limits: Limits) -> Container:
    """Check the canvas, which the decoder lays out as soon as it is made (RFC 9649, section 2.7)."""
    if data[12:16] == b"VP8X" and len(data) >= 30:
        width, height = (int.from_bytes(data[place : place + 3], "little") + 1 for place in (24, 27))
        limits.check("WEBP", width, height)
    elif data[12:16] == b"VP8L" and len(data) >= 25:
        bits = int.from_bytes(data[21:25], "little")
        limits.check("WEBP", (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1)
    elif len(data) >= 30:
        width, height = struct.unpack_from("<HH", data, 26)
        limits.check("WEBP", width & 0x3FFF, height & 0x3FFF)
    return Container(data=data)


def _heif(data: bytes, limits: Limits) -> Container:  # noqa: ARG001
    """Refuse items whose kind is no text: pi-heif 1.4 makes strings of them without looking, and would crash."""
    for kind, start, end in _boxes(data):
        place = data.find(b"infe", start, end) if kind != b"mdat" else -1
        while place >= 0:
            length = int.from_bytes(data[place - 4 : place], "big")
            if not _is_text(data[place + 8 : min(place - 4 + length, end)]):
                raise DamagedPicture("This HEIF has an item of a kind that is no text.", hint=_REMEDY)
            place = data.find(b"infe", place + 4, end)
    return Container(data=data)


def _is_text(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def _boxes(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Follow the outermost boxes of an ISO base media file (ISO/IEC 14496-12, 4.2): kind, start and told end."""
    place = 0
    while place + 8 <= len(data):
        length, kind = struct.unpack_from(">L4s", data, place)
        if length == 1:
            length = int.from_bytes(data[place + 8 : place + 16], "big")
        end = place + length if length >= 8 else len(data)
        yield kind, place + 8, end
        place = end


def _bound(parts: int, name: str, *, most: int = _MOST_PARTS) -> None:
    if parts > most:
        raise DamagedPicture(f"This {name} has more parts than a picture needs.", hint=_REMEDY)


def is_cut(name: str, data: bytes) -> bool:
    """Whether a container ends before it says it does; asked only after decoding failed."""
    if name == "JPEG":
        return b"\xff\xd9" not in data[-64 * 1024 :]
    if name == "PNG":
        return b"IEND" not in data[-64 * 1024 :]
    if name == "GIF":
        return not data.rstrip(b"\0").endswith(b";")
    if name == "WEBP":
        return len(data) < 8 + int.from_bytes(data[4:8], "little")
    if name == "BMP":
        return len(data) < int.from_bytes(data[2:6], "little")
    return _tiff_is_cut(data) if name == "TIFF" else max((end for _, _, end in _boxes(data)), default=0) != len(data)


def _tiff_is_cut(data: bytes) -> bool:
    try:
        directory = Directory(data)
    except struct.error:
        return True
    except ValueError:
        return False
    return max([_tiff_end(directory)] + [tag.start + tag.size for tag in directory.tags.values()]) > len(data)
