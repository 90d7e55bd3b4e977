"""Paths as given by users."""

import os
import sys
from pathlib import Path

import pytest

from discern.errors import UsageError
from discern.flow.paths import cache_folder, is_file, is_folder, resolve_output, resolve_path
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
    "path", ["https://shop.example/photos.zip", Path("https://shop.example/photos.zip"), "gs://a/b"]
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


@pytest.mark.parametrize("scheme", ["https", "gs", "hdfs", "kaggle", "abfss", "ftp", "GS", "smb"])
def test_a_url_keeps_its_slashes_in_the_message(scheme: str) -> None:
    url = f"{scheme}://bucket/photos"
    for given in (url, Path(url)):
        with pytest.raises(UsageError) as raised:
            resolve_path(given)
        assert f"{url} is a URL, not a path." in raised.value.message
        assert raised.value.hint


def test_the_hint_has_the_command_that_copies() -> None:
    with pytest.raises(UsageError) as raised:
        resolve_path("gs://bucket/photos")
    assert "`gcloud storage cp --recursive gs://bucket/photos FOLDER`" in raised.value.hint
    with pytest.raises(UsageError) as raised:
        resolve_output("gs://bucket/runs")
    assert raised.value.hint == "Write to a folder of this machine, and copy the result there."
    with pytest.raises(UsageError) as raised:
        resolve_output("s3://bucket/runs")
    assert "`discern push`" in raised.value.hint


@pytest.mark.parametrize("url", ["file://{}", "file:{}", "FILE://localhost{}"])
def test_the_url_of_a_local_file_is_its_path(url: str, tmp_path: Path) -> None:
    for name, written in (("my photos", "my photos"), ("my photos", "my%20photos"), ("50%25", "50%25")):
        (tmp_path / name).mkdir(exist_ok=True)
        assert resolve_path(url.format(f"{tmp_path}/{written}")) == tmp_path / name
    assert resolve_path(Path(f"file://{tmp_path}")) == tmp_path


@pytest.mark.skipif(sys.platform == "win32", reason="these are paths there")
@pytest.mark.parametrize("address", ["\\\\nas\\share\\photos", "C:\\photos"])
def test_a_path_of_windows_is_named(address: str) -> None:
    with pytest.raises(UsageError, match="of Windows, not a path") as raised:
        resolve_path(address)
    assert raised.value.message.startswith(f"{address} is a ")
    assert "Mount" in raised.value.hint


def test_a_folder_whose_name_ends_with_a_colon_is_a_folder() -> None:
    assert resolve_path("scene 1:/a") == Path.cwd() / "scene 1:/a"
