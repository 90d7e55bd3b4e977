import hashlib
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from tests.waiting import wait_until

from discern.errors import StoreError
from discern.store import Shelf

FLOAT = np.dtype(np.float32)


def hashes(*names: object) -> list[str]:
    return [hashlib.sha256(str(name).encode()).hexdigest() for name in names]


def numbered(count: int, start: int = 0) -> np.ndarray:
    return np.arange(start, start + count * 3, dtype=np.float32).reshape(count, 3)


def open_shelf(folder: Path, name: str = "features") -> Shelf:
    return Shelf(folder, name, FLOAT, shape=(3,))


def only_chunk(folder: Path) -> Path:
    (path,) = folder.glob("*/*.shelf")
    return path


def test_an_empty_shelf_misses_everything_and_creates_no_folder(tmp_path):
    shelf = open_shelf(tmp_path / "cache")
    assert shelf.missing(hashes("a", "b")) == [0, 1]
    assert shelf.missing([]) == []
    assert not (tmp_path / "cache").exists()


def test_missing_lists_the_first_of_equal_contents(tmp_path):
    assert open_shelf(tmp_path).missing(hashes("a", "b", "a", "b", "c")) == [0, 1, 4]


def test_stored_rows_are_found_by_this_and_by_later_shelves(tmp_path):
    shelf = open_shelf(tmp_path)
    shelf.put(hashes("a", "b"), numbered(2))
    for found in (shelf, open_shelf(tmp_path)):
        assert found.missing(hashes("b", "c", "a")) == [1]
        assert np.array_equal(found.rows(hashes("b", "a", "b"))[:], numbered(2)[[1, 0, 1]])
        assert hashes("a")[0] in found
        assert hashes("c")[0] not in found


def test_an_open_shelf_notices_rows_of_another_writer(tmp_path):
    early, late = open_shelf(tmp_path), open_shelf(tmp_path)
    late.put(hashes("a"), numbered(1))
    assert early.missing(hashes("a")) == []


def test_stored_rows_are_not_written_twice(tmp_path):
    shelf = open_shelf(tmp_path)
    shelf.put(hashes("a", "b", "a"), numbered(3))
    shelf.put(hashes("b", "a"), numbered(2, 90))
    only_chunk(tmp_path)
    assert np.array_equal(shelf.rows(hashes("a", "b"))[:], numbered(2))


def test_putting_no_rows_writes_nothing(tmp_path):
    open_shelf(tmp_path).put([], numbered(0))
    assert list(tmp_path.iterdir()) == []


def test_many_rows_become_several_chunks(tmp_path):
    shelf = Shelf(tmp_path, "wide", np.dtype(np.uint8), shape=(1 << 20,))
    rows = np.broadcast_to(np.arange(40, dtype=np.uint8)[:, None], (40, 1 << 20))
    shelf.put(hashes(*range(40)), rows)
    assert len(list(tmp_path.glob("*/*.shelf"))) == 3
    assert np.array_equal(
        Shelf(tmp_path, "wide", np.dtype(np.uint8), shape=(1 << 20,)).rows(hashes(39, 3))[:][:, 0], [39, 3]
    )


def test_dtype_shape_and_name_identify_a_shelf(tmp_path):
    open_shelf(tmp_path).put(hashes("a"), numbered(1))
    others = [
        open_shelf(tmp_path, "other"),
        Shelf(tmp_path, "features", np.dtype(np.float64), shape=(3,)),
        Shelf(tmp_path, "features", FLOAT, shape=(3, 1)),
    ]
    assert all(other.missing(hashes("a")) == [0] for other in others)


def test_rows_may_be_structured(tmp_path):
    dtype = np.dtype([("name", "S8"), ("size", "<i4", (2,))])
    row = np.array([(b"cat", (3, 4))], dtype)
    Shelf(tmp_path, "facts", dtype).put(hashes("a"), row)
    assert Shelf(tmp_path, "facts", dtype).rows(hashes("a"))[0] == row[0]


@pytest.mark.parametrize("name", ["", "a/b", "..\\x", "a b", "x" * 161])
def test_names_that_could_leave_the_folder_are_rejected(tmp_path, name):
    with pytest.raises(ValueError, match="name"):
        open_shelf(tmp_path, name)


def test_object_dtypes_are_rejected(tmp_path):
    with pytest.raises(ValueError, match="objects"):
        Shelf(tmp_path, "x", np.dtype(object))


@pytest.mark.parametrize("rows", [numbered(1), numbered(2)[:, :2], numbered(2).astype(np.float64)])
def test_rows_of_another_shape_or_dtype_are_rejected(tmp_path, rows):
    with pytest.raises(ValueError, match="2 rows of float32"):
        open_shelf(tmp_path).put(hashes("a", "b"), rows)


def test_invalid_content_hashes_are_rejected(tmp_path):
    with pytest.raises(ValueError, match="64 hex"):
        open_shelf(tmp_path).put(["abcd"], numbered(1))


def test_a_missing_row_raises_a_store_error(tmp_path):
    with pytest.raises(StoreError, match="no row for content"):
        open_shelf(tmp_path).rows(hashes("a"))


@pytest.mark.parametrize("offset", [5, 60, 300, 520, 560, -1])
def test_a_changed_byte_makes_its_rows_missing_and_recomputable(tmp_path, offset):
    open_shelf(tmp_path).put(hashes("a", "b"), numbered(2))
    path = only_chunk(tmp_path)
    data = bytearray(path.read_bytes())
    data[offset] ^= 0x55
    path.write_bytes(data)
    shelf = open_shelf(tmp_path)
    if shelf.missing(hashes("a", "b")):
        shelf.put(hashes("a", "b"), numbered(2))
    assert np.array_equal(open_shelf(tmp_path).rows(hashes("a", "b"))[:], numbered(2))


@pytest.mark.parametrize("length", [0, 1, 511, 512, 540, 576, 599])
def test_a_truncated_chunk_is_ignored(tmp_path, length):
    open_shelf(tmp_path).put(hashes("a", "b"), numbered(2))
    path = only_chunk(tmp_path)
    path.write_bytes(path.read_bytes()[:length])
    assert open_shelf(tmp_path).missing(hashes("a", "b")) == [0, 1]


@pytest.mark.parametrize(
    "content", [b"\x80\x04K\x01.", b"null", b'{"format": 1}', b'{"format": 1, "shelf": 3, "rows": -1}']
)
def test_a_foreign_file_is_ignored_and_kept(tmp_path, content):
    shelf = open_shelf(tmp_path)
    shelf.put(hashes("a"), numbered(1))
    foreign = shelf.folder / "foreign.shelf"
    foreign.write_bytes(content)
    assert open_shelf(tmp_path).missing(hashes("a")) == []
    assert foreign.exists()


def test_a_chunk_of_another_shelf_is_ignored(tmp_path):
    ours, other = open_shelf(tmp_path), open_shelf(tmp_path, "other")
    other.put(hashes("a"), numbered(1))
    ours.folder.mkdir()
    only_chunk(tmp_path).rename(ours.folder / "moved.shelf")
    assert ours.missing(hashes("a")) == [0]


def test_an_intact_copy_replaces_a_damaged_one(tmp_path):
    early, late = open_shelf(tmp_path), open_shelf(tmp_path)
    early.put(hashes("a"), numbered(1))
    damaged = only_chunk(tmp_path)
    late.put(hashes("b"), numbered(1))
    spare = tmp_path / "spare"
    open_shelf(spare).put(hashes("a"), numbered(1))
    only_chunk(spare).rename(late.folder / ("f" * 32 + ".shelf"))
    damaged.rename(damaged.with_name("0" * 32 + ".shelf"))
    (late.folder / ("0" * 32 + ".shelf")).write_bytes(b"x".join([damaged_bytes(late)[:-1], b""]))
    shelf = open_shelf(tmp_path)
    assert shelf.missing(hashes("a", "b")) == []
    assert np.array_equal(shelf.rows(hashes("a"))[0], numbered(1)[0])


def damaged_bytes(shelf: Shelf) -> bytes:
    data = bytearray((shelf.folder / ("0" * 32 + ".shelf")).read_bytes())
    data[-2] ^= 1
    return bytes(data)


def test_a_newer_format_is_rejected_with_a_remedy(tmp_path):
    open_shelf(tmp_path).put(hashes("a"), numbered(1))
    path = only_chunk(tmp_path)
    path.write_bytes(path.read_bytes().replace(b'"format": 1', b'"format": 2'))
    with pytest.raises(StoreError, match=r"newer version.*format 2.*--cache"):
        open_shelf(tmp_path)


def test_a_handwritten_chunk_of_format_1_is_read(tmp_path):
    """Read the byte layout that later versions must support."""
    shelf = open_shelf(tmp_path)
    identity = shelf.folder.name.encode()
    body = bytes.fromhex(hashes("a")[0]) + np.array([1, 2, 3], "<f4").tobytes()
    line = b'{"format": 1, "shelf": "%s", "rows": 1, "digest": "%s"}' % (
        identity,
        hashlib.sha256(identity + body).hexdigest().encode(),
    )
    shelf.folder.mkdir()
    (shelf.folder / "x.shelf").write_bytes(line.ljust(511) + b"\n" + body)
    assert shelf.folder.name == "features-3a1782a009e3"
    assert shelf.rows(hashes("a"))[0].tolist() == [1, 2, 3]


def test_threads_may_read_and_write_concurrently(tmp_path):
    shelf = open_shelf(tmp_path)

    def work(part: int) -> None:
        for number in range(part * 20, part * 20 + 30):
            shelf.put(hashes(number), np.full((1, 3), number, np.float32))
            assert shelf.missing(hashes(number)) == []

    threads = [threading.Thread(target=work, args=(part,)) for part in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert open_shelf(tmp_path).rows(hashes(*range(90)))[:][:, 0].tolist() == list(range(90))


WRITER = """
import hashlib, sys, numpy as np
from pathlib import Path
from discern.store import Shelf
shelf = Shelf(Path(sys.argv[1]), "big", np.dtype(np.float32), shape=(1 << 18,))
print("ready", flush=True)
for number in range(int(sys.argv[2])):
    content = hashlib.sha256(str(number).encode()).hexdigest()
    shelf.put([content], np.full((1, 1 << 18), number, np.float32))
"""


def start_writer(folder: Path, count: int) -> subprocess.Popen[str]:
    writer = subprocess.Popen([sys.executable, "-c", WRITER, folder, str(count)], stdout=subprocess.PIPE, text=True)
    assert writer.stdout is not None
    assert writer.stdout.readline() == "ready\n"
    return writer


def test_a_killed_writer_leaves_only_complete_rows(tmp_path):
    writer = start_writer(tmp_path, 1000)
    wait_until(lambda: len(list(tmp_path.glob("*/*.shelf"))) >= 5)
    writer.send_signal(signal.SIGTERM if os.name == "nt" else signal.SIGKILL)
    writer.communicate()
    shelf = Shelf(tmp_path, "big", FLOAT, shape=(1 << 18,))
    missing = shelf.missing(hashes(*range(1000)))
    assert missing == list(range(1000 - len(missing), 1000))
    stored = shelf.rows(hashes(*range(1000 - len(missing))))
    assert len(stored) >= 5
    assert all((stored[number] == number).all() for number in range(len(stored)))


def test_two_processes_may_write_the_same_rows(tmp_path):
    writers = [start_writer(tmp_path, 10) for _ in range(2)]
    for writer in writers:
        writer.communicate()
        assert writer.returncode == 0
    rows = Shelf(tmp_path, "big", FLOAT, shape=(1 << 18,)).rows(hashes(*range(10)))
    assert rows[:][:, 7].tolist() == list(range(10))


def test_an_unwritable_folder_raises_a_store_error(tmp_path):
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(StoreError, match=r"cannot be written.*--cache"):
        open_shelf(tmp_path / "file").put(hashes("a"), numbered(1))


def test_many_small_chunks_open_quickly(tmp_path):
    shelf = open_shelf(tmp_path)
    for number in range(300):
        shelf.put(hashes(number), numbered(1, number))
    started = time.perf_counter()
    again = open_shelf(tmp_path)
    assert again.missing(hashes(*range(300))) == []
    assert time.perf_counter() - started < 5  # typically 0.05; guards against a high cost per chunk
