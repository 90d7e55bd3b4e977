"""What a program may hold: each is read as one picture, or is an error that names the remedy."""

import base64
import contextlib
import io
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from PIL import Image

from discern.bundle.picture_input import content_of, each_picture
from discern.errors import DiscernError, EmptyFile, NotAPicture, PictureTooLarge, UnreadableFile, UsageError
from discern.picture import Limits

PIXELS = np.full((40, 40, 3), (200, 30, 20), np.uint8)
FORMS = ("PNG", "JPEG", "WEBP", "GIF", "TIFF", "BMP", "AVIF")


def encoded(form: str = "PNG") -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(PIXELS).save(buffer, form)
    return buffer.getvalue()


class Location:
    """A path of another library."""

    def __init__(self, path: str | bytes) -> None:
        self.path = path

    def __fspath__(self) -> str | bytes:
        return self.path


class Response:
    content = b""


def test_paths_and_buffers_give_their_bytes(tmp_path: Path) -> None:
    path, data = tmp_path / "a.png", encoded()
    path.write_bytes(data)
    buffers = (data, bytearray(data), memoryview(data), io.BytesIO(data))
    for picture in (str(path), path, Location(str(path)), Location(os.fsencode(path)), *buffers):
        assert content_of(picture) == data


def test_images_and_arrays_give_pixels() -> None:
    for picture in (PIXELS, Image.fromarray(PIXELS)):
        assert np.array_equal(content_of(picture), PIXELS)


def test_a_file_object_is_limited_like_a_file(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(bytes(101))
    for picture in (io.BytesIO(bytes(101)), tmp_path / "a.png"):
        with pytest.raises(PictureTooLarge):
            content_of(picture, limits=Limits(max_bytes=100))


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("encode", [base64.b64encode, base64.encodebytes, base64.urlsafe_b64encode])
def test_base64_of_a_picture_is_named_and_not_repeated(form: str, encode: Callable[[bytes], bytes]) -> None:
    text = encode(encoded(form) * 20)
    for picture in (text, text.decode(), io.BytesIO(text), f"data:image/x;base64,{text.decode()}"):
        with pytest.raises(NotAPicture, match=r"base64 text|data URL") as raised:
            content_of(picture)
        assert "base64.b64decode" in raised.value.hint
        assert len(str(raised.value)) < 300


def test_a_file_may_have_a_name_like_base64(tmp_path: Path) -> None:
    folder = tmp_path / "iVBORw0KGgoAAAANSUhEUgAA"
    folder.mkdir()
    (folder / "a").write_bytes(b"x")
    with contextlib.chdir(tmp_path):
        assert content_of("iVBORw0KGgoAAAANSUhEUgAA/a") == b"x"


@pytest.mark.parametrize(
    ("picture", "kind", "reason"),
    [
        ("https://shop.example/a.jpg", UsageError, "https://shop.example/a.jpg is a URL, and `predict` does not"),
        (Path("https://shop.example/a.jpg"), UsageError, "https://shop.example/a.jpg is a URL"),
        ("s3://bucket/a.jpg", UsageError, "is a URL"),
        ("file://server/a.jpg", UsageError, "is a URL, not a path"),
        ("file:///nowhere/a.jpg", UnreadableFile, "nowhere/a.jpg"),
        ("none.jpg", UnreadableFile, "none.jpg cannot be opened: no such file"),
        ("", UnreadableFile, "path of the picture is empty"),
        ("\0", UnreadableFile, "null"),
        ("x" * 3000, UnreadableFile, "name too long"),
        ("word " * 6000, UnreadableFile, r"is not a path: File name too long \(30,000 characters\)"),
        ("http://a.example/" + "y" * 30_000, UsageError, "is a URL"),
        (b"", None, ""),
        (io.BytesIO(), EmptyFile, "nothing left to read"),
        (None, UsageError, "not NoneType"),
        (7, UsageError, "not int"),
        (["a.jpg"], UsageError, "not list"),
        (pl.Series(["a.jpg"]), UsageError, "not Series"),
        (Response(), UsageError, "not Response"),
    ],
)
def test_everything_else_is_an_error_that_is_short(picture: Any, kind: type[DiscernError] | None, reason: str) -> None:
    if kind is None:
        assert content_of(picture) == picture
        return
    with pytest.raises(kind, match=reason) as raised:
        content_of(picture)
    assert raised.value.hint
    assert len(str(raised.value)) < 420
    assert len(str(raised.value.__cause__)) < 420


def test_the_content_of_a_response_is_suggested() -> None:
    with pytest.raises(UsageError, match=r"`\.content`"):
        content_of(Response())  # type: ignore[arg-type]


@pytest.mark.parametrize("one", ["a.jpg", Path("a.jpg"), b"x", bytearray(b"x"), io.BytesIO(b"x\ny"), PIXELS])
def test_one_picture_is_not_taken_apart(one: Any) -> None:
    (found,) = each_picture(one)
    assert found is one


@pytest.mark.parametrize(
    "several", [["a", "b"], ("a", "b"), (name for name in "ab"), np.array(["a", "b"]), pl.Series(["a", "b"])]
)
def test_several_pictures_are_taken_one_by_one(several: Any) -> None:
    assert [str(each) for each in each_picture(several)] == ["a", "b"]


def test_a_batch_of_pixels_is_several_pictures() -> None:
    assert len(list(each_picture(np.stack([PIXELS, PIXELS])))) == 2


@pytest.mark.parametrize(
    ("given", "remedy"),
    [
        ({"a.jpg": b"x"}, ".values()"),
        (pl.DataFrame({"path": ["a.jpg"]}), 'table["path"]'),
        (None, "a list"),
        (7, "a list"),
    ],
)
def test_names_and_other_types_are_not_pictures(given: Any, remedy: str) -> None:
    with pytest.raises(UsageError, match=f"not (a )?{type(given).__name__}") as raised:
        each_picture(given)
    assert remedy in raised.value.hint
