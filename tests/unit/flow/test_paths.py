"""Paths as people give them."""

import os
from pathlib import Path

import pytest

from discern.errors import UsageError
from discern.flow.paths import cache_folder, is_folder, resolve_path
from discern.store import default_folder


def test_a_relative_path_begins_here() -> None:
    assert resolve_path("photos") == Path.cwd() / "photos"
    assert resolve_path(Path("photos/../more")) == Path.cwd() / "more"


def test_the_home_folder_is_understood() -> None:
    assert resolve_path("~/photos") == Path.home() / "photos"


def test_a_home_that_nobody_has_is_a_name() -> None:
    assert resolve_path("~nobody-of-that-name/photos") == Path.cwd() / "~nobody-of-that-name/photos"


@pytest.mark.parametrize("given", ["", "a\0b", Path("\0")])
def test_what_is_no_path_is_refused(given: str | Path) -> None:
    with pytest.raises(UsageError, match="is no path"):
        resolve_path(given)


def test_this_folder_may_be_meant_by_a_dot() -> None:
    assert resolve_path(".") == resolve_path(Path()) == Path.cwd()


def test_the_cache_is_the_users_unless_another_is_named(tmp_path: Path) -> None:
    assert cache_folder(None) == default_folder()
    assert cache_folder(str(tmp_path)) == cache_folder(tmp_path) == tmp_path


@pytest.mark.parametrize(("name", "said"), [("", True), ("file", False), ("gone", False), ("x" * 5000, False)])
def test_a_folder_is_told(tmp_path: Path, name: str, said: bool) -> None:
    (tmp_path / "file").write_text("")
    assert is_folder(tmp_path / name) == said
    assert is_folder(tmp_path / "file" / "below") is False
    assert os.listdir(tmp_path) == ["file"]  # noqa: PTH208 - names only
