"""Atomic writes of files and folders, which appear complete or not at all.

Data is written under a hidden temporary name in the target's folder, which scans ignore, and renamed at the end. Only a
killed process leaves such a name behind.
"""

import os
import re
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

UNFINISHED = ".unfinished"
"""Suffix of temporary names."""

_TEMPORARY_NAME = re.compile(r"\..*\.[0-9a-f]{8}" + re.escape(UNFINISHED), re.DOTALL)
_LONGEST_STEM = 40
_PRIVATE = 0o600


@contextmanager
def atomic_write(path: Path, *, private: bool = False) -> Iterator[Path]:
    """Context manager for writing a file atomically.

    It gives the path of a temporary file in the same folder, which replaces `path` when the block ends without an error
    and is removed otherwise. Until then an existing file stays unchanged; of several concurrent writers the last one
    wins. The temporary path has a suffix of its own, so a writer cannot infer the format from it.

    The file keeps the permissions of the one that it replaces, and never has wider ones meanwhile.

    Args:
        path: path of the file.
        private: whether only its user may access the file, whatever the umask.

    Raises:
        OSError: the file cannot be replaced: a folder has its name or, on Windows, a process has it mapped.
    """
    temporary, mode = _temporary_path(path), _PRIVATE if private else _mode(path)
    try:
        _create(temporary, private=mode is not None)
        yield temporary
        if mode is not None:
            temporary.chmod(mode)
        os.replace(temporary, path)  # noqa: PTH105 - one call that is atomic on every system
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


@contextmanager
def atomic_folder(path: Path) -> Iterator[Path]:
    """Context manager for writing a folder atomically.

    It gives a new folder next to `path`, which takes its name when the block ends without an error and is removed with
    its content otherwise.

    Raises:
        OSError: the folder cannot be created, or `path` is something other than an empty folder.
    """
    temporary = _temporary_path(path)
    temporary.mkdir()
    try:
        yield temporary
        with suppress(FileNotFoundError):  # Windows cannot replace an existing folder
            path.rmdir()
        temporary.rename(path)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def is_unfinished(name: str) -> bool:
    """Test whether a name marks an unfinished file or folder.

    >>> is_unfinished(".report.html.0f3a9b12.unfinished"), is_unfinished(".report.html.unfinished")
    (True, False)
    """
    return _TEMPORARY_NAME.fullmatch(name) is not None


def _mode(path: Path) -> int | None:
    """Return the permissions of an existing file, or None."""
    try:
        status = path.lstat()
    except OSError:
        return None
    return status.st_mode & 0o777 if stat.S_ISREG(status.st_mode) else None


def _create(path: Path, *, private: bool) -> None:
    descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, _PRIVATE if private else 0o666)
    os.close(descriptor)
    if private:
        path.chmod(_PRIVATE)  # the umask may have taken the user's own permissions


def _temporary_path(path: Path) -> Path:
    return path.with_name(f".{path.name[:_LONGEST_STEM]}.{os.urandom(4).hex()}{UNFINISHED}")
