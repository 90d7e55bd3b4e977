"""Functions that copy or link files, with shared disk blocks where the file system can."""

import contextlib
import os
import shutil
import sys
from pathlib import Path

# FICLONE of linux/fs.h; the same number on all architectures but those of MIPS, PowerPC and SPARC, where it is refused.
_CLONE = 0x40049409


def copy_file(source: Path, target: Path) -> None:
    """Copy the content of a file to a new file, which can be edited without changing the source.

    Where the file system can (Btrfs, XFS, bcachefs), both share their blocks until one is edited, so that the copy
    takes neither time nor space. The copy has the default permissions of a new file.

    Raises:
        OSError: the source cannot be read, or the target not written.
    """
    if not _clone(source, target):
        shutil.copyfile(source, target)


def link_file(source: Path, target: Path) -> None:
    """Create a hard link to a file, else a symbolic link, else a copy.

    An edit of a linked file in place changes the source, too.

    Raises:
        OSError: the source cannot be read, or the target not written.
    """
    with contextlib.suppress(OSError):
        os.link(source, target)
        return
    with contextlib.suppress(OSError):
        target.symlink_to(source)
        return
    copy_file(source, target)


def _clone(source: Path, target: Path) -> bool:
    """Let the new file share the blocks of the source, and return False where that is not possible."""
    if sys.platform != "linux":
        return False
    from fcntl import ioctl  # noqa: PLC0415 - Unix only

    with source.open("rb") as original, target.open("wb") as copy, contextlib.suppress(OSError):
        ioctl(copy, _CLONE, original.fileno())
        return True
    return False
