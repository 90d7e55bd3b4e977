"""Paths as given by users."""

import os
from pathlib import Path

import pytest

from discern.errors import UsageError
from discern.flow.paths import cache_folder, is_file, is_folder, resolve_path
from discern.store import default_folder


def test_a_relative_path_starts_at_the_current_folder() -> None:
    assert resolve_path("photos") == Path.cwd() / "photos"
    assert resolve_path(Path("photos/../more")) == Path.cwd() / "more"


def test_the_home_folder_is_expanded() -> None:
    assert resolve_path("~/photos") == Path.home() / "photos"


def test_an_unknown_user_s_home_is_a_name() -> None:
    assert resolve_path("~nobody-of-that-name/photos") == Path.cwd() / "~nobody-of-that-name/photos"


@pytest.mark.parametrize("given", ["", "a\0b", Path("\0")])
def test_an_invalid_path_is_refused(given: str | Path) -> None:
    with pytest.raises(UsageError, match="Invalid path"):
        resolve_path(given)


def test_a_dot_is_the_current_folder() -> None:
    assert resolve_path(".") == resolve_path(Path()) == Path.cwd()


def test_the_cache_is_the_users_unless_another_is_named(tmp_path: Path) -> None:
    assert cache_folder(None) == default_folder()
    assert cache_folder(str(tmp_path)) == cache_folder(tmp_path) == tmp_path


@pytest.mark.parametrize(("name", "expected"), [("", True), ("file", False), ("gone", False), ("x" * 5000, False)])
def test_a_folder_is_recognised(tmp_path: Path, name: str, expected: bool) -> None:
    (tmp_path / "file").write_text("")
    assert is_folder(tmp_path / name) == expected
    assert is_folder(tmp_path / "file" / "below") is False
    assert os.listdir(tmp_path) == ["file"]  # noqa: PTH208 - names only


@pytest.mark.parametrize("value", [None, 7, b"photos", ["photos"]])
def test_another_type_is_not_a_path(value: object) -> None:
    with pytest.raises(UsageError, match=f"not {type(value).__name__}"):
        resolve_path(value)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "path", ["https://shop.example/photos.zip", Path("https://shop.example/photos.zip"), "s3://a/b"]
)
def test_a_url_is_not_a_path(path: str | Path) -> None:
    with pytest.raises(UsageError, match="is a URL, not a path") as raised:
        resolve_path(path)
    assert "Download" in raised.value.hint


def test_the_content_of_a_file_is_not_a_path() -> None:
    with pytest.raises(UsageError, match=r"is not a path: File name too long \(50,000 characters\)") as raised:
        resolve_path("word " * 10_000)
    assert len(str(raised.value)) < 400


def test_a_path_that_cannot_be_looked_up_is_no_file_and_no_folder() -> None:
    assert not is_file(Path("x" * 3000))
    assert not is_folder(Path("x" * 3000))
