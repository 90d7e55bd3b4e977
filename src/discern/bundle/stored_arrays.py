"""Functions that write arrays to a canonical `.npz` file, and read them from an untrusted one without pickle."""

import io
import zipfile
from collections.abc import Mapping

import numpy as np

from discern.bundle.npy_array import read_array
from discern.bundle.stored_zip import write_zip

_SUFFIX, _ENCRYPTED = ".npy", 1
_FAILURES = (OSError, EOFError, KeyError, NotImplementedError, RuntimeError, zipfile.BadZipFile)
Kinds = Mapping[str, tuple[str, int]]
"""Data type, such as "<f4", and number of dimensions of each array, by its name."""


def write_arrays(arrays: Mapping[str, np.ndarray]) -> bytes:
    """Write arrays, each with one dimension or more, so that equal arrays give equal bytes."""
    members: dict[str, bytes] = {}
    for name, values in arrays.items():
        buffer = io.BytesIO()
        np.lib.format.write_array(buffer, np.ascontiguousarray(values), version=(1, 0), allow_pickle=False)
        members[name + _SUFFIX] = buffer.getvalue()
    packed = io.BytesIO()
    write_zip(packed, members, b"")
    return packed.getvalue()


def read_arrays(data: bytes, kinds: Kinds, *, max_bytes: int) -> dict[str, np.ndarray]:
    """Read exactly the named arrays, without copying more than the file.

    Args:
        data: the file.
        kinds: data type and number of dimensions of each array.
        max_bytes: largest size of the file.

    Raises:
        ValueError: it is larger, or has other arrays.
    """
    if len(data) > max_bytes:
        raise ValueError(f"it is larger than {max_bytes:,} bytes")
    try:
        members = _read_members(data, {name + _SUFFIX for name in kinds})
    except _FAILURES as error:
        raise ValueError(f"it cannot be read: {error}") from error
    return {
        name: read_array(members[name + _SUFFIX], dtype=dtype, dimensions=dimensions)
        for name, (dtype, dimensions) in kinds.items()
    }


def _read_members(data: bytes, names: set[str]) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as opened:
        entries = opened.infolist()
        if sorted(entry.filename for entry in entries) != sorted(names):
            raise ValueError(f"it does not have exactly the arrays {', '.join(sorted(names))}")
        if any(entry.compress_type != zipfile.ZIP_STORED or entry.flag_bits & _ENCRYPTED for entry in entries):
            raise ValueError("its arrays are compressed or encrypted")
        if sum(entry.file_size for entry in entries) > len(data):
            raise ValueError("its arrays are larger than the file")
        return {name: opened.read(name) for name in names}
