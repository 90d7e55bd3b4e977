"""Files of a spool, each of which one process appends to.

The writer holds a lock on its file as long as it may append. Whoever gets the lock knows that the file is finished, be
it closed or its writer dead, and keeps the lock until it has removed the file. So nothing is appended to a file that is
being removed, and the system releases the lock of a process that was killed.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from discern.inference.exchange_record import SEAL_BYTES

try:
    import fcntl
except ImportError:  # on Windows
    import msvcrt

    fcntl = None  # type: ignore[assignment]

SUFFIX = ".spool"

_FLAGS = os.O_RDWR | os.O_APPEND | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
_BEHIND_END, _PIECE = 1 << 40, 1 << 24
_PRIVATE_FILE, _PRIVATE_FOLDER = 0o600, 0o700


def new_seal() -> bytes:
    """Draw the seal of a writer's records (see `encode_exchange`)."""
    return os.urandom(SEAL_BYTES)


def create_segment(folder: Path, seal: bytes, number: int) -> tuple[int, Path]:
    """Create a new segment, and its folder if it is missing, and lock it.

    Both are accessible to their user alone.

    Args:
        folder: folder of the spool.
        seal: seal of the writer's records, which is kept in the name.
        number: number of the segment, which its writer has not used yet.

    Returns:
        The open descriptor and the path.

    Raises:
        OSError: it cannot be created.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=_PRIVATE_FOLDER)
    path = folder / f"{os.getpid()}-{seal.hex()}-{number}{SUFFIX}"
    descriptor = os.open(path, _FLAGS | os.O_CREAT | os.O_EXCL, _PRIVATE_FILE)
    try:
        if not _lock(descriptor) or is_removed(descriptor):
            raise BlockingIOError(f"{path} was taken for finished before it could be locked")
    except OSError:
        os.close(descriptor)
        raise
    return descriptor, path


def is_removed(descriptor: int) -> bool:
    """Return True if an open file has been removed from its folder."""
    return os.fstat(descriptor).st_nlink == 0


def list_segments(folder: Path) -> list[Path]:
    """Return the segments in a folder, the one that was written to longest ago first."""
    found = []
    with _entries(folder) as entries:
        for entry in entries:
            if entry.name.endswith(SUFFIX) and seal_of(Path(entry.name)) is not None:
                try:
                    found.append((entry.stat().st_mtime_ns, entry.name))
                except OSError:  # removed meanwhile
                    continue
    return [folder / name for _, name in sorted(found)]


def spool_bytes(folder: Path) -> int:
    """Return the size of all segments in a folder in bytes."""
    total = 0
    for path in list_segments(folder):
        try:
            total += path.stat().st_size
        except OSError:  # removed meanwhile
            continue
    return total


def seal_of(path: Path) -> bytes | None:
    """Return the seal of a segment's records, or None if the name is not that of a segment."""
    parts = path.name.removesuffix(SUFFIX).split("-")
    try:
        seal = bytes.fromhex(parts[1])
    except (IndexError, ValueError):
        return None
    return seal if len(seal) == SEAL_BYTES else None


@dataclass
class FinishedSegment:
    """Segment to which nothing is appended any more.

    Attributes:
        data: its content.
        is_done: set to True to have it removed.
    """

    data: bytes
    is_done: bool = False


@contextmanager
def finished_segment(path: Path) -> Iterator[FinishedSegment | None]:
    """Context manager that gives a finished segment, and keeps it from others meanwhile.

    It gives None if a writer may still append to it, somebody else has it, or it cannot be read.
    """
    try:
        descriptor = os.open(path, _FLAGS)
    except OSError:
        yield None
        return
    segment = None
    try:
        if _lock(descriptor) and not is_removed(descriptor):
            segment = FinishedSegment(read_all(descriptor))
        yield segment
        if fcntl and segment and segment.is_done:
            path.unlink(missing_ok=True)  # while it is locked
    finally:
        os.close(descriptor)
    if not fcntl and segment and segment.is_done:  # Windows removes no file that is open
        path.unlink(missing_ok=True)


def read_all(descriptor: int) -> bytes:
    """Read the whole content of an open file.

    Raises:
        OSError: it cannot be read.
    """
    os.lseek(descriptor, 0, os.SEEK_SET)
    parts = []
    while part := os.read(descriptor, _PIECE):
        parts.append(part)
    return b"".join(parts)


def _lock(descriptor: int) -> bool:
    """Lock an open file until it is closed, or return False if another descriptor has the lock."""
    try:
        if fcntl:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        else:
            os.lseek(descriptor, _BEHIND_END, os.SEEK_SET)  # as Windows bars others from the bytes that are locked
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
    except OSError:
        return False
    return True


@contextmanager
def _entries(folder: Path) -> Iterator[Iterator[os.DirEntry[str]]]:
    try:
        found = os.scandir(folder)
    except OSError:
        yield iter(())
        return
    with found:
        yield found
