from pathlib import Path

import pytest

from discern.catalog.archives import ArchiveSource
from discern.catalog.folders import FolderSource
from discern.catalog.sources import Source, given, refused
from discern.catalog.tables import TableSource
from discern.errors import EmptyFile
from discern.picture import Limits
from tests.unit.catalog.built import picture, write_files, write_zip


def test_given_bytes_are_held():
    item = given("a.zip!/b", b"123", archive="a.zip")
    assert (item.load(), item.held, item.archive) == (b"123", 3, "a.zip")


def test_a_refusal_says_why_each_time():
    item = refused("a", EmptyFile("nothing"))
    for _ in range(2):
        with pytest.raises(EmptyFile, match="nothing"):
            item.load()


def make(kind: str, folder: Path) -> Source:
    files = {"1.png": picture(1), "2.png": picture(2)}
    write_files(folder / "in", files)
    (folder / "t.csv").write_text("path\nin/1.png\nin/2.png\n")
    write_zip(folder / "a.zip", files)
    return {
        "folder": lambda: FolderSource(folder / "in", limits=Limits()),
        "archive": lambda: ArchiveSource(folder / "a.zip", limits=Limits()),
        "table": lambda: TableSource(folder / "t.csv", limits=Limits()),
    }[kind]()


@pytest.mark.parametrize("kind", ["folder", "archive", "table"])
def test_every_source_keeps_the_contract(folder, kind):
    source = make(kind, folder)
    items = list(source.items())
    assert [item.load() for item in items] == [picture(1), picture(2)]
    assert len({item.path for item in items}) == 2
    assert [item.path for item in source.items()] == [item.path for item in items]
    assert all(not Path(item.path).is_absolute() and "\\" not in item.path for item in items)
    assert source.root.is_dir()
    assert source.layout in ("folders", "archive", "declared")
    assert source.total in (None, 2)
