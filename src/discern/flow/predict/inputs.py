"""Functions that expand path arguments, glob patterns and standard input."""

import os
import sys
from collections.abc import Iterable, Iterator

from discern.bundle.archive import is_url
from discern.errors import PictureError, UsageError
from discern.flow.predict.glob_patterns import expand_pattern
from discern.picture import Limits, read_header

STANDARD_INPUT = "-"

_MAX_LIST_BYTES = 1 << 28


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


def resolve_inputs(inputs: Iterable[str], limits: Limits = Limits()) -> Iterator[str | bytes]:  # noqa: B008 - frozen
    """Expand glob patterns and read paths or an image from standard input.

    Args:
        inputs: paths, patterns, and "-" for standard input.
        limits: of a picture from standard input, one byte more than `max_bytes` is read at most.

    Yields:
        The path of a file or folder, existing or not; or the bytes of a picture from standard input.

    Raises:
        UsageError: standard input is closed, a terminal, not readable or too long, or lists a URL.
    """
    for each in inputs:
        if each == STANDARD_INPUT:
            yield from _standard_input(limits)
        else:
            yield from _paths(each)


def _paths(pattern: str) -> Iterator[str]:
    path = os.path.expanduser(pattern)  # noqa: PTH111 - pathlib raises for an unknown user
    if "\0" in path or os.path.lexists(path):
        yield path
    else:
        yield from expand_pattern(path) or [path]


def _standard_input(limits: Limits) -> Iterator[str | bytes]:
    data = _read_standard_input(limits)
    if not _is_list(data):
        yield data
    elif lines := [os.fsdecode(line) for line in data.splitlines() if line.strip()]:
        for line in require_inputs(lines):
            yield from _paths(line)


def _read_standard_input(limits: Limits) -> bytes:
    hint = "Pipe a picture into it, or a list of paths, one per line."
    if sys.stdin is None:
        raise UsageError("Standard input is closed.", hint=hint)
    if sys.stdin.isatty():
        raise UsageError("Standard input is a terminal.", hint=hint)
    try:
        data = sys.stdin.buffer.read(limits.max_bytes + 1)
        if len(data) > limits.max_bytes and _is_list(data):
            data += sys.stdin.buffer.read(max(0, _MAX_LIST_BYTES + 1 - len(data)))
            if len(data) > _MAX_LIST_BYTES:
                raise UsageError(
                    f"Standard input is a list of more than {_MAX_LIST_BYTES >> 20} MiB.",
                    hint="Pass several shorter lists, or a folder.",
                )
    except OSError as error:
        raise UsageError(f"Standard input cannot be read: {error.strerror or error}.", hint=hint) from error
    return data


def _is_list(data: bytes) -> bool:
    try:
        read_header(data)
    except PictureError:
        return b"\0" not in data
    return False
