import gc

import numpy as np
import pytest

from discern.errors import StoreError
from discern.grouping.near_copies.scratch_arrays import blocks, scratch_array


def test_a_table_is_an_array_of_zeros(tmp_path):
    made = scratch_array((5, 3), np.float32, tmp_path)
    assert (made.shape, made.dtype, type(made)) == ((5, 3), np.float32, np.ndarray)
    assert not made.any()
    made[2] = 7
    made[:, 0] += 1
    assert made.tolist() == [[1, 0, 0], [1, 0, 0], [8, 7, 7], [1, 0, 0], [1, 0, 0]]


def test_views_outlive_their_table():
    part = scratch_array((1000, 8), np.complex64)[10:20:2]
    gc.collect()
    part[:] = 1j
    assert (part == 1j).all()


def test_nothing_is_left_behind(tmp_path):
    made = scratch_array((1 << 12, 64), np.uint8, tmp_path)
    made[:] = 1
    del made
    gc.collect()
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(StoreError, match="nowhere") as caught:
        scratch_array((5, 3), np.float32, tmp_path / "nowhere")
    assert "--cache" in (caught.value.hint or "")


def test_more_than_the_disk_holds_is_said_before_anything_is_written(tmp_path):
    with pytest.raises(StoreError, match="cannot be written"):
        scratch_array((1 << 30, 1 << 30), np.uint8, tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("count", "sizes"), [(0, []), (1, [1]), (4, [4]), (9, [4, 4, 1])])
def test_blocks_cover_everything_once(count, sizes):
    runs = blocks(count, 4)
    assert [len(run) for run in runs] == sizes
    assert np.concatenate([*runs, np.zeros(0, np.int64)]).tolist() == list(range(count))
