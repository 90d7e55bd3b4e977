import gc

import numpy as np
import pytest

from discern.errors import StoreError
from discern.grouping.near_copies.scratch_arrays import blocks, scratch_array


def test_a_scratch_array_is_zero_and_writable(tmp_path):
    array = scratch_array((5, 3), np.float32, tmp_path)
    assert (array.shape, array.dtype, type(array)) == ((5, 3), np.float32, np.ndarray)
    assert not array.any()
    array[2] = 7
    array[:, 0] += 1
    assert array.tolist() == [[1, 0, 0], [1, 0, 0], [8, 7, 7], [1, 0, 0], [1, 0, 0]]


def test_views_outlive_their_array():
    view = scratch_array((1000, 8), np.complex64)[10:20:2]
    gc.collect()
    view[:] = 1j
    assert (view == 1j).all()


def test_no_file_is_left_behind(tmp_path):
    array = scratch_array((1 << 12, 64), np.uint8, tmp_path)
    array[:] = 1
    del array
    gc.collect()
    assert list(tmp_path.iterdir()) == []


def test_the_error_names_a_missing_folder(tmp_path):
    with pytest.raises(StoreError, match="nowhere") as caught:
        scratch_array((5, 3), np.float32, tmp_path / "nowhere")
    assert "--cache" in (caught.value.hint or "")


def test_an_array_larger_than_the_disk_is_rejected_before_anything_is_written(tmp_path):
    with pytest.raises(StoreError, match="cannot be written"):
        scratch_array((1 << 30, 1 << 30), np.uint8, tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("count", "sizes"), [(0, []), (1, [1]), (4, [4]), (9, [4, 4, 1])])
def test_blocks_cover_every_row_once(count, sizes):
    found = blocks(count, 4)
    assert [len(block) for block in found] == sizes
    assert np.concatenate([*found, np.zeros(0, np.int64)]).tolist() == list(range(count))
