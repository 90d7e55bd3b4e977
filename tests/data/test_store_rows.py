"""Properties of shelves: rows are read back as written, in any order and any number of writes."""

import hashlib
import tempfile
from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from discern.errors import StoreError
from discern.store import Shelf


def content(number: int) -> str:
    return hashlib.sha256(str(number).encode()).hexdigest()


numbers = st.integers(0, 30)


@given(batches=st.lists(st.lists(numbers, max_size=8), max_size=6), requested=st.lists(numbers, max_size=40))
def test_rows_are_found_by_content(batches, requested):
    with tempfile.TemporaryDirectory() as folder:
        shelf = Shelf(Path(folder), "n", np.dtype(np.int64), shape=(2,))
        for batch in batches:
            values = np.array(batch, np.int64).reshape(-1, 1)
            shelf.put([content(number) for number in batch], np.hstack([values, -values]))
        again = Shelf(Path(folder), "n", np.dtype(np.int64), shape=(2,))
        stored = {number for batch in batches for number in batch}
        first_missing = [
            at for at, number in enumerate(requested) if number not in stored and number not in requested[:at]
        ]
        assert again.missing([content(number) for number in requested]) == first_missing
        known = [number for number in requested if number in stored]
        assert again.rows([content(number) for number in known])[:][:, 0].tolist() == known


@given(data=st.data())
def test_indexing_equals_numpy(data):
    with tempfile.TemporaryDirectory() as folder:
        count = data.draw(st.integers(1, 12))
        expected = np.arange(count * 2, dtype=np.int64).reshape(count, 2)
        shelf = Shelf(Path(folder), "n", np.dtype(np.int64), shape=(2,))
        cut = data.draw(st.integers(0, count))
        contents = [content(number) for number in range(count)]
        shelf.put(contents[:cut], expected[:cut])
        shelf.put(contents[cut:], expected[cut:])
        rows = shelf.rows(contents)
        key = data.draw(st.slices(count))
        assert np.array_equal(rows[key], expected[key])
        picked = data.draw(st.lists(st.integers(-count, count - 1), max_size=20))
        assert np.array_equal(rows[picked], expected[np.array(picked, int)])
        mask = np.array(data.draw(st.lists(st.booleans(), min_size=count, max_size=count)))
        assert np.array_equal(rows.select(mask)[:], expected[mask])


@given(offset=st.integers(0, 10_000), bit=st.integers(0, 7))
def test_a_changed_bit_is_always_detected(offset, bit):
    with tempfile.TemporaryDirectory() as folder:
        shelf = Shelf(Path(folder), "n", np.dtype(np.int64), shape=(2,))
        expected = np.array([[1, 2], [3, 4]])
        shelf.put([content(0), content(1)], expected)
        (path,) = shelf.folder.iterdir()
        data = bytearray(path.read_bytes())
        data[offset % len(data)] ^= 1 << bit
        path.write_bytes(data)
        try:
            again = Shelf(Path(folder), "n", np.dtype(np.int64), shape=(2,))
        except StoreError:  # the bit that makes the format a larger number
            return
        stored = [number for number in range(2) if number not in again.missing([content(0), content(1)])]
        assert np.array_equal(again.rows([content(number) for number in stored])[:], expected[stored])
