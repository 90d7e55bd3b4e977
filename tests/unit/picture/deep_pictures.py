"""Colour pictures of 16 bits per channel, which Pillow reads and cannot write."""

import struct
import zlib

import numpy as np

_COLOUR_TYPES = {1: 0, 2: 4, 3: 2, 4: 6}


def deep_png(values: np.ndarray) -> bytes:
    """Encode uint16 [H, W] or [H, W, channels] as PNG, each row with another filter."""
    values = values[..., None] if values.ndim == 2 else values
    height, width, channels = values.shape
    raw, above = b"", bytes(width * channels * 2)
    for number, row in enumerate(values.astype(">u2")):
        content = row.tobytes()
        raw += bytes([number % 5]) + _filtered(number % 5, content, above, channels * 2)
        above = content
    header = struct.pack(">LLBBBBB", width, height, 16, _COLOUR_TYPES[channels], 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(raw)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">L", len(body)) + kind + body + struct.pack(">L", zlib.crc32(kind + body)) for kind, body in chunks
    )


def _filtered(kind: int, row: bytes, above: bytes, step: int) -> bytes:
    current, upper = (np.frombuffer(line, np.uint8).astype(int) for line in (row, above))
    left, corner = (np.concatenate([np.zeros(step, int), line[:-step]]) for line in (current, upper))
    estimate = left + upper - corner
    distances = [np.abs(estimate - near) for near in (left, upper, corner)]
    nearest = np.choose(np.argmin(distances, axis=0), [left, upper, corner])
    predicted = (0 * left, left, upper, (left + upper) // 2, nearest)[kind]
    return ((current - predicted) % 256).astype(np.uint8).tobytes()


def deep_tiff(values: np.ndarray) -> bytes:
    """Encode uint16 [H, W, 3] as an uncompressed little-endian TIFF."""
    height, width, _ = values.shape
    body = values.astype("<u2").tobytes()
    depths = struct.pack("<3H", 16, 16, 16)
    entries = ((256, 4, 1, width), (257, 4, 1, height), (258, 3, 3, 8), (259, 3, 1, 1), (262, 3, 1, 2))
    entries += ((273, 4, 1, 14), (277, 3, 1, 3), (278, 4, 1, height), (279, 4, 1, len(body)))
    directory = struct.pack("<H", len(entries)) + b"".join(struct.pack("<HHLL", *entry) for entry in entries) + bytes(4)
    return b"II*\0" + struct.pack("<L", 14 + len(body)) + depths + body + directory
