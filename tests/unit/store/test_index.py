import hashlib

import numpy as np
import pytest

from discern.store.index import KEY, Index


def keys(*numbers: int) -> np.ndarray:
    return np.array([hashlib.sha256(str(number).encode()).digest() for number in numbers], KEY)


def test_nothing_is_found_in_an_empty_index():
    chunks, rows = Index().find(keys(1, 2))
    assert chunks.tolist() == rows.tolist() == [-1, -1]
    assert Index().find(keys())[0].tolist() == []


@pytest.mark.parametrize("sizes", [[1] * 40, [100, 3, 3, 3], [1, 2, 4, 8, 16, 32], [7]])
def test_each_key_is_found_in_its_chunk_and_row(sizes):
    index, expected = Index(), {}
    for chunk, size in enumerate(sizes):
        numbers = range(len(expected), len(expected) + size)
        index.add(keys(*numbers), chunk)
        expected |= {number: (chunk, row) for row, number in enumerate(numbers)}
    queried = [*reversed(expected), 10_000]
    chunks, rows = index.find(keys(*queried))
    assert list(zip(chunks, rows, strict=True)) == [*(expected[number] for number in queried[:-1]), (-1, -1)]


def test_many_additions_make_few_runs():
    index = Index()
    for chunk in range(500):
        index.add(keys(2 * chunk, 2 * chunk + 1), chunk)
    assert len(index._runs) < 12


def test_the_first_of_equal_keys_is_found_until_its_chunk_is_removed():
    index = Index()
    for chunk in range(5):
        index.add(keys(1, 2 + chunk), chunk)
    assert index.find(keys(1))[0].tolist() == [0]
    index.remove({0, 2})
    assert index.find(keys(1, 2, 3, 4))[0].tolist() == [1, -1, 1, -1]
    index.remove({1, 3, 4})
    assert index.find(keys(1, 3))[0].tolist() == [-1, -1]


def test_keys_that_end_in_zeros_are_distinct():
    zeros = np.frombuffer(bytes(32) + b"\1" + bytes(31) + bytes(31) + b"\1", KEY)
    index = Index()
    index.add(zeros[:2], 0)
    assert index.find(zeros)[1].tolist() == [0, 1, -1]
