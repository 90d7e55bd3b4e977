"""What people name to have answered: files, folders, patterns, and what comes through standard input."""

import glob
import os
import sys
from collections.abc import Iterable, Iterator

from discern.bundle.archive import is_url
from discern.errors import PictureError, UsageError
from discern.picture import read_header

STANDARD_INPUT = "-"


def require_inputs(words: Iterable[object]) -> list[str]:
    """Take words that may name something.

    Raises:
        UsageError: there is none, one is empty, or one is an address.
    """
    named = [str(word) for word in words]
    if not named:
        raise UsageError(
            "There is no picture to answer.", hint="Name files, folders or patterns, or - for standard input."
        )
    for word in named:
        if not word:
            raise UsageError("'' is no path.", hint="Name a file or a folder.")
        if is_url(word):
            raise UsageError(
                f"{word} is an address, and nothing is fetched here.",
                hint="Download it first; a server that was begun with `discern serve --allow-urls` fetches pictures.",
            )
    return named


def resolve_inputs(words: Iterable[str]) -> Iterator[str | bytes]:
    """Say what words mean.

    Yields:
        The path of a file or a folder, or of nothing; bytes: the picture that came through standard input.

    Raises:
        UsageError: standard input is closed, or lists an address.
    """
    for word in words:
        if word == STANDARD_INPUT:
            yield from _standard_input()
        else:
            yield from _paths(word)


def _paths(word: str) -> Iterator[str]:
    """What a pattern stands for; a name that there is stands for itself."""
    path = os.path.expanduser(word)  # noqa: PTH111 - pathlib fails on a user unknown
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
    """Whether it is text that may name files: no picture of any format, however damaged, is without a zero byte."""
    try:
        read_header(data)
    except PictureError:
        return b"\0" not in data
    return False
