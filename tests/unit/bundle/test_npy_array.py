"""Arrays of a bundle are read as `numpy.save` writes them, and no claim of a header is believed."""

import io
import tracemalloc

import numpy as np
import pytest

from discern.bundle.npy_array import read_array


def saved(values: np.ndarray, *, version: tuple[int, int] | None = None) -> bytes:
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, values, version=version, allow_pickle=True)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("values", "dtype"),
    [
        (np.arange(6, dtype=np.float32).reshape(2, 3), "<f4"),
        (np.zeros((0, 8), np.uint8), "|u1"),
        (np.arange(5, dtype=np.uint8), "|u1"),
        (np.ones((7, 1), np.float32), "<f4"),
    ],
)
def test_an_array_survives_a_round_trip(values: np.ndarray, dtype: str) -> None:
    found = read_array(saved(values), dtype=dtype, dimensions=values.ndim)
    assert found.dtype == values.dtype
    np.testing.assert_array_equal(found, values)


ONE = saved(np.zeros((2, 8), np.uint8))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"garbage",
        ONE[:9],
        ONE[:-1],
        ONE + b"\0",
        ONE.replace(b"(2, 8), }   ", b"(3, 8), }   "),
        ONE.replace(b"(2, 8), }             ", b"(999999999999, 8), }  "),
        ONE.replace(b"(2, 8), }" + b" " * 30, b"(999999999999, 999999999999, 999999), }"),
        ONE.replace(b"(2, 8)", b"(2,-8)"),
        ONE.replace(b"'|u1'", b"'|O1'"),
        ONE.replace(b"'|u1'", b"id(1)"),
        ONE.replace(b"False", b"True "),
        saved(np.zeros((2, 8), np.uint8), version=(2, 0)),
        saved(np.zeros((2, 8), np.float64)),
        saved(np.zeros((2, 8), ">f4")),
        saved(np.asfortranarray(np.zeros((2, 8), np.uint8))),
        saved(np.zeros(16, np.uint8)),
        saved(np.array([{}], object)),
        saved(np.array(3, np.uint8)),
        saved(np.zeros(2, [("a", "u1")])),
        b"\x93NUMPY\x01\0\xe0\xff" + b"(" * 65_504,
    ],
)
def test_anything_else_is_rejected_without_taking_memory(data: bytes) -> None:
    tracemalloc.start()
    with pytest.raises(ValueError, match=r"array|size"):
        read_array(data, dtype="|u1", dimensions=2)
    assert tracemalloc.get_traced_memory()[1] < 1 << 20
    tracemalloc.stop()
