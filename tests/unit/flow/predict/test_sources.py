"""Inputs become one source, whose items are at their paths."""

import os
import zipfile
from pathlib import Path

import pytest

from discern.catalog import Source
from discern.catalog.path_text import to_name
from discern.errors import CatalogError, EmptyFile, PictureError, UnreadableFile, UsageError
from discern.flow.predict.sources import open_inputs
from discern.picture import Limits
from tests.unit.flow.predict.standard_input import standard_input


@pytest.fixture
def home(tmp_path: Path) -> Path:
    for name in ("a/1.jpg", "a/deep/2.jpg", "b/3.jpg", "4.jpg"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    with zipfile.ZipFile(tmp_path / "b" / "c.zip", "w") as archive:
        archive.writestr("5.jpg", "5")
    (tmp_path / "list.csv").write_text(f"path\na/1.jpg\n{tmp_path}/b/3.jpg\n")
    return tmp_path


def opened(*inputs: str | Path) -> Source:
    return open_inputs([str(each) for each in inputs], Limits())


def contents(source: Source) -> dict[str, str]:
    """Content or error code of each item, by path; checked against the file at that path."""
    found = {}
    for item in source.items():
        try:
            data = item.load()
        except PictureError as error:
            found[item.path] = error.code
            continue
        file = Path(os.path.join(source.root, to_name(item.path)))  # noqa: PTH118 - as in the output
        assert "!/" in item.path or file.read_bytes() == data
        found[item.path] = data.decode()
    return found


def test_a_single_folder_list_or_archive_is_read_as_train_reads_it(home: Path) -> None:
    assert contents(opened(home / "a")) == {"1.jpg": "a/1.jpg", "deep/2.jpg": "a/deep/2.jpg"}
    assert list(contents(opened(home / "list.csv")).values()) == ["a/1.jpg", "b/3.jpg"]
    assert contents(opened(home / "b" / "c.zip")) == {"c.zip!/5.jpg": "5"}


def test_a_single_archive_may_have_any_name(home: Path) -> None:
    (home / "b" / "c.zip").rename(home / "pictures.bin")
    assert contents(opened(home / "pictures.bin")) == {"pictures.bin!/5.jpg": "5"}


def test_a_single_picture_is_a_source(home: Path) -> None:
    source = opened(home / "4.jpg")
    assert (source.root, source.total, contents(source)) == (home, 1, {"4.jpg": "4.jpg"})


def test_several_inputs_come_one_after_the_other(home: Path) -> None:
    source = opened(home / "4.jpg", home / "a" / "deep", home / "b" / "c.zip", home / "list.csv", home / "b" / "3.jpg")
    assert list(contents(source).items()) == [
        ("4.jpg", "4.jpg"),
        ("a/deep/2.jpg", "a/deep/2.jpg"),
        ("b/c.zip!/5.jpg", "5"),
        ("a/1.jpg", "a/1.jpg"),
        (f"{home}/b/3.jpg", "b/3.jpg"),
        ("b/3.jpg", "b/3.jpg"),
    ]


def test_the_total_is_known_if_that_of_each_is(home: Path) -> None:
    assert opened(home / "4.jpg", home / "a").total == 3
    assert opened(home / "4.jpg", home / "b").total is None


def test_patterns_find_files_and_folders(home: Path) -> None:
    assert list(contents(opened(home / "[a4]*"))) == ["4.jpg", "a/1.jpg", "a/deep/2.jpg"]


def test_standard_input_is_a_list_or_a_picture(home: Path) -> None:
    with standard_input(f"{home}/b/3.jpg\n{home}/a/1.jpg\n".encode()):
        assert list(contents(opened("-"))) == ["b/3.jpg", "a/1.jpg"]
    with standard_input(b"\0\0"):
        assert [(item.path, item.load()) for item in opened("-").items()] == [("-", b"\0\0")]


def test_a_name_that_is_not_utf_8_is_found(home: Path) -> None:
    (home / "caf\udce9.jpg").write_text("odd")
    assert list(contents(opened(home / "4.jpg", home / "caf\udce9.jpg")).values()) == ["4.jpg", "odd"]


def test_a_missing_file_among_several_is_a_row_with_an_error(home: Path) -> None:
    (home / "empty.jpg").touch()
    expected = {"4.jpg": "4.jpg", "none.jpg": UnreadableFile.code, "empty.jpg": EmptyFile.code}
    assert contents(opened(home / "4.jpg", home / "none.jpg", home / "empty.jpg")) == expected


def test_a_single_missing_file_is_refused(home: Path) -> None:
    with pytest.raises(CatalogError, match="does not exist"):
        opened(home / "none.jpg")


def test_empty_standard_input_is_refused() -> None:
    with standard_input(b"\n"), pytest.raises(UsageError, match="no picture"):
        opened("-")


def test_labels_of_a_list_are_ignored(home: Path) -> None:
    (home / "list.csv").write_text("path,label,split\na/1.jpg,ripe,train\na/1.jpg,green,test\n4.jpg,ripe,\n")
    assert list(contents(opened(home / "list.csv"))) == ["a/1.jpg", "4.jpg"]
    assert list(contents(opened(home / "list.csv", home / "b" / "3.jpg"))) == ["a/1.jpg", "4.jpg", "b/3.jpg"]
