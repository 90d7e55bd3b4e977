import hashlib
import os
import time
from pathlib import Path

import numpy as np
import pytest
from filelock import FileLock

from discern.atomic import UNFINISHED
from discern.store import Shelf, default_folder, prune, survey


def content(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()


def fill(folder: Path, shelf: str, name: str, *, age: float = 0) -> Path:
    """Store one row of 1,000 bytes that was last used `age` seconds ago."""
    before = set(folder.glob("*/*.shelf"))
    Shelf(folder, shelf, np.dtype(np.uint8), shape=(1000,)).put([content(name)], np.zeros((1, 1000), np.uint8))
    (path,) = set(folder.glob("*/*.shelf")) - before
    os.utime(path, (time.time() - age,) * 2)
    return path


def test_survey_counts_rows_and_bytes_by_shelf(tmp_path):
    fill(tmp_path, "thumbs", "a")
    newest = fill(tmp_path, "thumbs", "b")
    fill(tmp_path, "facts-2", "a", age=500)
    facts, thumbs = survey(tmp_path)
    assert (facts.name, facts.rows) == ("facts-2", 1)
    assert (thumbs.name, thumbs.rows, thumbs.bytes) == ("thumbs", 2, 2 * newest.stat().st_size)
    assert facts.last_used < thumbs.last_used
    assert thumbs.last_used.timestamp() == pytest.approx(newest.stat().st_mtime)


def test_survey_of_a_missing_or_empty_folder_is_empty(tmp_path):
    assert survey(tmp_path / "absent") == []
    assert survey(tmp_path) == []


def test_survey_survives_foreign_and_damaged_files(tmp_path):
    path = fill(tmp_path, "thumbs", "a")
    path.write_bytes(b"damaged")
    (tmp_path / "notes.txt").write_text("hello")
    (info,) = survey(tmp_path)
    assert (info.rows, info.bytes) == (0, 7)


def test_prune_removes_the_least_recently_used_first(tmp_path):
    old = fill(tmp_path, "thumbs", "old", age=300)
    middle = fill(tmp_path, "facts", "middle", age=200)
    new = fill(tmp_path, "thumbs", "new", age=100)
    size = new.stat().st_size
    assert prune(tmp_path, keep_bytes=2 * size) == size
    assert [path.exists() for path in (old, middle, new)] == [False, True, True]
    assert prune(tmp_path, keep_bytes=2 * size) == 0
    assert prune(tmp_path, keep_bytes=size - 1) == 2 * size


def test_reading_updates_the_last_use(tmp_path):
    used = fill(tmp_path, "thumbs", "used", age=300)
    unused = fill(tmp_path, "thumbs", "unused", age=200)
    Shelf(tmp_path, "thumbs", np.dtype(np.uint8), shape=(1000,)).rows([content("used")])
    prune(tmp_path, keep_bytes=used.stat().st_size)
    assert used.exists()
    assert not unused.exists()


def test_an_open_shelf_notices_pruned_rows(tmp_path):
    fill(tmp_path, "thumbs", "a")
    shelf = Shelf(tmp_path, "thumbs", np.dtype(np.uint8), shape=(1000,))
    assert shelf.missing([content("a")]) == []
    prune(tmp_path, keep_bytes=0)
    assert shelf.missing([content("a")]) == [0]


def test_prune_removes_abandoned_temporary_files_but_not_recent_ones(tmp_path):
    path = fill(tmp_path, "thumbs", "a")
    abandoned, recent = path.with_name(".abandoned" + UNFINISHED), path.with_name("recent" + UNFINISHED)
    abandoned.write_bytes(b"12345")
    recent.write_bytes(b"123")
    os.utime(abandoned, (time.time() - 9999,) * 2)
    assert prune(tmp_path, keep_bytes=1 << 40) == 5
    assert [path.exists(), abandoned.exists(), recent.exists()] == [True, False, True]


def test_prune_leaves_foreign_files_alone(tmp_path):
    fill(tmp_path, "thumbs", "a")
    foreign = tmp_path / "photos" / "holiday.shelf"
    foreign.parent.mkdir()
    foreign.write_bytes(b"mine")
    prune(tmp_path, keep_bytes=0)
    assert foreign.exists()
    assert survey(tmp_path) == []


def test_prune_of_a_missing_folder_frees_nothing(tmp_path):
    assert prune(tmp_path / "absent", keep_bytes=0) == 0
    assert not (tmp_path / "absent").exists()


def test_prune_releases_its_lock(tmp_path):
    fill(tmp_path, "thumbs", "a")
    lock = FileLock(tmp_path / "prune.lock")
    prune(tmp_path, keep_bytes=0)
    lock.acquire(timeout=1)
    lock.release()


def test_the_default_folder_belongs_to_the_user():
    assert default_folder().is_absolute()
    assert "discern" in default_folder().parts[-1].lower() or "discern" in str(default_folder()).lower()
