"""Functions that list the cached tables and delete their least recently used rows."""

import stat
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from os import stat_result
from pathlib import Path
from time import time

import platformdirs
from filelock import FileLock, Timeout

from discern.atomic import UNFINISHED
from discern.errors import StoreError
from discern.store.cache_names import PRUNE_LOCK, SUFFIX
from discern.store.chunk import read_header
from discern.store.permissions import require_private

_ABANDONED_SECONDS = 3600
_LOCK_SECONDS = 60


@dataclass(frozen=True, kw_only=True)
class ShelfInfo:
    """Summary of a cached table, with its row count, size on disk and last use."""

    name: str
    rows: int
    bytes: int
    last_used: datetime


def default_folder() -> Path:
    """Return the default cache directory of the current user."""
    return platformdirs.user_cache_path("discern", appauthor=False)


def survey(folder: Path) -> list[ShelfInfo]:
    """List the cached tables in a cache directory by name, none if the directory is missing."""
    shelves: dict[str, list[tuple[Path, stat_result]]] = {}
    for path, status in _files(folder, SUFFIX):
        shelves.setdefault(path.parent.name, []).append((path, status))
    return [
        ShelfInfo(
            name=name.rpartition("-")[0],
            rows=sum(_count_rows(path) for path, _ in files),
            bytes=sum(status.st_size for _, status in files),
            last_used=datetime.fromtimestamp(max(status.st_mtime for _, status in files), UTC),
        )
        for name, files in sorted(shelves.items())
    ]


def prune(folder: Path, *, keep_bytes: float) -> int:
    """Delete the least recently used rows until the cache fits into a given size.

    Temporary files of killed writers are removed as well. A run that is reading removed rows fails with a `StoreError`,
    and computes them again when it is repeated.

    Returns:
        Number of bytes freed.

    Raises:
        StoreError: another process has been pruning for a minute, or the folder belongs to another user.
    """
    if not folder.is_dir():
        return 0
    require_private(folder)
    try:
        with FileLock(folder / PRUNE_LOCK, timeout=_LOCK_SECONDS, mode=0o600):
            return _remove_abandoned(folder) + _remove_oldest(folder, keep_bytes)
    except Timeout as error:
        raise StoreError(
            f"The cache at {folder} is being pruned by another process.", hint="Try again when it has finished."
        ) from error


def _remove_abandoned(folder: Path) -> int:
    cutoff = time() - _ABANDONED_SECONDS
    return sum(_remove(path, status) for path, status in _files(folder, UNFINISHED) if status.st_mtime < cutoff)


def _remove_oldest(folder: Path, keep_bytes: float) -> int:
    files = sorted(_files(folder, SUFFIX), key=lambda file: (file[1].st_mtime, file[0]))
    excess = sum(status.st_size for _, status in files) - keep_bytes
    freed = 0
    for path, status in files:
        if freed >= excess:
            break
        freed += _remove(path, status)
    return freed


def _remove(path: Path, status: stat_result) -> int:
    with suppress(OSError):  # Windows refuses to delete a file that another process has mapped
        path.unlink()
        return status.st_size
    return 0


def _files(folder: Path, suffix: str) -> Iterator[tuple[Path, stat_result]]:
    for path in folder.glob(f"*-{'[0-9a-f]' * 12}/*{suffix}"):
        with suppress(OSError):
            status = path.stat()
            if stat.S_ISREG(status.st_mode):
                yield path, status


def _count_rows(path: Path) -> int:
    try:
        with path.open("rb") as file:
            header = read_header(path, file.readline(512))
    except (OSError, StoreError):
        return 0
    return header.rows if header else 0
