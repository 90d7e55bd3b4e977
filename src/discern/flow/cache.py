"""`discern cache`: what is kept so that nothing is computed twice."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from discern.errors import StoreError
from discern.flow.paths import cache_folder
from discern.serving.browser_engine import cached_engines
from discern.store import prune, survey


@dataclass(frozen=True, kw_only=True)
class CacheResult:
    """What the cache holds.

    Attributes:
        folder: where it is.
        shelves: each kind of kept thing with its rows and bytes.
        freed: bytes that pruning gave back.
    """

    folder: Path
    shelves: list[dict[str, Any]]
    freed: int

    def to_json(self) -> dict[str, Any]:
        """Plain values; paths are absolute.

        Keys:
            folder: where it is.
            bytes: how large all of it is.
            shelves: each kind of kept thing with `name`, `rows` and `bytes`.
            freed: bytes that pruning gave back.
        """
        total = sum(shelf["bytes"] for shelf in self.shelves)
        return {"folder": str(self.folder), "bytes": total, "shelves": self.shelves, "freed": self.freed}


def cache(*, prune_to: float | None = None, folder: str | Path | None = None) -> CacheResult:
    """Say what the cache holds; it may always be deleted, and is then computed or fetched anew.

    Args:
        prune_to: bytes to keep; what was used longest ago goes first, and what had to be fetched goes last. None:
            nothing goes.
        folder: the cache's folder; None: the user's cache folder.

    Raises:
        StoreError: it is a file, or another process holds it.
    """
    kept = cache_folder(folder)
    if kept.exists() and not kept.is_dir():
        raise StoreError(f"{kept} is no folder, so nothing is kept there.", hint="Name a folder with --cache.")
    freed = 0 if prune_to is None else _prune(kept, prune_to)
    shelves = [{"name": each.name, "rows": each.rows, "bytes": each.bytes} for each in survey(kept)]
    return CacheResult(folder=kept, shelves=shelves + _engines(kept), freed=freed)


def _prune(kept: Path, keep_bytes: float) -> int:
    engines = cached_engines(kept)
    held = sum(engines.values())
    freed = prune(kept, keep_bytes=keep_bytes - held if held <= keep_bytes else keep_bytes)
    if held > keep_bytes:
        for path, size in engines.items():
            path.unlink(missing_ok=True)
            freed += size
    return freed


def _engines(kept: Path) -> list[dict[str, Any]]:
    sizes = cached_engines(kept).values()
    return [{"name": "engines", "rows": len(sizes), "bytes": sum(sizes)}] if sizes else []
