"""Bins are collected by a list or by their metadata, from a copy or from a bucket."""

from pathlib import Path

import pytest

from discern.collecting.collected_record import CollectedRecord
from discern.collecting.collection import count_left_out, open_collection
from discern.collecting.datasets.collect_bins import BinOrigin, collect_bins
from discern.collecting.datasets.copy_pictures import PictureChoice
from discern.errors import CatalogError, UsageError
from tests.unit.collecting.datasets.original_forms import bin_files, file_list, write_bins
from tests.unit.collecting.downloads.web_server import WebServer, web_server

ALL = PictureChoice()
TWO = PictureChoice(classes=("1", "2"), per_class=1)


def collect(out: Path, choice: PictureChoice = ALL, **origin: object) -> list[CollectedRecord]:
    with open_collection(out) as collection:
        return collect_bins(collection, BinOrigin(**origin), choice)


def kept(records: list[CollectedRecord]) -> list[tuple[str, str]]:
    return sorted((record.label, each.file) for record in records for each in record.pictures)


@pytest.fixture
def listing(tmp_path: Path) -> Path:
    path = tmp_path / "file_list.json"
    path.write_text(file_list())
    return path


def serve_bucket(server: WebServer, *, per_page: int = 3) -> str:
    """Let a server list the metadata in pages, as S3 does."""
    files = bin_files()
    server.files |= files
    keys = [name for name in files if name.startswith("metadata/")]
    for start in range(0, len(keys), per_page):
        following = f"<NextContinuationToken>t/{start + per_page}&amp;x</NextContinuationToken>"
        page = "".join(f"<Key>{key}</Key>" for key in keys[start : start + per_page])
        server.files[f"page {start}"] = f"<R>{page}{following if start + per_page < len(keys) else ''}</R>".encode()
    return server.url("")


def test_a_list_and_a_copy(tmp_path: Path, listing: Path) -> None:
    bins = write_bins(tmp_path / "bins")
    (bins / "bin-images/00005.jpg").unlink()
    records = collect(tmp_path / "out", listing=listing, path=bins)
    assert len(kept(records)) == 7
    assert count_left_out(records) == {"unreadable_file": 1}
    assert kept(collect(tmp_path / "two", TWO, listing=listing, path=bins)) == [
        ("1", "1/00000.jpg"), ("2", "2/00001.jpg")
    ]  # fmt: skip


def test_the_metadata_of_a_copy(tmp_path: Path) -> None:
    records = collect(tmp_path / "out", PictureChoice(classes=("1", "3")), path=write_bins(tmp_path / "bins"))
    assert [label for label, _ in kept(records)] == ["1", "1", "3", "3"]
    assert count_left_out(records) == {"class_not_chosen": 4}


def test_a_list_and_a_mirror(tmp_path: Path, listing: Path) -> None:
    with web_server("127.0.0.1") as server:
        server.files |= bin_files()
        origin = {"listing": listing, "address": server.url("/files"), "allow_hosts": ("127.0.0.1",)}
        records = collect(tmp_path / "out", PictureChoice(per_class=1), **origin)
    assert [label for label, _ in kept(records)] == ["1", "2", "3", "4"]


def test_the_metadata_of_a_bucket(tmp_path: Path) -> None:
    with web_server("127.0.0.1") as server:
        origin = {"address": serve_bucket(server), "allow_hosts": ("127.0.0.1",)}
        server.files["metadata/00000.json"] = b"not JSON"
        records = collect(tmp_path / "out", TWO, **origin)
    # In the order of the labels, as downloads end in any order.
    assert sorted((record.label, record.source.rpartition("/")[2]) for record in records if record.pictures) == [
        ("1", "00004.jpg"), ("2", "00001.jpg")
    ]  # fmt: skip
    assert count_left_out(records) == {"no_metadata": 1}


def test_what_is_missing_is_named(tmp_path: Path, listing: Path) -> None:
    with pytest.raises(UsageError, match="half a million"):
        collect(tmp_path / "out")
    with pytest.raises(UsageError, match="no class '9'"):
        collect(tmp_path / "out", PictureChoice(classes=("9",)), listing=listing)
    with pytest.raises(CatalogError, match="no folder of bins"):
        collect(tmp_path / "out", path=tmp_path / "none")
    with web_server("127.0.0.1") as server, pytest.raises(CatalogError, match="cannot be listed") as caught:
        collect(tmp_path / "out", TWO, address=server.url("/missing"), allow_hosts=("127.0.0.1",))
    assert "aws s3 cp --no-sign-request" in caught.value.hint
