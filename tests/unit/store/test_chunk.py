import numpy as np
import pytest

from discern.errors import StoreError
from discern.store.chunk import read_chunk, read_header, write_chunk
from discern.store.index import KEY


def test_a_chunk_reads_back_as_written(tmp_path):
    rows = np.arange(6, dtype="<i2").reshape(2, 3)
    keys = np.array([b"one", b"two"], KEY)
    written = write_chunk(tmp_path, "s", keys, rows)
    found = read_chunk(written.path, "s", 6)
    assert found is not None
    read, again = found
    assert read == written
    assert np.array_equal(again, keys)
    assert np.array_equal(np.fromfile(read.path, "<i2", offset=read.offset).reshape(2, 3), rows)
    assert read.is_intact()


def test_no_temporary_file_is_left_behind(tmp_path):
    written = write_chunk(tmp_path, "s", np.zeros(1, KEY), np.zeros((1, 3)))
    assert list(tmp_path.iterdir()) == [written.path]


def test_rows_need_not_be_contiguous(tmp_path):
    rows = np.arange(20, dtype="<i4").reshape(2, 10)[:, ::2]
    written = write_chunk(tmp_path, "s", np.zeros(2, KEY), rows)
    assert np.array_equal(np.fromfile(written.path, "<i4", offset=written.offset).reshape(2, 5), rows)


@pytest.mark.parametrize(("shelf", "row_bytes"), [("other", 8), ("s", 9)])
def test_a_chunk_of_another_shelf_or_row_size_is_ignored(tmp_path, shelf, row_bytes):
    written = write_chunk(tmp_path, "s", np.zeros(1, KEY), np.zeros((1, 1)))
    assert read_chunk(written.path, shelf, row_bytes) is None


def test_a_missing_chunk_is_ignored_and_not_intact(tmp_path):
    written = write_chunk(tmp_path, "s", np.zeros(1, KEY), np.zeros((1, 1)))
    written.path.unlink()
    assert read_chunk(written.path, "s", 8) is None
    assert not written.is_intact()


@pytest.mark.parametrize(
    "line", [b"", b"\xff\xfe", b"[1]", b'{"format": "1"}', b'{"format": 1, "shelf": "s", "rows": 0}']
)
def test_an_invalid_header_is_ignored(tmp_path, line):
    assert read_header(tmp_path / "x", line) is None


def test_a_header_of_a_newer_format_is_rejected(tmp_path):
    with pytest.raises(StoreError, match="newer"):
        read_header(tmp_path / "x", b'{"format": 9}')
