"""Display matrix of a film: how its frames are turned and mirrored to stand upright."""

import struct

import numpy as np

_MATRIX = struct.Struct("=9i")
_ONE = 1 << 16


def turn_upright(pixels: np.ndarray, matrix: bytes) -> np.ndarray:
    """Turn and mirror the pixels of a frame as its display matrix says, by the nearest quarter turn.

    The matrix holds nine numbers in the machine's byte order. Those at 0, 1, 3 and 4 are a, b, c and d in units of
    1 / 65536, and a pixel at (x, y) goes to (a x + c y, b x + d y) (FFmpeg, `libavutil/display.h`; ISO/IEC 14496-12).

    Args:
        pixels: uint8 [H, W, 3].
        matrix: the matrix; empty, or of another length, for none.

    Returns:
        uint8 [H, W, 3] or [W, H, 3], C-contiguous.
    """
    if len(matrix) != _MATRIX.size:
        return np.ascontiguousarray(pixels)
    numbers = _MATRIX.unpack(matrix)
    a, b, c, d = (numbers[at] / _ONE for at in (0, 1, 3, 4))
    if abs(b) + abs(c) > abs(a) + abs(d):
        turned = pixels.swapaxes(0, 1)
        across, down = c, b
    else:
        turned, across, down = pixels, a, d
    if across < 0:
        turned = turned[:, ::-1]
    if down < 0:
        turned = turned[::-1]
    return np.ascontiguousarray(turned)
