"""Reads a file's bytes, and nothing that only looks like a file."""

import os
import stat
from pathlib import Path

from discern.errors import EmptyFile, PictureTooLarge, UnreadableFile
from discern.picture.file_format import Limits

_KINDS = {
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFDIR: "a folder",
}
# Without blocking, opening a pipe that nobody writes to returns at once; the flags do not exist everywhere.
_FLAGS = (
    os.O_RDONLY
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_NOCTTY", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_BINARY", 0)
)


def read_file(path: Path | str, *, limits: Limits = Limits()) -> bytes:  # noqa: B008 - frozen
    """Read a regular file, or the regular file that a link leads to.

    Never waits: a pipe, a device or a socket is refused without being read.

    Args:
        path: where the file is.
        limits: `max_bytes` bounds what is read.

    Raises:
        UnreadableFile: missing, no regular file, a broken link, or no permission.
        EmptyFile: nothing in it.
        PictureTooLarge: more bytes than allowed.
    """
    try:
        _require_regular(path, os.stat(path))  # noqa: PTH116 - a path may be text
        descriptor = os.open(path, _FLAGS)
    except (OSError, ValueError) as error:
        raise UnreadableFile(f"{path} cannot be opened: {_reason(path, error)}.", hint=_REMEDY) from error
    with open(descriptor, "rb") as file:  # noqa: PTH123 - a path may have been exchanged since; the descriptor not
        status = os.fstat(descriptor)
        _require_regular(path, status)
        if status.st_size > limits.max_bytes:
            raise PictureTooLarge(f"{path} has {status.st_size:,} bytes.", hint=limits.remedy)
        try:
            data = file.read(min(status.st_size, limits.max_bytes) + 1) if status.st_size else b""
        except OSError as error:
            raise UnreadableFile(f"{path} cannot be read: {error.strerror}.", hint=_REMEDY) from error
    if not data:
        raise EmptyFile(f"{path} is empty.", hint="Get the file again from where it came from, or delete it.")
    if len(data) > limits.max_bytes:
        raise PictureTooLarge(f"{path} grew past {limits.max_bytes:,} bytes.", hint=limits.remedy)
    return data


_REMEDY = "Put a readable picture file in its place, or remove it."


def _require_regular(path: Path | str, status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        kind = _KINDS.get(stat.S_IFMT(status.st_mode), "no regular file")
        raise UnreadableFile(f"{path} is {kind}, not a file.", hint=_REMEDY)


def _reason(path: Path | str, error: OSError | ValueError) -> str:
    if isinstance(error, FileNotFoundError) and os.path.islink(path):  # noqa: PTH114 - as above
        return "its link leads nowhere"
    return (getattr(error, "strerror", None) or str(error)).lower()
