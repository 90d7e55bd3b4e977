"""Downloads appear complete and verified or not at all, and continue where they stopped."""

import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from discern.buckets.download import RANGE_BYTES, Download, download_all, unfinished_path
from discern.buckets.transfer_count import TransferCount
from discern.errors import CatalogError, UsageError
from discern.progress import silent
from tests.unit.buckets.memory_store import Interrupted, MemoryStore

LARGE = os.urandom(1 << 10) * ((RANGE_BYTES * 3 >> 10) + 1)


def store_of(objects: Mapping[str, bytes]) -> MemoryStore:
    store = MemoryStore()
    store.objects.update(objects)
    return store


def download(store: MemoryStore, folder: Path) -> None:
    download_all(store, [Download(each, folder / each.key) for each in store.list("")], TransferCount("", silent, 0))


def files(folder: Path) -> dict[str, bytes]:
    return {str(each.relative_to(folder)): each.read_bytes() for each in folder.rglob("*") if each.is_file()}


def test_objects_become_files(tmp_path: Path) -> None:
    store = store_of({"a.jpg": b"a", "b/c.jpg": b"", "b/large": LARGE})
    download(store, tmp_path)
    assert files(tmp_path) == store.objects


def test_a_large_object_continues_where_it_stopped(tmp_path: Path) -> None:
    store = store_of({"large": LARGE})
    [found] = store.list("")
    store.fail_after = 2
    with pytest.raises(Interrupted):
        download(store, tmp_path)
    assert not (tmp_path / "large").exists()
    kept = unfinished_path(tmp_path / "large", found).stat().st_size
    assert 0 < kept < len(LARGE)
    store.fail_after, store.reads = None, []
    download(store, tmp_path)
    assert files(tmp_path) == {"large": LARGE}
    assert min(start for _, start, _ in store.reads) == kept


def test_what_is_left_of_another_content_is_not_used(tmp_path: Path) -> None:
    store = store_of({"large": LARGE})
    store.fail_after = 2
    with pytest.raises(Interrupted):
        download(store, tmp_path)
    store.fail_after, store.objects["large"] = None, LARGE[::-1]
    download(store, tmp_path)
    assert (tmp_path / "large").read_bytes() == LARGE[::-1]


def test_a_damaged_beginning_is_noticed(tmp_path: Path) -> None:
    store = store_of({"large": LARGE})
    [found] = store.list("")
    unfinished_path(tmp_path / "large", found).write_bytes(bytes(RANGE_BYTES))
    download(store, tmp_path)
    assert files(tmp_path) == {"large": LARGE}


@pytest.mark.parametrize("content", [b"small", LARGE])
def test_what_arrives_damaged_is_read_again(content: bytes, tmp_path: Path) -> None:
    store = store_of({"a": content})
    store.alters = 1
    download(store, tmp_path)
    assert files(tmp_path) == {"a": content}


@pytest.mark.parametrize("content", [b"small", LARGE])
def test_what_always_arrives_damaged_is_refused(content: bytes, tmp_path: Path) -> None:
    store = store_of({"a": content})
    store.alters = 1000
    with pytest.raises(UsageError, match="other content than its checksum") as raised:
        download(store, tmp_path)
    assert "prox" in raised.value.hint
    assert files(tmp_path) == {}


def test_an_object_that_changes_meanwhile_is_an_error(tmp_path: Path) -> None:
    store = store_of({"a": b"before"})
    found = list(store.list(""))
    store.objects["a"] = b"behind"
    with pytest.raises(CatalogError):
        download_all(store, [Download(found[0], tmp_path / "a")], TransferCount("", silent, 0))
    assert files(tmp_path) == {}


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "b").write_bytes(b"in the way")
    with pytest.raises(UsageError, match="cannot be written") as raised:
        download(store_of({"b/c": b"c"}), tmp_path)
    assert str(tmp_path / "b") in raised.value.message
