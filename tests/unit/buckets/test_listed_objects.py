"""Listings tell an object, a folder and a folder of shards apart, and take marks of folders for what they are."""

import pytest

from discern.buckets.bucket_address import BucketAddress
from discern.buckets.listed_objects import ListedObjects, find_shards_above, list_objects
from discern.buckets.shards import FOLDER, INDEX
from discern.errors import CatalogError
from discern.progress import silent
from tests.unit.buckets.memory_store import MemoryStore


def listed(key: str, objects: dict[str, bytes]) -> ListedObjects:
    store = MemoryStore()
    store.objects.update(objects)
    return list_objects(store, BucketAddress("b", key), silent)


def test_a_folder_has_the_objects_below_it() -> None:
    found = listed("p", {"p/a.jpg": b"a", "p/q/b.jpg": b"b", "p-2/c.jpg": b"c", "pa": b""})
    assert list(found.files) == ["a.jpg", "q/b.jpg"]
    assert (found.is_object, found.bytes) == (False, 2)
    assert len(listed("", {"p/a.jpg": b"a", "b": b""}).files) == 2


def test_an_object_is_found_by_its_key() -> None:
    found = listed("p/a.zip", {"p/a.zip": b"a", "p/a.zip.txt": b""})
    assert found.is_object
    assert list(found.files) == ["a.zip"]


def test_marks_are_folders() -> None:
    found = listed("p", {"p/": b"", "p/empty/": b"", "p/q": b"", "p/q/a.jpg": b"a"})
    assert (list(found.files), found.folders) == (["q/a.jpg"], ["empty"])


def test_an_object_with_the_name_of_a_folder_keeps_its_content() -> None:
    assert listed("p", {"p/q": b"text", "p/q/a.jpg": b"a"}).files.keys() == {"q%", "q/a.jpg"}


def test_nothing_is_an_error() -> None:
    with pytest.raises(CatalogError, match="nothing at s3://b/p"):
        listed("p", {"pp": b"", "q/p": b""})
    with pytest.raises(CatalogError, match="nothing at s3://b"):
        listed("", {})


def test_a_missing_shard_is_an_error() -> None:
    index = b'{"format": 1, "shards": [{"name": "a.tar", "files": 1, "bytes": 1, "sha256": "%s"}]}' % (b"0" * 64)
    with pytest.raises(CatalogError, match=r"discern-shards/a\.tar is missing"):
        listed("p", {f"p/{INDEX}": index})
    found = listed("p", {f"p/{INDEX}": index, f"p/{FOLDER}/a.tar": b"", f"p/{FOLDER}/old.tar": b"", "p/large": b""})
    assert ([shard.name for shard, _ in found.shards], list(found.files)) == (["a.tar"], ["large"])


@pytest.mark.parametrize("above", ["", "p", "p/q"])
def test_shards_above_an_address_are_found(above: str) -> None:
    store = MemoryStore()
    address = BucketAddress("b", "p/q/r")
    assert find_shards_above(store, address) is None
    store.objects[f"{above}/{INDEX}".lstrip("/")] = b""
    assert find_shards_above(store, address) == BucketAddress("b", above)
    store.objects["p/q/r/a.jpg"] = b""
    assert find_shards_above(store, address) is None
