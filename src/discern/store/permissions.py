"""Functions that keep a cache directory private to its user.

It holds thumbnails of the user's pictures. On Windows, the permissions of the parent folder apply.
"""

import logging
import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from discern.errors import StoreError
from discern.store.cache_names import BUCKETS, ENGINES, NETWORKS, PRUNE_LOCK, WEIGHTS, is_cache_folder

_LOG = logging.getLogger("discern.store")
_OTHERS = 0o077
_OTHERS_WRITE = 0o022
_SUPERUSER = 0
_HAS_MODES = os.name == "posix"


def private_folder(cache: Path, name: str = "") -> Path:
    """Create a folder in a cache directory that only its user can read, whatever the umask.

    Args:
        cache: the cache directory, created as well.
        name: name of the folder; "" for the cache directory itself.

    Raises:
        StoreError: one of both belongs to another user, or cannot be created.
    """
    folder = cache / name
    try:
        require_private(cache, name)
        cache.parent.mkdir(parents=True, exist_ok=True)
        for each in dict.fromkeys((cache, folder)):
            _create(each)
        require_private(cache, name)  # somebody else may have been faster
    except OSError as error:
        raise StoreError(
            f"The cache at {folder} cannot be written: {error.strerror}.",
            hint="Free disk space, or choose another folder with --cache.",
        ) from error
    return folder


def _create(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        if not folder.is_dir():
            raise
    else:
        folder.chmod(0o700)  # the umask may have taken the user's own permissions


def require_private(cache: Path, name: str = "") -> None:
    """Revoke the permissions of others on a cache directory, as an earlier version may have left them.

    Of a directory that contains other files than the cache, only the cached tables are changed. Permissions that cannot
    be revoked are logged.

    Raises:
        StoreError: the directory, or the folder `name` in it, belongs to another user or is another user's link.
    """
    if not _HAS_MODES:
        return
    for folder in dict.fromkeys((cache, cache / name)):
        _require_own(folder)
    with suppress(OSError):
        _tighten(cache)


def _require_own(folder: Path) -> None:
    try:
        entry, status = folder.lstat(), folder.stat()
    except OSError:
        return  # creating it, or reading from it, says why
    if stat.S_ISLNK(entry.st_mode) and entry.st_uid not in (os.geteuid(), _SUPERUSER):
        raise StoreError(f"The cache at {folder} is a link that another user created.", hint=_HINT)
    is_fixed = status.st_uid == _SUPERUSER and not status.st_mode & _OTHERS_WRITE
    if status.st_uid != os.geteuid() and not is_fixed:
        raise StoreError(f"The cache at {folder} belongs to another user, who could read or change it.", hint=_HINT)


_HINT = "Choose a folder of your own with --cache."


def _tighten(cache: Path) -> None:
    entries = [Path(entry) for entry in os.scandir(cache)]
    tables = [path for path in entries if is_cache_folder(path)]
    if len(tables) == sum(path.name not in (BUCKETS, ENGINES, NETWORKS, WEIGHTS, PRUNE_LOCK) for path in entries):
        tables.append(cache)
    for folder in tables:
        if _is_open(folder):
            for path in (folder, *_files(folder)):
                with suppress(OSError):
                    _revoke(path)
            if _is_open(folder):
                _LOG.warning("Other users can access the cache at %s: its permissions cannot be changed.", folder)


def _files(folder: Path) -> Iterator[Path]:
    yield from (Path(entry) for entry in os.scandir(folder) if entry.is_file(follow_symlinks=False))


def _is_open(folder: Path) -> bool:
    status = folder.stat()
    return status.st_uid == os.geteuid() and bool(status.st_mode & _OTHERS)


def _revoke(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | (0 if path.is_dir() else os.O_NOFOLLOW))
    try:
        os.fchmod(descriptor, stat.S_IMODE(os.fstat(descriptor).st_mode) & ~_OTHERS)
    finally:
        os.close(descriptor)
