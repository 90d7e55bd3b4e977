"""Reusable contract tests for object stores."""

import hashlib
from pathlib import Path

from discern.buckets.etags import PART_BYTES, matches
from discern.buckets.object_store import ObjectStore, RemoteObject
from discern.errors import CatalogError

_KEYS = ("a.jpg", "p/1.jpg", "p/größe +%20&?.jpg", "p/q/2.jpg", "p//3.jpg", "p/./4.jpg", "p/empty/", "p-2/5.jpg")


class ObjectStoreContract:
    """Base class of contract tests for object stores.

    A test class inherits them and implements `store`.
    """

    def store(self) -> ObjectStore:
        """Create an empty object store under test."""
        raise NotImplementedError

    def test_lists_what_was_written(self) -> None:
        """Check that keys and sizes are listed in the order of the keys, whatever letters they have."""
        store = self.store()
        for key in _KEYS:
            store.write(key, key.encode())
        assert [each.key for each in store.list("")] == sorted(_KEYS, key=str.encode)
        assert all(each.size == len(each.key.encode()) for each in store.list(""))
        assert {each.key for each in store.list("p/")} == {key for key in _KEYS if key.startswith("p/")}
        assert list(store.list("nothing")) == []

    def test_reads_what_was_written(self) -> None:
        """Check that whole objects and ranges are read, and that the ETag is that of the content."""
        store = self.store()
        for key in _KEYS:
            store.write(key, key.encode())
        for found in store.list(""):
            data = found.key.encode()
            assert store.read(found, 0, found.size) == data
            assert store.read(found, 1, 3) == data[1:3]
            assert matches(data, found, store.describe)
            assert matches(data[::-1], found, store.describe) is False

    def test_reads_an_empty_object(self) -> None:
        """Check that an object without content is read."""
        store = self.store()
        store.write("empty", b"")
        assert store.read(next(iter(store.list(""))), 0, 0) == b""

    def test_another_content_is_not_read_by_mistake(self) -> None:
        """Check that an object that is gone, or was replaced since it was listed, is an error."""
        store = self.store()
        store.write("a", b"before")
        before = next(iter(store.list("a")))
        store.write("a", b"behind")
        for found in (before, RemoteObject("gone", 1, hashlib.md5(b"1", usedforsecurity=False).hexdigest())):
            assert found.key in _refusal(store, found)

    def test_removes_one_object(self) -> None:
        """Check that a removed object is gone, others stay, and that one that is not there is passed over."""
        store = self.store()
        for key in _KEYS:
            store.write(key, key.encode())
        for key in ("p/größe +%20&?.jpg", "p/größe +%20&?.jpg", "nothing"):
            store.remove(key)
        assert [each.key for each in store.list("")] == sorted({*_KEYS} - {"p/größe +%20&?.jpg"}, key=str.encode)

    def test_writes_a_large_file(self, tmp_path: Path) -> None:
        """Check that a file of several parts is written, and can be compared with its object."""
        store, path, reported = self.store(), tmp_path / "large", list[int]()
        data = bytes(PART_BYTES) + b"end"
        path.write_bytes(data)
        store.write_file("p/large", path, reported.append)
        found = next(iter(store.list("p/")))
        assert (found.size, sum(reported)) == (len(data), len(data))
        assert store.read(found, PART_BYTES - 1, len(data)) == b"\0end"
        assert matches(path, found, store.describe)
        path.write_bytes(data[:-1] + b"!")
        assert matches(path, found, store.describe) is False


def _refusal(store: ObjectStore, found: RemoteObject) -> str:
    try:
        store.read(found, 0, found.size)
    except CatalogError as error:
        return error.message
    return ""
