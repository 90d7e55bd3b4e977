"""Function that reads arrays in NumPy's file format, with their claims checked before anything is allocated."""

import math
import re

import numpy as np

_MAGIC = b"\x93NUMPY\x01\x00"
_HEADER = re.compile(
    rb"\{'descr': '([<|][a-z][0-9])', 'fortran_order': False, "
    rb"'shape': \(([0-9]{1,12}(?:, [0-9]{1,12}){0,3}),?\), \} *\n"
)


def read_array(data: bytes, *, dtype: str, dimensions: int) -> np.ndarray:
    """Read an array from the content of a `.npy` file, without copying it.

    The header is matched against the form that `numpy.save` writes, rather than evaluated.

    Args:
        data: the file.
        dtype: the only allowed data type, such as "|u1" or "<f4".
        dimensions: the only allowed number of dimensions.

    Raises:
        ValueError: it is not such an array, or not of the size that it claims.
    """
    start = len(_MAGIC) + 2
    end = start + int.from_bytes(data[start - 2 : start], "little")
    header = _HEADER.fullmatch(data[start:end]) if data.startswith(_MAGIC) else None
    if header is None:
        raise ValueError("it is not an array of numbers")
    shape = tuple(int(length) for length in header[2].split(b", "))
    if header[1] != dtype.encode() or len(shape) != dimensions:
        raise ValueError(f"it is not an array of {dtype} with {dimensions} dimensions")
    if math.prod(shape) * np.dtype(dtype).itemsize != len(data) - end:
        raise ValueError("its size is not the one that it claims")
    return np.ndarray(shape, dtype, buffer=data, offset=end)
