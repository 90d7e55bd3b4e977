"""Inputs: paths, patterns and standard input; anything else is refused."""

import io
from pathlib import Path

import pytest

from discern.errors import UsageError
from discern.flow.predict.inputs import require_inputs, resolve_inputs
from discern.picture import Limits
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


class Endless(io.RawIOBase):
    """A stream that repeats the same bytes and never ends."""

    def __init__(self, repeated: bytes) -> None:
        self.repeated, self.count = repeated, 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray) -> int:
        view = memoryview(buffer).cast("B")
        times = max(1, len(view) // len(self.repeated))
        data = (self.repeated * times)[: len(view)]
        view[: len(data)] = data
        self.count += len(data)
        return len(data)


class Broken(io.RawIOBase):
    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray) -> int:
        raise IsADirectoryError(21, "Is a directory")


class Terminal(io.BytesIO):
    def isatty(self) -> bool:
        return True


class TestLimits:
    @pytest.mark.parametrize("repeated", [b"\0", b"\x89PNG\r\n\x1a\n\0"])
    def test_of_an_endless_picture_one_byte_too_many_is_read(self, repeated: bytes) -> None:
        stream = Endless(repeated)
        with standard_input(io.BufferedReader(stream)):
            (picture,) = resolve_inputs(["-"], Limits(max_bytes=1_000_000))
        assert len(picture) == 1_000_001
        assert stream.count < 1_100_000

    def test_a_list_may_be_longer_than_a_picture(self) -> None:
        with standard_input(b"a.jpg\n" * 1_000):
            assert len(list(resolve_inputs(["-"], Limits(max_bytes=100)))) == 1_000

    def test_an_endless_list_is_refused(self) -> None:
        stream = Endless(b"photos/a.jpg\n")
        with standard_input(io.BufferedReader(stream)), pytest.raises(UsageError, match="more than 256 MiB"):
            list(resolve_inputs(["-"]))
        assert stream.count < 257 << 20

    def test_a_terminal_is_told_what_is_expected(self) -> None:
        with standard_input(Terminal(b"a.jpg\n")), pytest.raises(UsageError, match="is a terminal") as raised:
            list(resolve_inputs(["-"]))
        assert "Pipe a picture" in raised.value.hint

    def test_a_stream_that_cannot_be_read_is_refused(self) -> None:
        stream = io.BufferedReader(Broken())
        with standard_input(stream), pytest.raises(UsageError, match="Standard input cannot be read: Is a directory"):
            list(resolve_inputs(["-"]))


def test_a_drive_is_not_a_url() -> None:
    assert require_inputs(["C:/photos", Path("a.jpg")]) == ["C:/photos", "a.jpg"]
