"""Arrays are written to the same bytes each time, and nothing but these arrays is read."""

import io
import zipfile

import numpy as np
import pytest

from discern.bundle.stored_arrays import read_arrays, write_arrays

ARRAYS = {"numbers": np.arange(6, dtype="<f4").reshape(2, 3), "flags": np.array([True, False])}
KINDS = {"numbers": ("<f4", 2), "flags": ("|b1", 1)}


def read(data: bytes, max_bytes: int = 10_000) -> dict[str, np.ndarray]:
    return read_arrays(data, KINDS, max_bytes=max_bytes)


def test_arrays_are_read_as_they_were_written() -> None:
    found = read(write_arrays(ARRAYS))
    assert all(np.array_equal(found[name], values) for name, values in ARRAYS.items())


def test_equal_arrays_give_equal_bytes_whatever_their_memory_layout() -> None:
    turned = ARRAYS | {"numbers": np.asfortranarray(ARRAYS["numbers"])}
    assert write_arrays(turned) == write_arrays(ARRAYS)


def deflated() -> bytes:
    buffer = io.BytesIO()
    with (
        zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as out,
        zipfile.ZipFile(io.BytesIO(write_arrays(ARRAYS))) as old,
    ):
        for name in old.namelist():
            out.writestr(name, old.read(name))
    return buffer.getvalue()


HOSTILE = {
    "nothing": b"",
    "text": b"hello",
    "half": write_arrays(ARRAYS)[:200],
    "an array less": write_arrays({"numbers": ARRAYS["numbers"]}),
    "an array more": write_arrays(ARRAYS | {"more": np.zeros(1)}),
    "another type": write_arrays(ARRAYS | {"numbers": np.zeros((2, 3))}),
    "another shape": write_arrays(ARRAYS | {"numbers": np.zeros(6, "<f4")}),
    "compressed": deflated(),
}


@pytest.mark.parametrize("data", HOSTILE.values(), ids=HOSTILE)
def test_anything_else_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"(larger|arrays|array of|read)"):
        read(data)


def test_a_file_above_the_limit_is_refused() -> None:
    data = write_arrays(ARRAYS)
    read(data, len(data))
    with pytest.raises(ValueError, match="larger"):
        read(data, len(data) - 1)
