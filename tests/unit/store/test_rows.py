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
    """Twelve rows of two numbers that lie in seven chunks."""
    shelf = Shelf(tmp_path, "pairs", np.dtype(np.int32), shape=(2,))
    for start in range(0, 12, 2):
        shelf.put(hashes(12)[start : start + 2], expected[start : start + 2])
    return shelf.rows(hashes(12))


def test_it_looks_like_an_array(rows, expected):
    assert rows.shape == (12, 2)
    assert rows.ndim == 2
    assert rows.dtype == np.int32
    assert len(rows) == 12
    assert np.array_equal(np.asarray(rows), expected)
    assert np.asarray(rows, dtype=np.float64).dtype == np.float64


@pytest.mark.parametrize("key", [0, 11, -1, -12, np.int64(5)])
def test_one_row(rows, expected, key):
    assert np.array_equal(rows[key], expected[key])


@pytest.mark.parametrize("key", [12, -13])
def test_no_such_row(rows, key):
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
def test_several_rows(rows, expected, key):
    assert np.array_equal(rows[key], expected[key if isinstance(key, slice | np.ndarray) else np.array(key, int)])
    assert rows[key].dtype == np.int32


def test_a_mask_of_another_length_is_refused(rows):
    with pytest.raises(IndexError):
        rows[np.ones(5, bool)]


def test_iterating_gives_each_row_once(rows, expected):
    assert np.array_equal(np.stack(list(rows)), expected)


def test_select_is_lazy_and_composes(rows, expected):
    some = rows.select([9, 1, 4, 1])
    assert np.array_equal(some[:], expected[[9, 1, 4, 1]])
    assert np.array_equal(some.select(np.array([False, True, True, False]))[:], expected[[1, 4]])
    assert some.select([]).shape == (0, 2)


def test_no_rows_at_all(tmp_path):
    empty = Shelf(tmp_path, "pairs", np.dtype(np.int32), shape=(2,)).rows([])
    assert empty[:].shape == (0, 2)


def test_scalars_as_rows(tmp_path):
    shelf = Shelf(tmp_path, "numbers", np.dtype(np.int64))
    shelf.put(hashes(3), np.array([4, 5, 6]))
    assert shelf.rows(hashes(3))[::-1].tolist() == [6, 5, 4]
    assert shelf.rows(hashes(3))[1] == 5


def test_rows_that_were_pruned_meanwhile_are_a_named_error(tmp_path, rows):
    prune(tmp_path, keep_bytes=0)
    with pytest.raises(StoreError, match=r"went away.*again"):
        rows[3]


def test_what_is_given_is_a_copy_that_may_be_changed(rows, expected):
    rows[:2][:] = 0
    rows[0][:] = 0
    assert np.array_equal(rows[:2], expected[:2])
