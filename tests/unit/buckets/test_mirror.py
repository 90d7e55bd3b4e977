"""Local copies are what lies in the bucket: fetched once, never changed, and whole or not there."""

import io
import tarfile
import zipfile
from pathlib import Path

import pytest

from discern.buckets.bucket_address import BucketAddress
from discern.buckets.mirror import address_of, cached_copies, mirror, remove_copy
from discern.buckets.shards import push_shards
from discern.buckets.transfer_count import TransferCount
from discern.buckets.upload import Upload
from discern.catalog import scan
from discern.errors import CatalogError
from discern.progress import silent
from tests.unit.buckets.memory_store import Interrupted, MemoryStore
from tests.unit.catalog.factories import picture

FILES = {"cat/1.png": picture(1), "cat/2.png": picture(2), "dog/3.png": picture(3), "dog/notes.txt": b"no picture"}


@pytest.fixture
def store() -> MemoryStore:
    store = MemoryStore()
    store.objects.update({f"p/{name}": data for name, data in FILES.items()})
    return store


def copy(store: MemoryStore, cache: Path, key: str = "p") -> Path:
    return mirror(BucketAddress("b", key), cache=cache, store=store)


def content(folder: Path) -> dict[str, bytes]:
    return {each.relative_to(folder).as_posix(): each.read_bytes() for each in folder.rglob("*") if each.is_file()}


def test_a_copy_is_the_folder_and_is_fetched_once(store: MemoryStore, tmp_path: Path) -> None:
    folder = copy(store, tmp_path)
    assert (folder.name, content(folder)) == ("p", FILES)
    store.reads.clear()
    assert copy(store, tmp_path) == folder
    assert store.reads == []


def test_only_what_changed_is_fetched_and_the_former_copy_stays(store: MemoryStore, tmp_path: Path) -> None:
    former = copy(store, tmp_path)
    store.objects["p/cat/2.png"] = picture(4)
    del store.objects["p/cat/1.png"]
    store.reads.clear()
    assert content(copy(store, tmp_path)) == {
        "cat/2.png": picture(4),
        "dog/3.png": picture(3),
        "dog/notes.txt": b"no picture",
    }
    assert [key for key, _, _ in store.reads] == ["p/cat/2.png"]
    assert content(former) == FILES


def test_an_interrupted_copy_continues(store: MemoryStore, tmp_path: Path) -> None:
    store.fail_after = 2
    with pytest.raises(Interrupted):
        copy(store, tmp_path)
    assert cached_copies(tmp_path) == {}
    store.fail_after = None
    assert content(copy(store, tmp_path)) == FILES
    assert len({key for key, _, _ in store.reads}) == len(store.reads) == len(FILES)


def test_a_file_that_was_removed_or_cut_is_fetched_again(store: MemoryStore, tmp_path: Path) -> None:
    folder = copy(store, tmp_path)
    (folder / "cat/1.png").unlink()
    (folder / "cat/2.png").write_bytes(b"cut")
    assert content(copy(store, tmp_path)) == FILES


def test_stores_are_told_apart(store: MemoryStore, tmp_path: Path) -> None:
    other = MemoryStore("another endpoint")
    other.objects["p/a.jpg"] = b"a"
    assert content(copy(other, tmp_path)) == {"a.jpg": b"a"}
    assert content(copy(store, tmp_path)) == FILES


def test_a_source_in_a_bucket_is_the_folder(store: MemoryStore, tmp_path: Path) -> None:
    for name, data in FILES.items():
        (tmp_path / "p" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "p" / name).write_bytes(data)
    local = scan(tmp_path / "p", cache=tmp_path / "cache")
    remote = scan(copy(store, tmp_path / "cache"), cache=tmp_path / "cache")
    assert remote.fingerprint == local.fingerprint
    assert remote.table.equals(local.table)
    uploads = [Upload(tmp_path / "p" / name, len(data), f"packed/{name}") for name, data in FILES.items()]
    push_shards(store, "packed/", uploads, {}, TransferCount("", silent, 0))
    packed = scan(copy(store, tmp_path / "cache", "packed"), cache=tmp_path / "cache")
    assert packed.table.equals(local.table)
    assert content(copy(store, tmp_path / "cache", "packed/dog")).keys() == {"3.png", "notes.txt"}


@pytest.mark.parametrize("suffix", ["zip", "tar"])
def test_an_archive_in_a_bucket_is_a_source(suffix: str, tmp_path: Path) -> None:
    store, buffer = MemoryStore(), io.BytesIO()
    if suffix == "zip":
        with zipfile.ZipFile(buffer, "w") as archive:
            for name, data in FILES.items():
                archive.writestr(name, data)
    else:
        with tarfile.open(fileobj=buffer, mode="w") as packed:
            for name, data in FILES.items():
                member = tarfile.TarInfo(name)
                member.size = len(data)
                packed.addfile(member, io.BytesIO(data))
    store.objects[f"p/pictures.{suffix}"] = buffer.getvalue()
    place = copy(store, tmp_path, f"p/pictures.{suffix}")
    assert place.name == f"pictures.{suffix}"
    assert scan(place, cache=tmp_path).labels == ("cat", "dog")
    # As one file of a folder in the bucket.
    assert scan(copy(store, tmp_path), cache=tmp_path).labels == ("cat", "dog")


def test_a_path_in_a_copy_has_its_address(store: MemoryStore, tmp_path: Path) -> None:
    folder = copy(store, tmp_path)
    assert address_of(str(folder / "cat/1.png")) == "s3://b/p/cat/1.png"
    assert address_of(str(folder)) == "s3://b/p"
    assert address_of(str(copy(store, tmp_path, "p/cat/1.png"))) == "s3://b/p/cat/1.png"
    assert address_of(str(tmp_path / "a.jpg")) == str(tmp_path / "a.jpg")


def test_a_removed_copy_is_gone(store: MemoryStore, tmp_path: Path) -> None:
    folder = copy(store, tmp_path)
    assert list(cached_copies(tmp_path)) == [folder.parent]
    remove_copy(folder.parent)
    assert not folder.exists()
    assert cached_copies(tmp_path) == {}
    assert content(copy(store, tmp_path)) == FILES


def test_nothing_at_the_address_is_an_error(store: MemoryStore, tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match="nothing at s3://b/q"):
        copy(store, tmp_path, "q")
