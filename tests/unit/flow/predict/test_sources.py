"""Whatever is named becomes one source, whose items lie where their paths say."""

import os
import zipfile
from pathlib import Path

import pytest

from discern.catalog import Source
from discern.catalog.path_text import to_name
from discern.errors import CatalogError, EmptyFile, PictureError, UnreadableFile, UsageError
from discern.flow.predict.sources import open_inputs
from discern.picture import Limits
from tests.unit.flow.predict.test_predict import standard_input


@pytest.fixture
def home(tmp_path: Path) -> Path:
    for name in ("a/1.jpg", "a/deep/2.jpg", "b/3.jpg", "4.jpg"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    with zipfile.ZipFile(tmp_path / "b" / "c.zip", "w") as archive:
        archive.writestr("5.jpg", "5")
    (tmp_path / "list.csv").write_text(f"path\na/1.jpg\n{tmp_path}/b/3.jpg\n")
    return tmp_path


def opened(*words: str | Path) -> Source:
    return open_inputs([str(word) for word in words], Limits())


def held(source: Source) -> dict[str, str]:
    """What each path gives; where it is a file, what lies there is the same."""
    found = {}
    for item in source.items():
        try:
            data = item.load()
        except PictureError as error:
            found[item.path] = error.code
            continue
        place = Path(os.path.join(source.root, to_name(item.path)))  # noqa: PTH118 - as the answers do
        assert "!/" in item.path or place.read_bytes() == data
        found[item.path] = data.decode()
    return found


def test_a_single_folder_list_or_archive_is_read_as_train_reads_it(home: Path) -> None:
    assert held(opened(home / "a")) == {"1.jpg": "a/1.jpg", "deep/2.jpg": "a/deep/2.jpg"}
    assert list(held(opened(home / "list.csv")).values()) == ["a/1.jpg", "b/3.jpg"]
    assert held(opened(home / "b" / "c.zip")) == {"c.zip!/5.jpg": "5"}


def test_an_archive_alone_may_be_called_anything(home: Path) -> None:
    (home / "b" / "c.zip").rename(home / "pictures.bin")
    assert held(opened(home / "pictures.bin")) == {"pictures.bin!/5.jpg": "5"}


def test_a_single_picture_is_a_source(home: Path) -> None:
    source = opened(home / "4.jpg")
    assert (source.root, source.total, held(source)) == (home, 1, {"4.jpg": "4.jpg"})


def test_several_things_come_one_after_the_other(home: Path) -> None:
    source = opened(home / "4.jpg", home / "a" / "deep", home / "b" / "c.zip", home / "list.csv", home / "b" / "3.jpg")
    assert list(held(source).items()) == [
        ("4.jpg", "4.jpg"),
        ("a/deep/2.jpg", "a/deep/2.jpg"),
        ("b/c.zip!/5.jpg", "5"),
        ("a/1.jpg", "a/1.jpg"),
        (f"{home}/b/3.jpg", "b/3.jpg"),
        ("b/3.jpg", "b/3.jpg"),
    ]


def test_the_number_is_known_where_that_of_each_is(home: Path) -> None:
    assert opened(home / "4.jpg", home / "a").total == 3
    assert opened(home / "4.jpg", home / "b").total is None


def test_patterns_find_files_and_folders(home: Path) -> None:
    assert list(held(opened(home / "[a4]*"))) == ["4.jpg", "a/1.jpg", "a/deep/2.jpg"]


def test_what_is_piped_is_a_list_or_a_picture(home: Path) -> None:
    with standard_input(f"{home}/b/3.jpg\n{home}/a/1.jpg\n".encode()):
        assert list(held(opened("-"))) == ["b/3.jpg", "a/1.jpg"]
    with standard_input(b"\0\0"):
        assert [(item.path, item.load()) for item in opened("-").items()] == [("-", b"\0\0")]


def test_a_name_of_odd_bytes_is_found_again(home: Path) -> None:
    (home / "caf\udce9.jpg").write_text("odd")
    assert list(held(opened(home / "4.jpg", home / "caf\udce9.jpg")).values()) == ["4.jpg", "odd"]


def test_of_several_one_that_is_not_there_is_a_row_with_a_reason(home: Path) -> None:
    (home / "empty.jpg").touch()
    expected = {"4.jpg": "4.jpg", "none.jpg": UnreadableFile.code, "empty.jpg": EmptyFile.code}
    assert held(opened(home / "4.jpg", home / "none.jpg", home / "empty.jpg")) == expected


def test_a_single_one_that_is_not_there_is_refused(home: Path) -> None:
    with pytest.raises(CatalogError, match="does not exist"):
        opened(home / "none.jpg")


def test_nothing_piped_is_refused() -> None:
    with standard_input(b"\n"), pytest.raises(UsageError, match="no picture"):
        opened("-")


def test_labels_of_a_list_do_not_matter(home: Path) -> None:
    (home / "list.csv").write_text("path,label,split\na/1.jpg,ripe,train\na/1.jpg,green,test\n4.jpg,ripe,\n")
    assert list(held(opened(home / "list.csv"))) == ["a/1.jpg", "4.jpg"]
    assert list(held(opened(home / "list.csv", home / "b" / "3.jpg"))) == ["a/1.jpg", "4.jpg", "b/3.jpg"]
