"""Files of networks and their weights in a cache directory."""

import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from filelock import FileLock, Timeout

from discern.store.cache_names import NETWORKS, WEIGHTS

_LOCK, _PART = ".lock", ".part"


def cached_networks(cache: Path) -> dict[Path, int]:
    """Return the files of exported networks and downloaded weights with their sizes in bytes.

    Locks are left out, and unfinished downloads as long as any download is running.
    """
    found: dict[Path, int] = {}
    for folder in (cache / NETWORKS, cache / WEIGHTS):
        paths = [path for path in sorted(folder.glob("*")) if path.suffix != _LOCK]
        if any(path.suffix == _PART for path in paths) and any(map(_is_held, folder.glob(f"*{_LOCK}"))):
            paths = [path for path in paths if path.suffix != _PART]
        found.update(_sizes(paths))
    return found


def _sizes(paths: list[Path]) -> Iterator[tuple[Path, int]]:
    for path in paths:
        with suppress(OSError):
            status = path.lstat()
            if stat.S_ISREG(status.st_mode):
                yield path, status.st_size


def _is_held(path: Path) -> bool:
    lock = FileLock(path, timeout=0)
    try:
        with lock:
            return False
    except (Timeout, OSError):
        return True
