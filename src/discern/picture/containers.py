"""Functions that validate the structure of image files before decoding, in bounded time.

Decoders trust the headers of a file. Comments in a million parts, decompression bombs in text chunks and tags with
absurd counts are rejected or dropped here, independently of the version of Pillow.
"""

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from discern.errors import DamagedPicture, TruncatedPicture
from discern.picture.coded_rows import END_MARKER, RETRIEVE, completed, require_scans
from discern.picture.exif_tags import Directory
from discern.picture.file_format import Limits
from discern.picture.jpeg_structure import MAX_PARTS, MAX_SCANS, JpegStructure, parse_jpeg
from discern.picture.png_rows import complete_png

# Bounds that ordinary files stay far below; not tuned.
_MAX_PARTS = 100_000
_MAX_VALUES = 200_000
_MAX_SCANS = 16
_MAX_PROFILE = 8 * 2**20
_MAX_RUNS = 8 * 2**20
_REMEDY = "Export the picture again from its original program, or leave it out."


@dataclass(frozen=True, kw_only=True)
class Container:
    """Image file that was validated for decoding.

    Attributes:
        data: the file, for some formats without the parts that its first frame does not need.
        exif: EXIF block of a PNG, or b"".
        profile: ICC profile of a PNG, or b"".
        frames: 1, or 2 where there are several.
        jpeg: structure of a JPEG, or None.
        missing_rows: number of rows that were filled in at the end of a PNG without its end, or None for others.
    """

    data: bytes
    exif: bytes = b""
    profile: bytes = b""
    frames: int = 1
    jpeg: JpegStructure | None = None
    missing_rows: int | None = None


def open_container(name: str, data: bytes, limits: Limits) -> Container:
    """Validate an image file of a supported format and return the input for its decoder.

    Raises:
        DamagedPicture: the file has far more parts, scans or tags than pictures have.
        TruncatedPicture: the file is too short for the picture that it declares.
        PictureTooLarge: the canvas that the decoder would allocate is too large.
    """
    parsers = {"PNG": _png, "GIF": _gif, "JPEG": _jpeg, "BMP": _bmp, "TIFF": _tiff, "WEBP": _webp, "HEIF": _heif}
    return parsers[name](data, limits) if name in parsers else Container(data=data)


def _png(data: bytes, limits: Limits) -> Container:
    """Extract the still image, ICC profile and EXIF block of a PNG, without text and animation."""
    chunks, metadata, frames, missing = [data[:8]], {b"eXIf": b"", b"iCCP": b""}, 1, None
    for kind, start, end in _png_chunks(data):
        if kind in (b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"):
            chunks.append(data[start - 8 : end + 4])
        elif kind in metadata:
            metadata[kind] = data[start:end]
        elif kind == b"acTL":
            frames = 2 if int.from_bytes(data[start : start + 4], "big") > 1 else 1
    if chunks[-1][4:8] != b"IEND" and len(chunks) > 1 and _is_png_header(chunks[1]):
        limits.check("PNG", *struct.unpack_from(">LL", chunks[1], 8))
        chunks, missing = _completed(chunks)
    profile = _inflate_profile(metadata[b"iCCP"])
    return Container(
        data=b"".join(chunks), exif=metadata[b"eXIf"], profile=profile, frames=frames, missing_rows=missing
    )


def _is_png_header(chunk: bytes) -> bool:
    checksum = int.from_bytes(chunk[-4:], "big")
    return len(chunk) == 25 and chunk[4:8] == b"IHDR" and zlib.crc32(chunk[4:-4]) == checksum


def _png_chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Iterate over the chunks of a PNG up to the end chunk; yields kind, start and declared end of each content."""
    offset, parts = 8, 0
    while offset + 8 <= len(data):
        length, kind = struct.unpack_from(">L4s", data, offset)
        yield kind, offset + 8, offset + 8 + length
        offset, parts = offset + 12 + length, parts + 1
        _limit_parts(parts, "PNG")
        if kind == b"IEND":
            break


def _completed(chunks: list[bytes]) -> tuple[list[bytes], int | None]:
    """Return the chunks of a PNG without its end, completed, and the number of rows that were filled in."""
    pixels = [chunk[8 : 8 + int.from_bytes(chunk[:4], "big")] for chunk in chunks[1:] if chunk[4:8] == b"IDAT"]
    complete = complete_png(chunks[1][8:21], b"".join(pixels))
    if complete is None:
        return chunks, None
    others = [chunk for chunk in chunks[1:] if chunk[4:8] != b"IDAT"]
    return [chunks[0], *others, complete.chunks], complete.missing


def _inflate_profile(chunk: bytes) -> bytes:
    """Decompress the ICC profile of a PNG, or return b"" if it is invalid or too large."""
    inflater = zlib.decompressobj()
    try:
        profile = inflater.decompress(chunk.partition(b"\0")[2][1:], _MAX_PROFILE)
    except zlib.error:
        return b""
    return b"" if inflater.unconsumed_tail else profile


def _gif(data: bytes, limits: Limits) -> Container:  # noqa: ARG001
    """Extract the header and the first frame of a GIF."""
    offset = 13 + _colour_table_bytes(data, 10)
    blocks, control, frames, parts = [data[:offset]], b"", 0, 0
    while offset < len(data) and data[offset] in b"!," and frames < 2:
        start, is_frame = offset, data[offset] == 0x2C
        offset += (10 + _colour_table_bytes(data, offset + 9) + 1) if is_frame else 2
        while offset < len(data) and data[offset]:
            offset, parts = offset + data[offset] + 1, parts + 1
            _limit_parts(parts, "GIF", most=_MAX_PARTS * 10)
        offset += 1
        frames += is_frame
        if is_frame and frames == 1:
            blocks += [control, data[start:offset], b";" if offset <= len(data) else b""]
        elif data[start : start + 2] == b"!\xf9" and not frames:
            control = data[start:offset]
    return Container(data=b"".join(blocks), frames=max(1, frames))


def _colour_table_bytes(data: bytes, flags: int) -> int:
    """Compute the size of the colour table that a GIF declares, in bytes."""
    return (6 << (data[flags] & 7)) if flags < len(data) and data[flags] & 0x80 else 0


def _jpeg(data: bytes, limits: Limits) -> Container:
    """Check the segments of a JPEG, and its declared size against the data present."""
    jpeg = parse_jpeg(data)
    _limit_parts(jpeg.parts, "JPEG", most=MAX_PARTS)
    pixels = jpeg.width * jpeg.height
    limits.check("JPEG", jpeg.width, jpeg.height)
    # Huffman codes take at least one bit for each block of 8 x 8.
    if not jpeg.is_arithmetic and pixels > 512 * jpeg.data_end:
        size = f"{jpeg.width:,} x {jpeg.height:,} pixels"
        raise TruncatedPicture(f"This JPEG is too short for its {size}.", hint=RETRIEVE)
    if jpeg.scans > MAX_SCANS or (jpeg.scans > _MAX_SCANS and jpeg.scans * pixels > _MAX_SCANS * limits.max_pixels):
        raise DamagedPicture("This JPEG has too many scans for its size.", hint=_REMEDY)
    require_scans(jpeg)
    return Container(data=completed(data, jpeg), jpeg=jpeg)


def _bmp(data: bytes, limits: Limits) -> Container:  # noqa: ARG001
    """Raise an error for a BMP file with excessive run lengths, which Pillow decodes slowly."""
    if data[30:34] in (b"\1\0\0\0", b"\2\0\0\0") and len(data) > _MAX_RUNS:
        raise DamagedPicture("This BMP has too many runs.", hint=_REMEDY)
    return Container(data=data)


def _tiff(data: bytes, limits: Limits) -> Container:
    """Raise an error for a TIFF file with impossible value counts, oversized tiles or missing data."""
    try:
        directory = Directory(data)
    except ValueError:
        return Container(data=data)
    tags = directory.tags.values()
    if (
        sum(tag.size for tag in tags) > len(data) + 2**16
        or any(tag.count > _MAX_VALUES and tag.type not in (1, 2, 7) for tag in tags)
        or max(directory.values(_SAMPLES, most=1), default=1) > _MAX_SAMPLES
    ):
        raise DamagedPicture("This TIFF has tags of impossible size.", hint=_REMEDY)
    tile = directory.values(_TILE_WIDTH, most=1) + directory.values(_TILE_LENGTH, most=1)
    if len(tile) == 2:
        limits.check("TIFF tile", *tile)
    # Raised here because libtiff would also print to standard error.
    if directory.values(_COMPRESSION, most=1) not in ((), (1,)) and _tiff_end(directory) > len(data):
        raise TruncatedPicture("This TIFF ends before the picture does.", hint=RETRIEVE)
    return Container(data=data, frames=2 if directory.has_next else 1)


_COMPRESSION, _SAMPLES, _TILE_WIDTH, _TILE_LENGTH = 259, 277, 322, 323
_STRIPS, _TILES = (273, 279), (324, 325)
_MAX_SAMPLES = 6


def _tiff_end(directory: Directory) -> int:
    """Return the position at which the last strip or tile of a TIFF file ends."""
    ends = [0]
    for starts, lengths in (_STRIPS, _TILES):
        pairs = (directory.values(tag, most=_MAX_VALUES) for tag in (starts, lengths))
        ends += [start + length for start, length in zip(*pairs, strict=False)]
    return max(ends)


def _webp(data: bytes, limits: Limits) -> Container:
    """Check the size of a WebP canvas, which the decoder allocates (RFC 9649, section 2.7)."""
    if data[12:16] == b"VP8X" and len(data) >= 30:
        width, height = (int.from_bytes(data[offset : offset + 3], "little") + 1 for offset in (24, 27))
        limits.check("WEBP", width, height)
    elif data[12:16] == b"VP8L" and len(data) >= 25:
        bits = int.from_bytes(data[21:25], "little")
        limits.check("WEBP", (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1)
    elif len(data) >= 30:
        width, height = struct.unpack_from("<HH", data, 26)
        limits.check("WEBP", width & 0x3FFF, height & 0x3FFF)
    return Container(data=data)


def _heif(data: bytes, limits: Limits) -> Container:  # noqa: ARG001
    """Raise an error for HEIF item types that are not UTF-8 and would crash pi-heif 1.4."""
    for kind, start, end in _boxes(data):
        offset = data.find(b"infe", start, end) if kind in (b"meta", b"moov") else -1
        while offset >= 0:
            length = int.from_bytes(data[offset - 4 : offset], "big")
            if not _is_utf8(data[offset + 8 : min(offset - 4 + length, end)]):
                raise DamagedPicture("This HEIF has an item whose type is not UTF-8.", hint=_REMEDY)
            offset = data.find(b"infe", offset + 4, end)
    return Container(data=data)


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def _boxes(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Iterate over the top-level boxes of an ISO media file (ISO/IEC 14496-12, 4.2).

    Yields type, start and declared end of each.
    """
    offset = 0
    while offset + 8 <= len(data):
        length, kind = struct.unpack_from(">L4s", data, offset)
        if length == 1:
            length = int.from_bytes(data[offset + 8 : offset + 16], "big")
        end = offset + length if length >= 8 else len(data)
        yield kind, offset + 8, end
        offset = end


def _limit_parts(parts: int, name: str, *, most: int = _MAX_PARTS) -> None:
    if parts > most:
        raise DamagedPicture(f"This {name} has too many parts.", hint=_REMEDY)


def is_truncated(name: str, data: bytes) -> bool:
    """Check whether an undecodable image file is shorter than it declares."""
    if name == "JPEG":
        jpeg = parse_jpeg(data)
        return not jpeg.has_end if jpeg.scans else not data.rstrip(b"\0").endswith(END_MARKER)
    if name == "PNG":
        return all(kind != b"IEND" for kind, _, _ in _png_chunks(data))
    if name == "GIF":
        picture = _gif(data, Limits()).data
        return not (data.rstrip(b"\0") if data.startswith(picture) else picture).endswith(b";")
    if name == "WEBP":
        return len(data) < 8 + int.from_bytes(data[4:8], "little")
    if name == "BMP":
        return len(data) < int.from_bytes(data[2:6], "little")
    return _tiff_is_truncated(data) if name == "TIFF" else _boxes_end(data) > len(data)


def _boxes_end(data: bytes) -> int:
    return max((end for _, _, end in _boxes(data)), default=0)


def _tiff_is_truncated(data: bytes) -> bool:
    try:
        directory = Directory(data)
    except struct.error:
        return True
    except ValueError:
        return False
    return max([_tiff_end(directory)] + [tag.start + tag.size for tag in directory.tags.values()]) > len(data)
