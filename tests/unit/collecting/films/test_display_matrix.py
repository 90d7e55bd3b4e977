"""Frames are turned and mirrored as display matrices say."""

import struct

import numpy as np
import pytest

from discern.collecting.films.display_matrix import turn_upright

ONE = 1 << 16
FRAME = np.arange(6, dtype=np.uint8).reshape(2, 3, 1).repeat(3, axis=2)


def matrix(a: float, b: float, c: float, d: float) -> bytes:
    return struct.pack(
        "=9i", *(round(each * ONE) for each in (a, b)), 0, *(round(each * ONE) for each in (c, d)), *[0] * 4
    )


@pytest.mark.parametrize(
    ("numbers", "expected"),
    [
        ((1, 0, 0, 1), FRAME),
        ((-1, 0, 0, -1), np.rot90(FRAME, 2)),
        ((0, -1, 1, 0), np.rot90(FRAME, 1)),
        ((0, 1, -1, 0), np.rot90(FRAME, -1)),
        ((-1, 0, 0, 1), FRAME[:, ::-1]),
        ((1, 0, 0, -1), FRAME[::-1]),
        ((0, 1, 1, 0), FRAME.swapaxes(0, 1)),
        ((0.98, 0.17, -0.17, 0.98), FRAME),
    ],
)
def test_each_matrix_turns_by_the_nearest_quarter(numbers: tuple[float, ...], expected: np.ndarray) -> None:
    turned = turn_upright(FRAME, matrix(*numbers))
    assert np.array_equal(turned, expected)
    assert turned.flags.c_contiguous


@pytest.mark.parametrize("data", [b"", b"\0" * 35])
def test_without_a_matrix_a_frame_stays(data: bytes) -> None:
    assert np.array_equal(turn_upright(FRAME, data), FRAME)
