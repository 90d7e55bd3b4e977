"""Folders are copied to buckets and back, byte for byte, and nothing is overwritten or left out in silence."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from discern.errors import CatalogError, UsageError
from discern.flow.push import pull, push
from tests.bucket_server import BUCKET, bucket_server

FILES = {
    "cat/1.jpg": b"one",
    "cat/größe 2 +%20&.jpg": b"two",
    "dog/.hidden": b"hidden",
    "dog/empty.txt": b"",
    "labels.csv": b"path,label\n",
}


@pytest.fixture(scope="module", autouse=True)
def _server() -> Iterator[None]:
    with bucket_server():
        yield


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "photos"
    for name, data in FILES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(data)
    (root / "bird").mkdir()
    (root / ".a.0f3a9b12.unfinished").write_bytes(b"of a killed writer")
    return root


@pytest.fixture
def address(request: pytest.FixtureRequest) -> str:
    return f"s3://{BUCKET}/{re.sub('[^a-z]', '-', request.node.name)}"


def content(folder: Path) -> dict[str, bytes]:
    return {each.relative_to(folder).as_posix(): each.read_bytes() for each in folder.rglob("*") if each.is_file()}


@pytest.mark.parametrize("pack", [False, True])
def test_a_folder_comes_back_as_it_was(pack: bool, folder: Path, address: str, tmp_path: Path) -> None:
    pushed = push(folder, address, pack=pack).to_json()
    size = sum(map(len, FILES.values()))
    assert (pushed["files"], pushed["bytes"], pushed["resumed"], pushed["replaced"]) == (len(FILES), size, 0, 0)
    assert push(folder, address, pack=pack).resumed == len(FILES)
    pulled = pull(address, tmp_path / "out").to_json()
    assert (pulled["files"], pulled["bytes"], pulled["resumed"]) == (len(FILES), size, 0)
    assert content(tmp_path / "out") == FILES
    assert (tmp_path / "out/bird").is_dir()
    (tmp_path / "out/cat/1.jpg").unlink()
    assert pull(f"{address}/", tmp_path / "out").resumed == len(FILES) - 1
    assert content(tmp_path / "out") == FILES


def test_a_changed_file_replaces_its_object(folder: Path, address: str, tmp_path: Path) -> None:
    push(folder, address)
    (folder / "cat/1.jpg").write_bytes(b"ONE")
    result = push(folder, address)
    assert (result.resumed, result.replaced) == (len(FILES) - 1, 1)
    pull(address, tmp_path / "out")
    assert (tmp_path / "out/cat/1.jpg").read_bytes() == b"ONE"


@pytest.mark.parametrize("pack", [False, True])
def test_a_file_with_other_content_is_never_replaced(pack: bool, folder: Path, address: str, tmp_path: Path) -> None:
    push(folder, address, pack=pack)
    (tmp_path / "out/cat").mkdir(parents=True)
    (tmp_path / "out/cat/1.jpg").write_bytes(b"mine")
    with pytest.raises(UsageError, match=r"1\.jpg exists with other content") as raised:
        pull(address, tmp_path / "out")
    assert "another folder" in raised.value.hint
    assert (tmp_path / "out/cat/1.jpg").read_bytes() == b"mine"


def test_a_file_is_an_object(folder: Path, address: str, tmp_path: Path) -> None:
    assert push(folder / "labels.csv", f"{address}/").address == f"{address}/labels.csv"
    assert push(folder / "labels.csv", f"{address}/list.csv").address == f"{address}/list.csv"
    pull(f"{address}/list.csv", tmp_path / "out")
    assert content(tmp_path / "out") == {"list.csv": b"path,label\n"}


@pytest.mark.parametrize("pack", [False, True])
def test_shards_and_files_do_not_contradict_each_other(pack: bool, folder: Path, address: str) -> None:
    push(folder, address, pack=pack)
    with pytest.raises(UsageError, match="would contradict"):
        push(folder, address, pack=not pack)


def test_links_are_followed_once(folder: Path, address: str, tmp_path: Path) -> None:
    (folder / "link.jpg").symlink_to(folder / "cat/1.jpg")
    (tmp_path / "more").mkdir()
    (tmp_path / "more/3.jpg").write_bytes(b"three")
    (folder / "more").symlink_to(tmp_path / "more")
    push(folder, address)
    pull(address, tmp_path / "out")
    assert content(tmp_path / "out") == FILES | {"link.jpg": b"one", "more/3.jpg": b"three"}
    (folder / "loop").symlink_to(folder)
    with pytest.raises(UsageError, match="loop leads to a folder that is copied already"):
        push(folder, address)


def test_what_no_bucket_can_hold_is_named_before_anything_is_copied(folder: Path, address: str, tmp_path: Path) -> None:
    (folder / "zz").symlink_to(tmp_path / "nowhere")
    with pytest.raises(UsageError, match="zz is a link to nothing"):
        push(folder, address)
    (folder / "zz").unlink()
    os.mkfifo(folder / "zz")
    with pytest.raises(UsageError, match="zz is not a file"):
        push(folder, address)
    with pytest.raises(CatalogError, match="There is nothing at"):
        pull(address, tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(("name", "problem"), [("none", "does not exist"), ("bird", "is empty")])
def test_what_cannot_be_pushed_is_named(name: str, problem: str, folder: Path, address: str) -> None:
    with pytest.raises(UsageError, match=problem):
        push(folder / name, address)


def test_an_address_must_be_one(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is not an address in a bucket"):
        push(folder, "photos")
    with pytest.raises(UsageError, match="is not an address in a bucket"):
        pull(str(folder), tmp_path / "out")
