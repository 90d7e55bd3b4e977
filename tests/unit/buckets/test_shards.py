"""Shards hold the files of a folder byte for byte, and nothing in one leads out of the folder."""

import hashlib
import io
import json
import tarfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from discern.buckets.shards import FOLDER, INDEX, Shard, push_shards, read_index, unpack_shard
from discern.buckets.transfer_count import TransferCount
from discern.buckets.upload import LARGE_BYTES, Upload
from discern.errors import CatalogError, UsageError
from discern.progress import silent
from tests.unit.buckets.memory_store import Interrupted, MemoryStore


def uploads(folder: Path, files: Mapping[str, bytes]) -> list[Upload]:
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return [Upload(folder / name, len(data), f"p/{name}") for name, data in files.items()]


def push(store: MemoryStore, files: list[Upload]) -> TransferCount:
    count = TransferCount("", silent, 0)
    push_shards(store, "p/", files, {each.key: each for each in store.list("")}, count)
    return count


def unpack(store: MemoryStore, folder: Path) -> None:
    folder.mkdir()
    for shard in read_index(store.objects[f"p/{INDEX}"], "s3://b/p"):
        (folder.parent / shard.name).write_bytes(store.objects[f"p/{FOLDER}/{shard.name}"])
        unpack_shard(folder.parent / shard.name, shard, folder)


def content(folder: Path) -> dict[str, bytes]:
    return {str(each.relative_to(folder)): each.read_bytes() for each in folder.rglob("*") if each.is_file()}


def test_many_files_become_few_shards(tmp_path: Path) -> None:
    store = MemoryStore()
    files = {f"{number % 3}/größe {number}.jpg": str(number).encode() for number in range(2100)}
    given = [*uploads(tmp_path / "in", files), Upload(tmp_path, 0, "p/empty/")]
    push(store, given)
    assert len(store.objects) == 4
    unpack(store, tmp_path / "out")
    assert content(tmp_path / "out") == files
    assert (tmp_path / "out/empty").is_dir()
    assert push(store, given).resumed == 2100
    assert store.writes.count(f"p/{INDEX}") == 2
    assert len(store.writes) == 5


def test_a_large_file_stays_an_object(tmp_path: Path) -> None:
    store = MemoryStore()
    push(store, uploads(tmp_path, {"a.jpg": b"a", "large": bytes(LARGE_BYTES + 1)}))
    assert len(store.objects["p/large"]) == LARGE_BYTES + 1
    [shard] = read_index(store.objects[f"p/{INDEX}"], "")
    assert shard.files == 1


def test_the_index_appears_last(tmp_path: Path) -> None:
    store = MemoryStore()
    store.fail_after = 1
    with pytest.raises(Interrupted):
        push(store, uploads(tmp_path, {f"{number}.jpg": b"" for number in range(1500)}))
    assert f"p/{INDEX}" not in store.objects


def test_a_folder_with_the_name_of_the_shards_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="under which shards are kept"):
        push(MemoryStore(), uploads(tmp_path, {f"{FOLDER}/a.jpg": b"a"}))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b'{"format": 1}',
        b'{"format": 1, "shards": [{"name": "a"}]}',
        json.dumps({"format": 1, "shards": [Shard("../a", 1, 1, "0" * 64)._asdict()]}).encode(),
        json.dumps({"format": 1, "shards": [Shard("a", -1, 1, "0" * 64)._asdict()]}).encode(),
        json.dumps({"format": 1, "shards": [Shard("a", 1, 1, "0")._asdict()]}).encode(),
    ],
)
def test_a_damaged_index_is_named(data: bytes) -> None:
    with pytest.raises(CatalogError, match="index of the shards at s3://b/p is damaged") as raised:
        read_index(data, "s3://b/p")
    assert "--pack" in raised.value.hint


def test_a_newer_index_is_named() -> None:
    with pytest.raises(CatalogError, match="another format"):
        read_index(b'{"format": 2, "shards": []}', "")


def shard_of(path: Path, *members: tuple[str, bytes]) -> Shard:
    with tarfile.open(path, "w") as archive:
        for name, kind in members:
            member = tarfile.TarInfo(name)
            member.type, member.linkname = kind, "/etc/passwd"
            member.size = 3 if kind == tarfile.REGTYPE else 0
            archive.addfile(member, io.BytesIO(b"abc") if kind == tarfile.REGTYPE else None)
    data = path.read_bytes()
    return Shard(path.name, len(members), len(data), hashlib.sha256(data).hexdigest())


def test_no_member_leads_out_of_the_folder(tmp_path: Path) -> None:
    names = ["../a", "/b", "c/../../d", "./e", ""]
    shard = shard_of(tmp_path / "shard", *((name, tarfile.REGTYPE) for name in names if name))
    (tmp_path / "out").mkdir()
    unpack_shard(tmp_path / "shard", shard, tmp_path / "out")
    assert len(content(tmp_path / "out")) == 4
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "shard"]


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE])
def test_links_and_devices_are_refused(kind: bytes, tmp_path: Path) -> None:
    shard = shard_of(tmp_path / "shard", ("a", kind))
    with pytest.raises(CatalogError, match="a is not a file"):
        unpack_shard(tmp_path / "shard", shard, tmp_path / "out")


def test_a_changed_shard_is_refused(tmp_path: Path) -> None:
    shard = shard_of(tmp_path / "shard", ("a", tarfile.REGTYPE))
    for wrong, message in (
        (shard._replace(sha256="0" * 64), "not what the index"),
        (shard._replace(files=2), "1 file"),
    ):
        with pytest.raises(CatalogError, match=message):
            unpack_shard(tmp_path / "shard", wrong, tmp_path / "out")


def test_a_file_with_other_content_is_kept(tmp_path: Path) -> None:
    shard = shard_of(tmp_path / "shard", ("a", tarfile.REGTYPE))
    (tmp_path / "a").write_bytes(b"mine")
    with pytest.raises(UsageError, match="exists with other content"):
        unpack_shard(tmp_path / "shard", shard, tmp_path)
    assert (tmp_path / "a").read_bytes() == b"mine"
    (tmp_path / "a").write_bytes(b"abc")
    assert unpack_shard(tmp_path / "shard", shard, tmp_path).kept == 1
