from collections.abc import Mapping
from pathlib import Path

import pytest

from discern.catalog.formats.archive_source import ArchiveSource
from discern.catalog.formats.folder_source import FolderSource
from discern.catalog.formats.listing.listing_source import ListingSource
from discern.catalog.formats.source import item_from_bytes, unreadable_item
from discern.catalog.testing import SourceContract
from discern.errors import EmptyFile, UnreadableFile
from discern.picture import Limits
from tests.unit.catalog.factories import write_files, write_tar, write_zip


def test_bytes_are_in_memory():
    item = item_from_bytes("a.zip!/b", b"123", archive="a.zip")
    assert (item.load(), item.in_memory, item.archive) == (b"123", 3, "a.zip")


def test_the_error_is_raised_each_time():
    item = unreadable_item("a", EmptyFile("nothing"))
    for _ in range(2):
        with pytest.raises(EmptyFile, match="nothing"):
            item.load()


class TestFolder(SourceContract):
    def source(self, folder: Path, files: Mapping[str, bytes]) -> FolderSource:
        return FolderSource(write_files(folder / "in", files), limits=Limits())


class TestFolderWithArchives(SourceContract):
    def source(self, folder: Path, files: Mapping[str, bytes]) -> FolderSource:
        (folder / "in").mkdir()
        write_zip(folder / "in" / "a.zip", dict(list(files.items())[:2]))
        write_files(folder / "in", dict(list(files.items())[2:]))
        return FolderSource(folder / "in", limits=Limits())


class TestZip(SourceContract):
    def source(self, folder: Path, files: Mapping[str, bytes]) -> ArchiveSource:
        return ArchiveSource(write_zip(folder / "a.zip", files), limits=Limits())


class TestTar(SourceContract):
    def source(self, folder: Path, files: Mapping[str, bytes]) -> ArchiveSource:
        return ArchiveSource(write_tar(folder / "a.tar.gz", files), limits=Limits())


class TestTable(SourceContract):
    def source(self, folder: Path, files: Mapping[str, bytes]) -> ListingSource:
        write_files(folder / "in", files)
        rows = "\n".join(["path", *(f"in/{name}" for name in files)])
        (folder / "t.csv").write_text(rows, encoding="utf-8")
        return ListingSource(folder / "t.csv", limits=Limits())


class TestLst(SourceContract):
    def source(self, folder: Path, files: Mapping[str, bytes]) -> ListingSource:
        write_files(folder / "train", files)
        rows = "\n".join(f"{at}\t0\t{name}" for at, name in enumerate([*files, "absent.png"]))
        (folder / "train.lst").write_text(rows, encoding="utf-8")
        return ListingSource(folder / "train.lst", limits=Limits())

    def test_yields_every_file_once(self, tmp_path: Path) -> None:
        items = list(self.source(tmp_path, {"a.png": b"a", "b.png": b"b"}).items())
        assert [item.load() for item in items[:2]] == [b"a", b"b"]
        with pytest.raises(UnreadableFile, match="line 3"):
            items[2].load()
