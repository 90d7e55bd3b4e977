"""Functions that expand path arguments, glob patterns and standard input."""

import glob
import os
import sys
from collections.abc import Iterable, Iterator

from discern.bundle.archive import is_url
from discern.errors import PictureError, UsageError
from discern.picture import read_header

STANDARD_INPUT = "-"


def require_inputs(paths: Iterable[object]) -> list[str]:
    """Check the path arguments and convert them to strings.

    Raises:
        UsageError: there are none, one is empty, or one is a URL.
    """
    inputs = [str(path) for path in paths]
    if not inputs:
        raise UsageError(
            "There is no picture to predict.", hint="Pass files, folders or patterns, or - for standard input."
        )
    for path in inputs:
        if not path:
            raise UsageError("Invalid path: ''.", hint="Pass the path of a file or a folder.")
        if is_url(path):
            raise UsageError(
                f"{path} is a URL, and `predict` does not download pictures.",
                hint="Download it first, or use a server started with `discern serve --allow-urls`.",
            )
    return inputs


def resolve_inputs(inputs: Iterable[str]) -> Iterator[str | bytes]:
    """Expand glob patterns and read paths or an image from standard input.

    Yields:
        The path of a file or folder, existing or not; or the bytes of a picture from standard input.

    Raises:
        UsageError: standard input is closed, or lists a URL.
    """
    for each in inputs:
        if each == STANDARD_INPUT:
            yield from _standard_input()
        else:
            yield from _paths(each)


def _paths(pattern: str) -> Iterator[str]:
    path = os.path.expanduser(pattern)  # noqa: PTH111 - pathlib raises for an unknown user
    if "\0" in path or os.path.lexists(path):
        yield path
    else:
        yield from sorted(glob.glob(path, recursive=True)) or [path]  # noqa: PTH207 - may be absolute


def _standard_input() -> Iterator[str | bytes]:
    if sys.stdin is None:
        raise UsageError("Standard input is closed.", hint="Pipe a picture into it, or a list of paths.")
    data = sys.stdin.buffer.read()
    if not _is_list(data):
        yield data
    elif lines := [os.fsdecode(line) for line in data.splitlines() if line.strip()]:
        for line in require_inputs(lines):
            yield from _paths(line)


def _is_list(data: bytes) -> bool:
    try:
        read_header(data)
    except PictureError:
        return b"\0" not in data
    return False
