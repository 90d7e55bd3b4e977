"""Inputs: paths, patterns and standard input; anything else is refused."""

from pathlib import Path

import pytest

from discern.errors import UsageError
from discern.flow.predict.inputs import require_inputs, resolve_inputs
from tests.unit.flow.predict.standard_input import standard_input


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("b.jpg", "a.jpg", "a[1].jpg"):
        (tmp_path / name).touch()
    return tmp_path


def test_a_pattern_expands_to_its_matches_in_order(folder: Path) -> None:
    assert list(resolve_inputs([f"{folder}/?.jpg"])) == [f"{folder}/a.jpg", f"{folder}/b.jpg"]


def test_an_existing_name_is_taken_literally(folder: Path) -> None:
    assert list(resolve_inputs([f"{folder}/a[1].jpg"])) == [f"{folder}/a[1].jpg"]


@pytest.mark.parametrize("path", ["none.jpg", "none*.jpg", "\0"])
def test_a_missing_path_is_kept(path: str) -> None:
    assert list(resolve_inputs([path])) == [path]


def test_standard_input_may_be_paths_patterns_or_a_picture(folder: Path) -> None:
    with standard_input(f"none.jpg\n\n{folder}/?.jpg\n".encode()):
        assert list(resolve_inputs(["-"])) == ["none.jpg", f"{folder}/a.jpg", f"{folder}/b.jpg"]
    with standard_input(b"\x89PNG\r\n\x1a\n\0"):
        assert list(resolve_inputs(["-"])) == [b"\x89PNG\r\n\x1a\n\0"]


@pytest.mark.parametrize(
    ("paths", "why"),
    [
        ([], "no picture to predict"),
        (["a.jpg", ""], "Invalid path: ''"),
        (["https://shop.example/a.jpg"], "https://shop.example/a.jpg is a URL"),
        (["a.jpg", "s3://bucket/a.jpg"], "s3://bucket/a.jpg is a URL"),
    ],
)
def test_inputs_that_are_not_paths_are_refused(paths: list[str], why: str) -> None:
    with pytest.raises(UsageError, match=why) as raised:
        require_inputs(paths)
    assert raised.value.hint


def test_a_piped_url_is_refused_as_well() -> None:
    with standard_input(b"a.jpg\nhttps://shop.example/a.jpg\n"), pytest.raises(UsageError, match="is a URL"):
        list(resolve_inputs(["-"]))


def test_a_drive_is_not_a_url() -> None:
    assert require_inputs(["C:/photos", Path("a.jpg")]) == ["C:/photos", "a.jpg"]
