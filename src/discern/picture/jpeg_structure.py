"""Parser of the structure of JPEG files: size, components, scans, and the position at which the picture ends.

Bytes behind the end of the picture, such as films and second pictures, are never looked at. The layout is that of ITU-T
T.81, annex B.
"""

import re
import struct
from dataclasses import dataclass

import numpy as np

MAX_PARTS = 100_000
"""Largest number of segments and junk bytes before the first scan; not tuned."""
MAX_SCANS = 10_000
"""Largest number of scans of a picture of any size; not tuned."""

_FRAME_MARKERS = set(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
# Baseline and progressive frames, tables, restarts, JFIF, comments: none that could set an orientation or a profile.
_PLAIN_MARKERS = {0xC0, 0xC1, 0xC2, 0xC4, 0xDA, 0xDB, 0xDD, 0xE0, 0xFE}
_COLOUR_SAMPLE = b"\x08\x03"  # bits per sample, samples per pixel
_STANDALONE_MARKERS = {*range(0xC0), *range(0xD0, 0xDA)}
_PROGRESSIVE_MARKERS = {0xC2, 0xC6, 0xCA, 0xCE}
_SCAN, _END, _RESTART_INTERVAL = 0xDA, 0xD9, 0xDD
_BETWEEN_SCANS = {0xC4, 0xCC, 0xDB, 0xDC, 0xDD, *range(0xE0, 0xF0), 0xFE}
# Markers but those that belong to a scan; numpy is ten times as fast, on more than a few kilobytes.
_NEXT_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
_ENDS_SCAN = np.array([byte not in (0, 0xFF, *range(0xD0, 0xD8)) for byte in range(256)])  # by the byte behind 0xFF
_FEW_BYTES, _PIECE = 1 << 15, 1 << 20
_UNCODED = 0xFF
_BLOCK_BYTES = 128  # 64 coefficients of 16 bits


@dataclass(kw_only=True)
class JpegStructure:
    """Structure of the first picture in a JPEG file.

    Attributes:
        width: width as stored, in pixels; 0 if there is no frame header.
        height: height as stored, in pixels.
        parts: number of segments before the first scan, and of junk bytes between them.
        is_plain: whether there is one frame of three components, and no metadata but JFIF.
        is_arithmetic: whether the coding is arithmetic instead of Huffman.
        is_progressive: whether the scans refine each other.
        has_restarts: whether a restart interval is declared.
        sampling: horizontal and vertical sampling factor of each component.
        scans: number of scans.
        data_start: position of the first scan, or the length of the file.
        data_end: position behind the coded data of the last scan.
        has_end: whether the end marker follows the last scan.
        is_clean: whether it follows directly.
        is_covered: whether the scans up to `data_end` include each component at full precision.
        is_buffered: whether decoders hold all coefficients, because several scans contribute to each pixel.
    """

    width: int = 0
    height: int = 0
    parts: int = 0
    is_plain: bool = False
    is_arithmetic: bool = False
    is_progressive: bool = False
    has_restarts: bool = False
    sampling: tuple[tuple[int, int], ...] = ()
    scans: int = 0
    data_start: int = 0
    data_end: int = 0
    has_end: bool = False
    is_clean: bool = False
    is_covered: bool = False
    is_buffered: bool = False

    @property
    def unit(self) -> tuple[int, int]:
        """Return the width and height of the area that is coded at a time, in pixels."""
        across, down = zip(*self.sampling, strict=True) if self.sampling else ((1,), (1,))
        return 8 * max(1, *across), 8 * max(1, *down)

    @property
    def coefficient_bytes(self) -> int:
        """Return the memory for the coefficients in bytes, which is the same at every output scale."""
        if not self.is_buffered:
            return 0
        across, down = (-(-side // unit) for side, unit in zip((self.width, self.height), self.unit, strict=True))
        return _BLOCK_BYTES * across * down * sum(wide * high for wide, high in self.sampling)


def parse_jpeg(data: bytes) -> JpegStructure:
    """Parse the segments of a JPEG file up to the end of its first picture.

    Parsing stops early where `parts` exceeds `MAX_PARTS`.
    """
    jpeg, offset = JpegStructure(data_start=len(data), data_end=len(data)), 2
    markers, frames, sample, names = [], 0, b"", b""
    while (start := data.find(b"\xff", offset)) >= 0 and start + 9 <= len(data):
        jpeg.parts += 1 + start - offset
        if jpeg.parts > MAX_PARTS:
            return jpeg
        marker = data[start + 1]
        markers.append(marker)
        if marker == _SCAN:
            jpeg.data_start = start
            break
        if marker in _FRAME_MARKERS:
            frames, sample = frames + 1, data[start + 4 : start + 10 : 5]
            names = _read_frame(jpeg, marker, data, start)
        standalone = marker in _STANDALONE_MARKERS
        length = 1 if marker == 0xFF else 2 if standalone else 2 + (data[start + 2] << 8 | data[start + 3])
        offset = start + length
    well_formed = jpeg.parts == len(markers) and frames == 1 and _PLAIN_MARKERS.issuperset(markers)
    jpeg.is_plain = well_formed and sample == _COLOUR_SAMPLE and markers[-1] == _SCAN and jpeg.width * jpeg.height > 0
    jpeg.has_restarts = _RESTART_INTERVAL in markers
    if jpeg.data_start < len(data):
        _read_scans(jpeg, data, names)
    return jpeg


def _read_frame(jpeg: JpegStructure, marker: int, data: bytes, start: int) -> bytes:
    """Read a frame header and return the names of its components."""
    jpeg.height, jpeg.width = struct.unpack_from(">HH", data, start + 5)
    jpeg.is_arithmetic, jpeg.is_progressive = marker >= 0xC9, marker in _PROGRESSIVE_MARKERS
    components = data[start + 10 : start + 10 + 3 * int.from_bytes(data[start + 9 : start + 10], "big")][:12]
    jpeg.sampling = tuple((factors >> 4, factors & 15) for factors in components[1::3])
    return components[::3]


class _Coverage:
    """Record of the bits of each coefficient that are still missing, by the name of its component."""

    def __init__(self, names: bytes) -> None:
        self._missing = {name: bytearray([_UNCODED] * 64) for name in names}

    @property
    def is_complete(self) -> bool:
        return bool(self._missing) and not any(map(any, self._missing.values()))

    def add(self, names: bytes, first: int, last: int, missing: int) -> bool:
        """Record a scan of coefficients `first` to `last`, or return False if there are none such."""
        if not names or not set(names) <= self._missing.keys() or not first <= last < 64:
            return False
        for name in names:
            self._missing[name][first : last + 1] = bytes([missing] * (last + 1 - first))
        return True


def _read_scans(jpeg: JpegStructure, data: bytes, names: bytes) -> None:
    """Follow the scans from the first one to the end marker, or to where the picture breaks off."""
    coverage, at = _Coverage(names), jpeg.data_start
    while at >= 0 and jpeg.scans <= MAX_SCANS and _read_scan(jpeg, data, at, coverage):
        jpeg.data_end = find_marker(data, at + _segment_bytes(data, at))
        at = _next_scan(jpeg, data, jpeg.data_end)
    jpeg.is_covered = coverage.is_complete


def find_marker(data: bytes, offset: int) -> int:
    """Return the position of the next marker that does not belong to a scan, or the length of the data."""
    near = _NEXT_MARKER.search(data, offset, offset + _FEW_BYTES)
    if near:
        return near.start()
    for start in range(offset + _FEW_BYTES - 1, len(data), _PIECE):
        piece = np.frombuffer(data, np.uint8, count=min(_PIECE + 1, len(data) - start), offset=start)
        at = np.flatnonzero(piece[:-1] == 0xFF)
        ends = at[_ENDS_SCAN[piece[at + 1]]]
        if ends.size:
            return start + int(ends[0])
    return len(data)


def _read_scan(jpeg: JpegStructure, data: bytes, at: int, coverage: _Coverage) -> bool:
    """Read the header of a scan, or return False if it does not belong to the picture."""
    end = at + _segment_bytes(data, at)
    header = data[at + 4 : end]
    if not header or end > len(data) or len(header) != 4 + 2 * header[0]:
        return False
    if jpeg.is_progressive:
        first, last, missing = header[-3], header[-2], header[-1] & 15
    else:
        first, last, missing = 0, 63, 0
        if coverage.is_complete:
            return False
    if not coverage.add(header[1:-3:2], first, last, missing):
        return False
    jpeg.scans += 1
    jpeg.is_buffered |= jpeg.is_progressive or header[0] < len(jpeg.sampling)
    return True


def _next_scan(jpeg: JpegStructure, data: bytes, at: int) -> int:
    """Return the position of the scan that follows the tables at a position, or -1 if there is none."""
    while data[at : at + 1] == b"\xff" and at + 2 <= len(data):
        marker = data[at + 1]
        if marker == _SCAN:
            return at
        if marker == _END:
            jpeg.has_end, jpeg.is_clean = True, at == jpeg.data_end
            return -1
        if marker not in _BETWEEN_SCANS:
            return -1
        jpeg.has_restarts |= marker == _RESTART_INTERVAL
        at += _segment_bytes(data, at)
    return -1


def _segment_bytes(data: bytes, at: int) -> int:
    return 2 + int.from_bytes(data[at + 2 : at + 4], "big")
