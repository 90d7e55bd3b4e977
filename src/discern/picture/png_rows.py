"""Functions that complete a PNG whose last rows or end are missing.

The layout is that of the PNG specification (W3C, third edition).
"""

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from discern.errors import TruncatedPicture
from discern.picture.coded_rows import FEW, RETRIEVE

_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
# Column and row of the first pixel, and the steps between pixels, of each pass of an interlaced picture.
_PASSES = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
_UP = b"\2"  # filter of a row that stores the difference to the row above
_PIECE = 2**20


@dataclass(frozen=True, kw_only=True)
class CompletedPng:
    """PNG whose missing rows repeat the last one.

    Attributes:
        chunks: the chunks that replace all chunks of pixels, and the end chunk.
        missing: number of rows that are missing, entirely or in part.
    """

    chunks: bytes
    missing: int


def complete_png(header: bytes, pixels: bytes) -> CompletedPng | None:
    """Complete the pixels of a PNG that has no end chunk, or return None if they are damaged.

    Args:
        header: content of the header chunk.
        pixels: joined contents of the chunks of pixels, as far as there are any.

    Raises:
        TruncatedPicture: more of the rows are missing than is filled in.
    """
    width, height, depth, colour, _, _, interlace = struct.unpack(">LLBBBBB", header)
    bits = depth * _CHANNELS.get(colour, 0)
    if not bits or not pixels:
        return None
    passes = [(-(-(width - x) // across), -(-(height - y) // down)) for x, y, across, down in _PASSES]
    sizes = [size for size in (passes if interlace else [(width, height)]) if min(size) > 0]
    if not sizes:
        return None
    total = sum((1 + -(-columns * bits // 8)) * rows for columns, rows in sizes)
    deflater, parts, read = zlib.compressobj(1), [], 0
    try:
        for piece in _inflate(pixels, total):
            read += len(piece)
            parts.append(deflater.compress(piece))
    except zlib.error:
        return None
    row = 1 + -(-sizes[-1][0] * bits // 8)
    lacking = -(-(total - read) // row)
    missing = min(height, lacking * (2 if interlace else 1))
    if missing > FEW * height:
        raise TruncatedPicture(f"This PNG ends after {height - missing:,} of {height:,} rows.", hint=RETRIEVE)
    if lacking:
        parts.append(deflater.compress(bytes((total - read) % row)))
        blank = _UP + bytes(row - 1)
        parts.extend(deflater.compress(blank) for _ in range((total - read) // row))
    body = b"".join([*parts, deflater.flush()])
    return CompletedPng(chunks=_chunk(b"IDAT", body) + _chunk(b"IEND", b""), missing=missing)


def _inflate(pixels: bytes, most: int) -> Iterator[bytes]:
    """Decompress at most a number of bytes, piece by piece."""
    inflater, rest = zlib.decompressobj(), pixels
    while most > 0 and (piece := inflater.decompress(rest, min(most, _PIECE))):
        rest, most = inflater.unconsumed_tail, most - len(piece)
        yield piece


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">L", len(body)) + kind + body + struct.pack(">L", zlib.crc32(kind + body))
