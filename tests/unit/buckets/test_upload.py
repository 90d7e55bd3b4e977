"""Uploads leave out what is there, count what they replace, and notice files that change."""

from pathlib import Path

import pytest

from discern.buckets.transfer_count import TransferCount
from discern.buckets.upload import LARGE_BYTES, Upload, upload_all
from discern.errors import UsageError
from discern.progress import silent
from tests.unit.buckets.memory_store import MemoryStore


def upload(store: MemoryStore, *uploads: Upload) -> TransferCount:
    count = TransferCount("", silent, 0)
    upload_all(store, uploads, {each.key: each for each in store.list("")}, count)
    return count


def write(path: Path, data: bytes) -> Upload:
    path.write_bytes(data)
    return Upload(path, len(data), f"p/{path.name}")


def test_only_what_is_missing_is_uploaded(tmp_path: Path) -> None:
    store = MemoryStore()
    uploads = [write(tmp_path / "a", b"a"), write(tmp_path / "b", b"b"), Upload(tmp_path, 0, "p/empty/")]
    assert upload(store, *uploads).resumed == 0
    assert store.objects == {"p/a": b"a", "p/b": b"b", "p/empty/": b""}
    store.writes.clear()
    write(tmp_path / "b", b"B")
    count = upload(store, *uploads, write(tmp_path / "c", b"c"))
    assert sorted(store.writes) == ["p/b", "p/c"]
    assert (count.resumed, count.replaced) == (1, 1)


def test_a_large_file_is_uploaded_once(tmp_path: Path) -> None:
    store = MemoryStore()
    large = write(tmp_path / "large", bytes(LARGE_BYTES + 1))
    upload(store, large)
    assert len(store.objects["p/large"]) == LARGE_BYTES + 1
    assert upload(store, large).resumed == 1
    assert store.writes == ["p/large"]


def test_a_file_that_changes_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="has changed while it was read"):
        upload(MemoryStore(), write(tmp_path / "a", b"a")._replace(size=2))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="a cannot be read: No such file"):
        upload(MemoryStore(), Upload(tmp_path / "a", 1, "a"))
