"""On-disk cache that stores image properties and thumbnails by content hash."""

import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import PIL

from discern.picture import THUMB, Limits
from discern.picture.picture_facts import FACTS
from discern.store import Rows, Shelf

VERSION = 4
"""Version of the facts and thumbnails, incremented whenever the same bytes give different ones."""

# Not tuned: bounds the memory for pending rows to 3 MiB, and the work lost on interruption to seconds.
_FLUSH_ROWS = 256
_FLUSH_SECONDS = 5.0
_NO_CONTENT = "0" * 64


class PictureCache:
    """Thread-safe on-disk cache of image properties and thumbnails.

    Args:
        cache: directory of the cache.
        limits: picture limits; entries computed under another pixel limit are separate.
    """

    def __init__(self, cache: Path, limits: Limits) -> None:
        kind = f"{VERSION}-pillow{PIL.__version__}-{limits.max_pixels}"
        self._facts = Shelf(cache, f"facts-{kind}", FACTS)
        self._thumbs = Shelf(cache, f"thumbs-{kind}", np.dtype(np.uint8), shape=(THUMB, THUMB, 3))
        self._lock = threading.Lock()
        self._new: dict[str, int] = {}
        self._new_facts = np.empty(_FLUSH_ROWS, FACTS)
        self._new_thumbs = np.empty((_FLUSH_ROWS, THUMB, THUMB, 3), np.uint8)
        self._flushed_at = time.monotonic()

    def contains(self, contents: Sequence[str]) -> list[bool]:
        """Return True for each content hash that the cache contains.

        Entries that other processes add later may be missed.
        """
        stored = self._facts.contains(contents) & self._thumbs.contains(contents)
        return [is_stored or content in self._new for is_stored, content in zip(stored.tolist(), contents, strict=True)]

    def add(self, content: str, facts: np.void, thumb: np.ndarray) -> None:
        """Add an image's properties and thumbnail to the cache.

        Pending entries are written to disk every 256 rows or 5 seconds.

        Args:
            content: sha256 of the file, hex.
            facts: a row of `FACTS`.
            thumb: uint8 [64, 64, 3].
        """
        with self._lock:
            at = self._new.setdefault(content, len(self._new))
            self._new_facts[at], self._new_thumbs[at] = facts, thumb
            if len(self._new) == _FLUSH_ROWS or time.monotonic() - self._flushed_at > _FLUSH_SECONDS:
                self._write()

    def flush(self) -> None:
        """Write pending cache entries to disk."""
        with self._lock:
            self._write()

    def _write(self) -> None:
        count = len(self._new)
        self._thumbs.put(list(self._new), self._new_thumbs[:count])
        self._facts.put(list(self._new), self._new_facts[:count])
        self._new.clear()
        self._flushed_at = time.monotonic()

    def verified(self) -> "VerifiedFiles":
        """Return the names of the cache files that this process has written or verified."""
        return VerifiedFiles(facts=self._facts.verified(), thumbs=self._thumbs.verified())

    def mark_verified(self, verified: "VerifiedFiles") -> None:
        """Skip verification of cache files that another process of the same run has verified."""
        self._facts.mark_verified(verified.facts)
        self._thumbs.mark_verified(verified.thumbs)

    def facts(self, contents: Sequence[str]) -> np.ndarray:
        """Read the properties of images from the cache on disk.

        The result is a structured array `[n]` of type `FACTS`.
        """
        return self._facts.rows(contents)[:]

    def thumbs(self, contents: Sequence[str | None]) -> Rows:
        """Read the thumbnails of images from the cache on disk, with black ones for None.

        The result is uint8 `[N, 64, 64, 3]`.
        """
        self._thumbs.put([_NO_CONTENT], np.zeros((1, THUMB, THUMB, 3), np.uint8))
        return self._thumbs.rows([content or _NO_CONTENT for content in contents])

    def missing(self, contents: Sequence[str | None]) -> list[int]:
        """Return the positions of the content hashes that the cache on disk lacks.

        Each content is returned once; None is never missing.
        """
        positions = [at for at, content in enumerate(contents) if content]
        present = [content for content in contents if content]
        return [positions[at] for at in sorted({*self._facts.missing(present), *self._thumbs.missing(present)})]


class VerifiedFiles(NamedTuple):
    """Names of the cache files whose content has been verified."""

    facts: set[str]
    thumbs: set[str]
