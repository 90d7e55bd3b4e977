"""Functions that remove personal metadata, such as the place and time of capture, from image files.

The coded pixels of JPEG, PNG and WebP files stay the same to the byte. Only what a decoder needs is copied, so that no
kind of metadata has to be known to be left out.
"""

import io
import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from PIL import Image

from discern.picture.decode import opened
from discern.picture.exif_tags import ORIENTATION
from discern.picture.file_format import Limits, identify_format
from discern.picture.jpeg_structure import find_marker, parse_jpeg
from discern.picture.memory import to_array
from discern.picture.picture_facts import hash_file, scanned
from discern.picture.pixel_hash import pixel_hash

JPEG, PNG, WEBP = "image/jpeg", "image/png", "image/webp"

_QUALITY = 95
_MAX_PNG = 2_000_000  # not tuned: pixels that are written as PNG in less than a tenth of a second
_LOSSLESS = ("PNG", "GIF", "BMP", "TIFF")
_UPRIGHT = 1

_END, _SCAN, _APP0, _APP2, _APP14, _COMMENT = 0xD9, 0xDA, 0xE0, 0xE2, 0xEE, 0xFE
_TABLES = {0xC4, 0xCC, 0xDB, 0xDD}
_FRAMES = set(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_ICC = b"ICC_PROFILE\0"
_JFIF = 14  # bytes of the segment without the thumbnail, of which the last two are its size
_ADOBE = 12

_KEPT_CHUNKS = {b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND", b"gAMA", b"cHRM", b"sRGB", b"sBIT", b"cICP"}
_ANIMATED, _HAS_XMP, _HAS_EXIF = 0x02, 0x04, 0x08


class _Broken(Exception):
    """Error for a file whose structure is not the usual one, so that it is encoded again."""


@dataclass(frozen=True, kw_only=True)
class StrippedPicture:
    """Image file without metadata.

    Attributes:
        data: the bytes of the file.
        media_type: `image/jpeg`, `image/png` or `image/webp`.
        pixels: hash of the original's pixels, see `hash_file`; "" if those of the file have the same.
    """

    data: bytes
    media_type: str
    pixels: str = ""


def strip_metadata(data: bytes, *, limits: Limits = Limits()) -> tuple[bytes, str]:  # noqa: B008 - frozen
    """Remove the metadata from an image file, and return the bytes of the new one and its media type.

    Nothing remains of EXIF, GPS, XMP, IPTC, comments, thumbnails, further pictures and bytes behind the end, apart from
    the orientation and the colour profile. Other formats than JPEG, PNG and WebP, animations and files with an unusual
    structure are encoded again, upright, as PNG or as JPEG of quality 95.

    Args:
        data: the bytes of the file.
        limits: limits enforced before decoding.

    Raises:
        PictureError: the file is not a usable picture; the subclass names the problem.
    """
    stripped = strip_picture(data, limits=limits)
    return stripped.data, stripped.media_type


def strip_picture(data: bytes, *, limits: Limits = Limits()) -> StrippedPicture:  # noqa: B008 - frozen
    """Remove the metadata from an image file, and keep the hash of its pixels (see `strip_metadata`).

    Raises:
        PictureError: the file is not a usable picture; the subclass names the problem.
    """
    name = identify_format(data, limits)
    if name in _STRIPPERS:
        with opened(data, limits) as picture:
            orientation = picture.orientation
        if (stripped := strip_coded(data, name, orientation)) is not None:
            return stripped
    with scanned(data, limits, min_side=None) as (_, image, _):
        pixels = to_array(image)
    # From the pixels alone, as Pillow writes what it keeps beside them.
    encoded, media_type = encode_pixels(Image.fromarray(pixels), lossless=name in _LOSSLESS)
    # A large JPEG is hashed at a reduced scale.
    digest = hash_file(data, limits) if name == "JPEG" else pixel_hash(pixels)
    return StrippedPicture(data=encoded, media_type=media_type, pixels=digest)


def strip_coded(data: bytes, name: str, orientation: int) -> StrippedPicture | None:
    """Remove the metadata from a JPEG, PNG or WebP file without decoding it, which takes a tenth of a millisecond.

    It returns None for other formats, animations and files with an unusual structure.

    Args:
        data: the bytes of the file.
        name: its format, one of `FORMATS`.
        orientation: its EXIF orientation, 1 to 8.
    """
    if name not in _STRIPPERS:
        return None
    strip, media_type = _STRIPPERS[name]
    try:
        return StrippedPicture(data=strip(data, orientation), media_type=media_type)
    except (_Broken, struct.error, IndexError):
        return None


def encode_pixels(image: Image.Image, *, lossless: bool) -> tuple[bytes, str]:
    """Encode an upright sRGB image as a file without metadata, and return it with its media type.

    Args:
        image: image of mode RGB.
        lossless: write a PNG, unless the image has more than two million pixels.
    """
    buffer = io.BytesIO()
    if lossless and image.width * image.height <= _MAX_PNG:
        image.save(buffer, "PNG", compress_level=1)
        return buffer.getvalue(), PNG
    image.save(buffer, "JPEG", quality=_QUALITY)
    return buffer.getvalue(), JPEG


def _exif(orientation: int) -> bytes:
    """Build a TIFF structure with the orientation alone."""
    return struct.pack("<2sHLHHHLHHL", b"II", 42, 8, 1, ORIENTATION, 3, 1, orientation, 0, 0)


def _strip_jpeg(data: bytes, orientation: int) -> bytes:
    scans = parse_jpeg(data)
    parts, frames, at = [data[:2]], 0, 2
    written = orientation == _UPRIGHT
    found = 0
    while (marker := _marker(data, at)) != _END:
        end = at + 2 + int.from_bytes(data[at + 2 : at + 4], "big")
        if end > len(data) or end < at + 4:
            raise _Broken
        if not written and marker != _APP0:  # JFIF stays first
            exif = b"Exif\0\0" + _exif(orientation)
            parts.append(b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif)
            written = True
        if marker == _SCAN:
            end, found = find_marker(data, end), found + 1
            parts.append(data[at:end])
        else:
            frames += marker in _FRAMES
            parts.append(_kept_segment(marker, data[at:end]))
        at = end
    if frames != 1 or found != scans.scans or not scans.has_end:
        raise _Broken
    return b"".join([*parts, data[at : at + 2]])


def _marker(data: bytes, at: int) -> int:
    if data[at] != 0xFF:
        raise _Broken
    return data[at + 1]


def _kept_segment(marker: int, segment: bytes) -> bytes:
    """Return the part of a JPEG segment that decoders need."""
    content = segment[4:]
    if marker in _TABLES or marker in _FRAMES:
        return segment
    if marker == _APP0 and content.startswith(b"JFIF\0") and len(content) >= _JFIF:
        return b"\xff\xe0" + struct.pack(">H", _JFIF + 2) + content[: _JFIF - 2] + b"\0\0"
    if marker == _APP2 and content.startswith(_ICC):
        return segment
    if marker == _APP14 and content.startswith(b"Adobe") and len(content) >= _ADOBE:
        return b"\xff\xee" + struct.pack(">H", _ADOBE + 2) + content[:_ADOBE]
    if _APP0 <= marker < _APP0 + 16 or marker == _COMMENT:
        return b""
    raise _Broken


def _strip_png(data: bytes, orientation: int) -> bytes:
    parts = [data[:8]]
    for kind, content in _png_chunks(data):
        if kind == b"iCCP":  # its name is free text
            parts.append(_chunk(kind, b"icc\0" + content.partition(b"\0")[2]))
        elif kind in _KEPT_CHUNKS:
            parts.append(_chunk(kind, content))
        if kind == b"IHDR" and orientation != _UPRIGHT:
            parts.append(_chunk(b"eXIf", _exif(orientation)))
    return b"".join(parts)


def _png_chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at, kind = 8, b""
    while kind != b"IEND":
        length, kind = struct.unpack_from(">L4s", data, at)
        content, at = data[at + 8 : at + 8 + length], at + 12 + length
        if at > len(data) or zlib.crc32(kind + content) != int.from_bytes(data[at - 4 : at], "big"):
            raise _Broken
        yield kind, content


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">L", len(content)) + kind + content + struct.pack(">L", zlib.crc32(kind + content))


def _strip_webp(data: bytes, orientation: int) -> bytes:
    parts, pictures = [], 0
    for kind, content in _riff_chunks(data):
        if kind == b"VP8X":
            flags = content[0] & ~(_HAS_XMP | _HAS_EXIF) | (_HAS_EXIF if orientation != _UPRIGHT else 0)
            if flags & _ANIMATED or len(content) < 10:
                raise _Broken
            parts.append(_riff_chunk(kind, bytes([flags, 0, 0, 0]) + content[4:10]))
        elif kind in (b"ICCP", b"ALPH", b"VP8 ", b"VP8L"):
            pictures += kind in (b"VP8 ", b"VP8L")
            parts.append(_riff_chunk(kind, content))
    if pictures != 1 or (orientation != _UPRIGHT and not parts[0].startswith(b"VP8X")):
        raise _Broken
    if orientation != _UPRIGHT:
        parts.append(_riff_chunk(b"EXIF", _exif(orientation)))
    body = b"WEBP" + b"".join(parts)
    return b"RIFF" + struct.pack("<L", len(body)) + body


def _riff_chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at, end = 12, 8 + int.from_bytes(data[4:8], "little")
    if end > len(data):
        raise _Broken
    while at + 8 <= end:
        kind, length = struct.unpack_from("<4sL", data, at)
        if at + 8 + length > end:
            raise _Broken
        yield kind, data[at + 8 : at + 8 + length]
        at += 8 + length + length % 2


def _riff_chunk(kind: bytes, content: bytes) -> bytes:
    return kind + struct.pack("<L", len(content)) + content + bytes(len(content) % 2)


_STRIPPERS: dict[str, tuple[Callable[[bytes, int], bytes], str]] = {
    "JPEG": (_strip_jpeg, JPEG),
    "PNG": (_strip_png, PNG),
    "WEBP": (_strip_webp, WEBP),
}
