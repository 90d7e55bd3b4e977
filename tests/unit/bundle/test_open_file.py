"""Open files: read from their position to their end, within the limit, or a clear error."""

import io
import os
import tempfile
from pathlib import Path
from typing import Any

import pytest

from discern.bundle.open_file import is_open_file, read_open_file
from discern.errors import DiscernError, EmptyFile, PictureTooLarge, UnreadableFile, UsageError
from discern.picture import Limits

DATA = bytes(range(256)) * 20
SMALL = Limits(max_bytes=1000)


class Upload:
    """An upload of a web framework, which gives the content in pieces of any size."""

    filename = "new.jpg"

    def __init__(self, *pieces: object) -> None:
        self.pieces, self.asked = list(pieces), 0

    def read(self, size: int) -> Any:
        self.asked += size
        return self.pieces.pop(0) if self.pieces else b""


class AsyncUpload(Upload):
    async def read(self, size: int) -> Any:  # type: ignore[override]
        return super().read(size)


class LateAsyncUpload(Upload):
    def read(self, size: int) -> Any:
        return AsyncUpload().read(size)


class Failing:
    def read(self, size: int) -> bytes:
        raise ConnectionResetError(104, "Connection reset by peer")


class Whole:
    def read(self) -> bytes:
        return DATA


class Endless:
    asked = 0

    def read(self, size: int) -> bytes:
        self.asked += size
        return b"\0" * size


def test_files_and_buffers_are_read_to_their_end(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(DATA)
    with (
        path.open("rb") as buffered,
        path.open("rb", buffering=0) as raw,
        tempfile.SpooledTemporaryFile() as spooled,
    ):
        spooled.write(DATA)
        spooled.seek(0)
        for file in (buffered, raw, spooled, io.BytesIO(DATA), Upload(DATA[:7], bytearray(DATA[7:9]), DATA[9:])):
            assert is_open_file(file)
            assert read_open_file(file, Limits()) == DATA


def test_reading_starts_at_the_current_position() -> None:
    file = io.BytesIO(DATA)
    file.seek(100)
    assert read_open_file(file, Limits()) == DATA[100:]
    with pytest.raises(EmptyFile, match="BytesIO has nothing left to read") as raised:
        read_open_file(file, Limits())
    assert ".seek(0)" in raised.value.hint


def test_of_an_endless_file_one_byte_too_many_is_read() -> None:
    file = Endless()
    with pytest.raises(PictureTooLarge, match="more than 1,000 bytes"):
        read_open_file(file, SMALL)
    assert file.asked == 1001
    assert read_open_file(io.BytesIO(DATA[:1000]), SMALL) == DATA[:1000]


def closed() -> io.BytesIO:
    file = io.BytesIO(DATA)
    file.close()
    return file


def for_writing() -> Any:
    return open(os.devnull, "wb")  # noqa: PTH123


REFUSED: list[tuple[Any, type[DiscernError], str, str]] = [
    (lambda: io.StringIO("x"), UsageError, "StringIO is open in text mode", '"rb"'),
    (lambda: Upload("text"), UsageError, "'new.jpg' returns str, not bytes", '"rb"'),
    (lambda: Upload(7), UsageError, "returns int", "bytes"),
    (closed, UsageError, "is closed", "while it is open"),
    (for_writing, UsageError, "not open for reading", "bytes"),
    (Whole, UsageError, "cannot be read", "Pass its content as bytes"),
    (AsyncUpload, UsageError, "asynchronous", "await file.read()"),
    (LateAsyncUpload, UsageError, "asynchronous", "await file.read()"),
    (lambda: Upload(None), UnreadableFile, "no data yet", "bytes"),
    (Failing, UnreadableFile, "Failing cannot be read: Connection reset by peer", "Open it again"),
]


@pytest.mark.parametrize(("make", "kind", "reason", "remedy"), REFUSED)
def test_other_files_are_refused_with_a_remedy(make: Any, kind: type[DiscernError], reason: str, remedy: str) -> None:
    file = make()
    with pytest.raises(kind, match=reason) as raised:
        read_open_file(file, Limits())
    assert remedy in raised.value.hint
    getattr(file, "close", lambda: None)()


@pytest.mark.parametrize("value", [b"", "a.jpg", Path("a.jpg"), 7, Upload])
def test_other_values_are_not_open_files(value: object) -> None:
    assert not is_open_file(value)
