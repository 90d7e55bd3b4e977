"""Functions that measure and prune the cache directory (`discern cache`)."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from discern.buckets.mirror import cached_copies, remove_copy
from discern.display.displayed import Displayed
from discern.errors import StoreError
from discern.flow.paths import cache_folder
from discern.serving.browser_engine import cached_engines
from discern.store import BUCKETS, cached_networks, prune, survey


@dataclass(frozen=True, kw_only=True, repr=False)
class CacheResult(Displayed):
    """Result of `discern.cache`, with the size of each cache section and the bytes freed.

    Attributes:
        folder: cache directory.
        shelves: sections of the cache, each with its rows and bytes.
        freed: bytes freed by pruning.
    """

    folder: Path
    shelves: list[dict[str, Any]]
    freed: int

    def to_json(self) -> dict[str, Any]:
        """Return the result as a JSON-serialisable dictionary.

        Keys:
            folder: absolute path of the cache directory.
            bytes: total size in bytes.
            shelves: sections of the cache, each with `name`, `rows` and `bytes`.
            freed: bytes freed by pruning.
        """
        total = sum(shelf["bytes"] for shelf in self.shelves)
        return {"folder": str(self.folder), "bytes": total, "shelves": self.shelves, "freed": self.freed}


def cache(*, prune_to: float | None = None, folder: str | Path | None = None) -> CacheResult:
    """Measure the size of the cache directory and optionally remove old entries.

    Deleting the directory is always safe.

    Args:
        prune_to: bytes to keep; least recently used entries are deleted first, exported networks and
            downloads last. None deletes nothing.
        folder: cache directory; None for the user's cache directory.

    Raises:
        StoreError: the directory is a file, or another process is using it.
    """
    root = cache_folder(folder)
    if root.exists() and not root.is_dir():
        raise StoreError(f"The cache directory {root} is not a folder.", hint="Choose a folder with --cache.")
    freed = 0 if prune_to is None else _prune(root, prune_to)
    shelves = [{"name": each.name, "rows": each.rows, "bytes": each.bytes} for each in survey(root)]
    return CacheResult(folder=root, shelves=shelves + _list_files(root), freed=freed)


def _prune(root: Path, keep_bytes: float) -> int:
    """Delete the least recently used entries: computed tables first, then what was downloaded or exported."""
    engines, networks, copies = cached_engines(root), cached_networks(root), cached_copies(root)
    kept = engines | networks | copies
    size_of_kept = sum(kept.values())
    fits = size_of_kept <= keep_bytes
    freed = prune(root, keep_bytes=keep_bytes - size_of_kept if fits else keep_bytes)
    entries = {root: list(engines)}
    for path in networks:
        entries.setdefault(path.with_suffix(""), []).append(path)
    entries |= {path: [path] for path in copies}
    for paths in sorted(entries.values(), key=_last_used):
        if size_of_kept <= keep_bytes:
            break
        for path in paths:
            if path in copies:
                remove_copy(path)
            path.unlink(missing_ok=True)
            size_of_kept, freed = size_of_kept - kept[path], freed + kept[path]
    return freed


def _last_used(paths: list[Path]) -> float:
    return max((path.stat().st_mtime for path in paths if path.exists()), default=0.0)


def _list_files(root: Path) -> list[dict[str, Any]]:
    sections = {"engines": cached_engines(root), BUCKETS: cached_copies(root)}
    for path, size in cached_networks(root).items():
        sections.setdefault(path.parent.name, {})[path] = size
    return [
        {"name": name, "rows": len(sizes), "bytes": sum(sizes.values())} for name, sizes in sections.items() if sizes
    ]
