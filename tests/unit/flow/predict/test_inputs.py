"""What people name: paths, patterns and what is piped come out as what they mean; the rest is refused in words."""

from pathlib import Path

import pytest

from discern.errors import UsageError
from discern.flow.predict.inputs import require_inputs, resolve_inputs
from tests.unit.flow.predict.test_predict import standard_input


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("b.jpg", "a.jpg", "a[1].jpg"):
        (tmp_path / name).touch()
    return tmp_path


def test_a_pattern_is_what_it_matches_in_order(folder: Path) -> None:
    assert list(resolve_inputs([f"{folder}/?.jpg"])) == [f"{folder}/a.jpg", f"{folder}/b.jpg"]


def test_a_name_that_is_there_is_no_pattern(folder: Path) -> None:
    assert list(resolve_inputs([f"{folder}/a[1].jpg"])) == [f"{folder}/a[1].jpg"]


@pytest.mark.parametrize("word", ["none.jpg", "none*.jpg", "\0"])
def test_what_is_not_there_stands_for_itself(word: str) -> None:
    assert list(resolve_inputs([word])) == [word]


def test_what_is_piped_may_be_paths_patterns_or_a_picture(folder: Path) -> None:
    with standard_input(f"none.jpg\n\n{folder}/?.jpg\n".encode()):
        assert list(resolve_inputs(["-"])) == ["none.jpg", f"{folder}/a.jpg", f"{folder}/b.jpg"]
    with standard_input(b"\x89PNG\r\n\x1a\n\0"):
        assert list(resolve_inputs(["-"])) == [b"\x89PNG\r\n\x1a\n\0"]


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ([], "no picture to answer"),
        (["a.jpg", ""], "'' is no path"),
        (["https://shop.example/a.jpg"], "https://shop.example/a.jpg is an address"),
        (["a.jpg", "s3://bucket/a.jpg"], "s3://bucket/a.jpg is an address"),
    ],
)
def test_what_names_nothing_here_is_refused(words: list[str], why: str) -> None:
    with pytest.raises(UsageError, match=why) as raised:
        require_inputs(words)
    assert raised.value.hint


def test_a_piped_address_is_refused_as_well() -> None:
    with standard_input(b"a.jpg\nhttps://shop.example/a.jpg\n"), pytest.raises(UsageError, match="is an address"):
        list(resolve_inputs(["-"]))


def test_a_drive_is_no_address() -> None:
    assert require_inputs(["C:/photos", Path("a.jpg")]) == ["C:/photos", "a.jpg"]
