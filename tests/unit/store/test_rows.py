import hashlib

import numpy as np
import pytest

from discern.errors import StoreError
from discern.store import Rows, Shelf, prune


def hashes(count: int) -> list[str]:
    return [hashlib.sha256(str(number).encode()).hexdigest() for number in range(count)]


@pytest.fixture
def expected() -> np.ndarray:
    return np.arange(24, dtype=np.int32).reshape(12, 2)


@pytest.fixture
def rows(tmp_path, expected) -> Rows:
    """Store twelve rows of two numbers in six chunks."""
    shelf = Shelf(tmp_path, "pairs", np.dtype(np.int32), shape=(2,))
    for start in range(0, 12, 2):
        shelf.put(hashes(12)[start : start + 2], expected[start : start + 2])
    return shelf.rows(hashes(12))


def test_rows_have_the_attributes_of_an_array(rows, expected):
    assert rows.shape == (12, 2)
    assert rows.ndim == 2
    assert rows.dtype == np.int32
    assert len(rows) == 12
    assert np.array_equal(np.asarray(rows), expected)
    assert np.asarray(rows, dtype=np.float64).dtype == np.float64


@pytest.mark.parametrize("key", [0, 11, -1, -12, np.int64(5)])
def test_an_integer_reads_one_row(rows, expected, key):
    assert np.array_equal(rows[key], expected[key])


@pytest.mark.parametrize("key", [12, -13])
def test_an_index_out_of_range_is_rejected(rows, key):
    with pytest.raises(IndexError):
        rows[key]


@pytest.mark.parametrize(
    "key",
    [
        slice(None),
        slice(3, 9),
        slice(None, None, -3),
        slice(5, 5),
        [7, 0, 7, -1],
        [],
        np.array([11, 2], np.int32),
        np.arange(12) % 3 == 0,
        np.zeros(12, bool),
    ],
)
def test_slices_lists_and_masks_read_several_rows(rows, expected, key):
    assert np.array_equal(rows[key], expected[key if isinstance(key, slice | np.ndarray) else np.array(key, int)])
    assert rows[key].dtype == np.int32


def test_a_mask_of_another_length_is_rejected(rows):
    with pytest.raises(IndexError):
        rows[np.ones(5, bool)]


def test_iteration_gives_each_row_once(rows, expected):
    assert np.array_equal(np.stack(list(rows)), expected)


def test_select_is_lazy_and_composes(rows, expected):
    selected = rows.select([9, 1, 4, 1])
    assert np.array_equal(selected[:], expected[[9, 1, 4, 1]])
    assert np.array_equal(selected.select(np.array([False, True, True, False]))[:], expected[[1, 4]])
    assert selected.select([]).shape == (0, 2)


def test_an_empty_selection(tmp_path):
    empty = Shelf(tmp_path, "pairs", np.dtype(np.int32), shape=(2,)).rows([])
    assert empty[:].shape == (0, 2)


def test_rows_may_be_scalars(tmp_path):
    shelf = Shelf(tmp_path, "numbers", np.dtype(np.int64))
    shelf.put(hashes(3), np.array([4, 5, 6]))
    assert shelf.rows(hashes(3))[::-1].tolist() == [6, 5, 4]
    assert shelf.rows(hashes(3))[1] == 5


def test_rows_pruned_meanwhile_raise_a_store_error(tmp_path, rows):
    prune(tmp_path, keep_bytes=0)
    with pytest.raises(StoreError, match=r"were removed.*again"):
        rows[3]


def test_indexing_returns_a_writable_copy(rows, expected):
    rows[:2][:] = 0
    rows[0][:] = 0
    assert np.array_equal(rows[:2], expected[:2])
