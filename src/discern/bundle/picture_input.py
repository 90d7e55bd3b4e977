"""Pictures as programs hold them, such as paths, open files and arrays, and their conversion to bytes or pixels."""

import binascii
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeGuard

import numpy as np
from PIL import Image

from discern.bundle.open_file import BinaryFile, is_open_file, read_open_file
from discern.bundle.pixel_input import is_array, pixels_of, require_rgb
from discern.bundle.url_paths import is_web, local_path, reject_address, url_of
from discern.errors import MAX_QUOTED, NotAPicture, PictureError, UnreadableFile, UsageError, overlong_path
from discern.picture import Limits, read_file
from discern.picture.file_format import identify_format
from discern.picture.sixteen_bits import FULL_RANGE

_SNIFFED_LETTERS = 64
_ONE_PICTURE_DIMENSIONS = 3
_BASE64_HINT = "Decode it first: `base64.b64decode(text)`. A server also takes it as it is, in JSON as image_b64."


Picture = str | os.PathLike[str] | bytes | bytearray | memoryview | BinaryFile | np.ndarray | Image.Image


def content_of(
    picture: Picture,
    *,
    limits: Limits = Limits(),  # noqa: B008 - frozen
    white: int = FULL_RANGE,
) -> bytes | np.ndarray:
    """Convert a picture to the bytes of an image file, or to pixels if it is decoded already.

    Args:
        picture: path, content of a file, file open in binary mode, Pillow image, or array or tensor of pixels.
        limits: `max_bytes` is the largest file that is read.
        white: value that becomes white in a Pillow image of 16 bits per channel.

    Returns:
        The bytes, or upright sRGB pixels, uint8 `[H, W, 3]`.

    Raises:
        PictureError: it cannot be read.
        UsageError: it has another type, is a URL, or its pixels are not RGB of type uint8.
    """
    if isinstance(picture, Image.Image):
        return pixels_of(picture, white)
    if isinstance(picture, bytes | bytearray | memoryview):
        return _reject_base64(bytes(picture))
    if isinstance(picture, str | os.PathLike):
        return _read_path(os.fsdecode(picture), limits)
    if is_array(picture):
        return require_rgb(picture)
    if is_open_file(picture):
        return _reject_base64(read_open_file(picture, limits))
    raise _wrong_type(picture)


def each_picture(pictures: Iterable[Picture] | Picture) -> Iterator[Picture]:
    """Iterate over several pictures, or over the one picture that was given in their place.

    Raises:
        UsageError: the pictures cannot be iterated over, or iterating would yield the names of something.
    """
    if is_one_picture(pictures):
        return iter([pictures])
    reject_names_of(pictures)
    try:
        return iter(pictures)  # type: ignore[arg-type]
    except TypeError as error:
        raise UsageError(
            f"Pictures must be a list or another iterable, not {type(pictures).__name__}.",
            hint="Pass a list of pictures, or one picture.",
        ) from error


def reject_names_of(given: object) -> None:
    """Reject dictionaries and tables, as iterating over them yields keys or the names of columns.

    Raises:
        UsageError: it is one of these.
    """
    kind = type(given).__name__
    if isinstance(given, Mapping):
        raise UsageError(
            f"Pictures must be a list, not a {kind}.", hint="Pass its `.values()`, or `list(...)` its keys."
        )
    if hasattr(given, "columns"):
        raise UsageError(f"Pictures must be a list, not a {kind}.", hint='Pass one of its columns: `table["path"]`.')


def is_one_picture(given: Any) -> TypeGuard[Picture]:
    """Return True if an object holds one picture, rather than several."""
    if isinstance(given, str | os.PathLike | bytes | bytearray | memoryview | Image.Image):
        return True
    if is_array(given):
        return given.ndim <= _ONE_PICTURE_DIMENSIONS and getattr(given.dtype, "kind", "") not in ("O", "U", "S", "T")
    return is_open_file(given)


def _read_path(path: str, limits: Limits) -> bytes:
    if not path:
        raise UnreadableFile("The path of the picture is empty.", hint="Pass the path of a file.")
    path = local_path(path)
    reject_url(path)
    is_url = path[:5].lower() == "data:"
    if (is_url or _is_base64(path)) and not os.path.lexists(path):
        kind = "a data URL" if is_url else "base64 text"
        raise NotAPicture(f"This is {kind} of {len(path):,} characters, not a path.", hint=_BASE64_HINT)
    if problem := overlong_path(path):
        raise UnreadableFile(problem, hint="Pass the path of a file, or its content as bytes.")
    try:
        return read_file(Path(path), limits=limits)
    except PictureError as error:
        if len(path) > MAX_QUOTED:
            raise error from None  # the cause would quote all of it
        raise


def reject_url(path: str) -> None:
    """Raise UsageError if an address was given in place of a picture's path."""
    url = url_of(path)
    if url is not None and is_web(url):
        raise UsageError(
            f"{url} is a URL, and `predict` does not download pictures.",
            hint="Download it first, or use a server started with `discern serve --allow-urls`.",
        )
    reject_address(path)


def _reject_base64(data: bytes) -> bytes:
    if data[:1].isascii() and _is_base64(data[:_SNIFFED_LETTERS].decode("latin-1")):
        raise NotAPicture("This is base64 text, not the content of a picture file.", hint=_BASE64_HINT)
    return data


def _is_base64(text: str) -> bool:
    """Return True if a text begins as the base64 of a picture in one of the supported formats."""
    start = "".join(text[:_SNIFFED_LETTERS].split()).replace("-", "+").replace("_", "/")
    try:
        identify_format(binascii.a2b_base64(start[: len(start) // 4 * 4], strict_mode=True), Limits())
    except (ValueError, PictureError):
        return False
    return True


def _wrong_type(given: object) -> UsageError:
    hint = "Pass one picture, or use `predict` for several."
    for name in ("read_bytes()", "content"):  # of `zipfile.Path`, and of a response of requests
        if hasattr(given, name.removesuffix("()")):
            hint = f"Pass its content: `.{name}`."
    return UsageError(
        "A picture must be a path, bytes, an open file, an array of pixels or a Pillow image, "
        f"not {type(given).__name__}.",
        hint=hint,
    )
