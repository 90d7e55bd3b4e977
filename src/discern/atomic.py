"""Files and folders that appear whole or not at all, whatever interrupts the writer.

What is being written has a hidden name beside its target, which every scan ignores, and takes the target's name in one
step at the end. Only a killed process leaves such a name behind.
"""

import os
import re
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

UNFINISHED = ".unfinished"
"""How the name of what is being written ends."""

_NAME = re.compile(r"\..*\.[0-9a-f]{8}" + re.escape(UNFINISHED), re.DOTALL)
_LONGEST_STEM = 40


@contextmanager
def atomic_write(path: Path) -> Iterator[Path]:
    """Return a context manager that writes a file atomically.

    It gives a temporary path in the same folder, which replaces `path` when the block ends without an error and is
    removed otherwise.

    What stands at `path` stays as it is until then; of several writers at once the last one wins. The temporary path
    has another suffix than `path`: tell a writer its format. Errors of the block, and `OSError`, are the caller's.

    Raises:
        OSError: the file cannot take its place: a folder has its name, or, on Windows, a process has it mapped.
    """
    temporary = _temporary(path)
    try:
        yield temporary
        os.replace(temporary, path)  # noqa: PTH105 - one call that is atomic on every system
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


@contextmanager
def atomic_folder(path: Path) -> Iterator[Path]:
    """Return a context manager that writes a folder atomically.

    It gives a new folder next to `path`, which takes its name when the block ends without an error and is removed with
    its content otherwise.

    Raises:
        OSError: the folder cannot be made, or there is something else than an empty folder at `path`.
    """
    temporary = _temporary(path)
    temporary.mkdir()
    try:
        yield temporary
        with suppress(FileNotFoundError):  # Windows puts no folder in the place of another
            path.rmdir()
        temporary.rename(path)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def is_unfinished(name: str) -> bool:
    """Return True if a name marks a file or folder that a killed writer left.

    >>> is_unfinished(".report.html.0f3a9b12.unfinished"), is_unfinished(".report.html.unfinished")
    (True, False)
    """
    return _NAME.fullmatch(name) is not None


def _temporary(path: Path) -> Path:
    return path.with_name(f".{path.name[:_LONGEST_STEM]}.{secrets.token_hex(4)}{UNFINISHED}")
