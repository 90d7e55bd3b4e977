"""Inputs: paths, patterns and standard input; anything else is refused."""

import io
import os
from pathlib import Path

import numpy as np
import polars as pl
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
        (["a.jpg", "gs://bucket/a.jpg"], "gs://bucket/a.jpg is a URL"),
        ([Path("https://shop.example/a.jpg")], "https://shop.example/a.jpg is a URL"),
        (["file://server/photos/a.jpg"], "is a URL, not a path"),
        ([Path(os.__file__).anchor], "root of the system's drive"),
        (Path(os.__file__).anchor, "root of the system's drive"),
        (None, "not NoneType"),
        (7, "not int"),
        (b"content", "not bytes"),
        ([b"content"], "not bytes"),
        ([None], "not NoneType"),
        (["a.jpg", float("nan")], "not float"),
        (io.BytesIO(b"content"), "not BytesIO"),
        (np.zeros((4, 4, 3), np.uint8), "not ndarray"),
        ({"a.jpg": 1}, "not a dict"),
        (pl.DataFrame({"path": ["a.jpg"]}), "not a DataFrame"),
    ],
)
def test_inputs_that_are_not_paths_are_refused(paths: object, why: str) -> None:
    with pytest.raises(UsageError, match=why) as raised:
        require_inputs(paths)
    assert raised.value.hint


@pytest.mark.parametrize("one", ["photos/a.jpg", Path("photos/a.jpg"), Path("~/a.jpg")])
def test_one_path_is_never_its_letters(one: str | Path) -> None:
    assert require_inputs(one) == [str(one)]


@pytest.mark.parametrize(
    "several",
    [("a", "b"), (name for name in "ab"), {"a": 1, "b": 2}.keys(), np.array(["a", "b"]), pl.Series(["a", "b"])],
)
def test_paths_may_be_in_any_collection(several: object) -> None:
    assert require_inputs(several) == ["a", "b"]


def test_a_message_repeats_only_the_beginning_and_the_end() -> None:
    with pytest.raises(UsageError, match="is a URL") as raised:
        require_inputs("https://shop.example/" + "x" * 30_000)
    assert len(str(raised.value)) < 400


def test_a_pattern_passes_over_what_systems_leave_behind(folder: Path) -> None:
    (folder / "__MACOSX").mkdir()
    for name in ("Thumbs.db", "desktop.ini", ".hidden.jpg", "__MACOSX/a.jpg"):
        (folder / name).touch()
    found = [f"{folder}/a.jpg", f"{folder}/a[1].jpg", f"{folder}/b.jpg"]
    assert list(resolve_inputs([f"{folder}/*"])) == found
    assert list(resolve_inputs([f"{folder}/**/*.*"])) == found
    assert list(resolve_inputs([f"{folder}/__MACOSX/*"])) == [f"{folder}/__MACOSX/a.jpg"]
    assert list(resolve_inputs([f"{folder}/Thumbs.db"])) == [f"{folder}/Thumbs.db"]


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
