"""Functions that read image files safely, within size limits and without blocking."""

import errno
import os
import stat
from pathlib import Path

from discern.errors import EmptyFile, PictureTooLarge, UnreadableFile
from discern.picture.file_format import Limits

_SPECIAL_FILES = {
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFDIR: "a folder",
}
# O_NONBLOCK keeps the opening of a pipe without a writer from blocking; not every system has all of these flags.
_FLAGS = (
    os.O_RDONLY
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_NOCTTY", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_BINARY", 0)
)


def read_file(path: Path | str, *, limits: Limits = Limits()) -> bytes:  # noqa: B008 - frozen
    """Read the content of a regular file without ever blocking.

    A link to a regular file is followed; pipes, devices and sockets are rejected without being read.

    Args:
        path: path of the file.
        limits: `max_bytes` is the largest size that is read.

    Raises:
        UnreadableFile: the file is missing, not regular, a broken link, or not readable.
        EmptyFile: the file is empty.
        PictureTooLarge: more bytes than allowed.
    """
    try:
        _require_regular(path, os.stat(path))  # noqa: PTH116 - a path may be text
        descriptor = os.open(path, _FLAGS)
    except (OSError, ValueError) as error:
        raise UnreadableFile(f"{path} cannot be opened: {_reason(path, error)}.", hint=_remedy(path, error)) from error
    with open(descriptor, "rb") as file:  # noqa: PTH123 - the path may point elsewhere by now
        status = os.fstat(descriptor)
        _require_regular(path, status)
        if status.st_size > limits.max_bytes:
            raise PictureTooLarge(f"{path} is too large: {status.st_size:,} bytes.", hint=limits.byte_remedy)
        try:
            data = file.read(min(status.st_size, limits.max_bytes) + 1) if status.st_size else b""
        except OSError as error:
            raise UnreadableFile(f"{path} cannot be read: {error.strerror}.", hint=_REMEDY) from error
    if not data:
        raise EmptyFile(f"{path} is empty.", hint="Copy or download the file again, or leave it out.")
    if len(data) > limits.max_bytes:
        raise PictureTooLarge(
            f"{path} grew beyond {limits.max_bytes:,} bytes while it was read.", hint=limits.byte_remedy
        )
    return data


def read_bounded(path: Path | str, *, max_bytes: int) -> bytes:
    """Read the content of a regular file that is not a picture, without ever blocking.

    Raises:
        OSError: the file is missing, not regular, not readable, or larger than `max_bytes`.
    """
    _reject_special(path, os.stat(path))  # noqa: PTH116 - as above
    descriptor = os.open(path, _FLAGS)
    with open(descriptor, "rb") as file:  # noqa: PTH123 - as above
        status = os.fstat(descriptor)
        _reject_special(path, status)
        data = file.read(status.st_size + 1) if status.st_size <= max_bytes else b""
    if max(len(data), status.st_size) > max_bytes:
        raise OSError(errno.EFBIG, f"it is larger than the limit of {max_bytes:,} bytes", str(path))
    return data


def _reject_special(path: Path | str, status: os.stat_result) -> None:
    if kind := _special_file(status):
        raise OSError(errno.EINVAL, f"it is {kind}", str(path))


_REMEDY = "Put a readable picture file in its place, or remove it."
_PATH = "Correct the path, or put the file there."
_NO_PERMISSION = "Change its permissions so that you can read it, or leave it out."


def _remedy(path: Path | str, error: OSError | ValueError) -> str:
    if isinstance(error, FileNotFoundError) and not os.path.islink(path):  # noqa: PTH114 - as above
        return _PATH
    return _NO_PERMISSION if isinstance(error, PermissionError) else _REMEDY


def _require_regular(path: Path | str, status: os.stat_result) -> None:
    if kind := _special_file(status):
        raise UnreadableFile(f"{path} is {kind}, not a regular file.", hint=_REMEDY)


def _special_file(status: os.stat_result) -> str | None:
    """Return the kind of a file that is not regular, or None."""
    if stat.S_ISREG(status.st_mode):
        return None
    return _SPECIAL_FILES.get(stat.S_IFMT(status.st_mode), "a special file")


def _reason(path: Path | str, error: OSError | ValueError) -> str:
    if isinstance(error, FileNotFoundError) and os.path.islink(path):  # noqa: PTH114 - as above
        return "it is a broken link"
    return (getattr(error, "strerror", None) or str(error)).lower()
