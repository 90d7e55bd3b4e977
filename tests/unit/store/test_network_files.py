"""Networks and weights in a cache directory are listed, apart from locks and running downloads."""

from pathlib import Path

import pytest
from filelock import FileLock

from discern.store import cached_networks


def put(cache: Path, name: str, size: int = 5) -> Path:
    path = cache / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(bytes(size))
    return path


def test_files_of_both_folders_are_listed_with_their_sizes(tmp_path: Path) -> None:
    assert cached_networks(tmp_path) == {}
    assert cached_networks(tmp_path / "none") == {}
    expected = {put(tmp_path, name, size): size for size, name in enumerate(("networks/a.onnx", "weights/b.onnx"), 3)}
    put(tmp_path, "other/c.onnx")
    put(tmp_path, "weights/b.onnx.lock")
    (tmp_path / "weights/folder").mkdir()
    (tmp_path / "weights/link").symlink_to(tmp_path / "other/c.onnx")
    assert cached_networks(tmp_path) == expected


@pytest.mark.parametrize("running", [True, False])
def test_unfinished_downloads_are_listed_unless_one_is_running(tmp_path: Path, running: bool) -> None:
    part, whole = put(tmp_path, "weights/0.part"), put(tmp_path, "weights/b.onnx")
    lock = FileLock(put(tmp_path, "weights/c.onnx.lock", 0))
    if running:
        lock.acquire()
    assert (part in cached_networks(tmp_path)) == (not running)
    assert whole in cached_networks(tmp_path)
    lock.release(force=True)
    assert part in cached_networks(tmp_path)


def test_looking_leaves_no_lock_behind_held(tmp_path: Path) -> None:
    put(tmp_path, "weights/0.part")
    lock = FileLock(put(tmp_path, "weights/c.onnx.lock", 0), timeout=0)
    cached_networks(tmp_path)
    with lock:
        assert lock.is_locked
