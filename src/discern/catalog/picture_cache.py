"""What is worth knowing of a picture, taken from its bytes once and kept by their hash."""

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

# Raised whenever the same bytes give other facts than before.
_VERSION = 2
_KEPT_AT_ONCE = 256
_KEPT_SECONDS = 5.0
_NO_CONTENT = "0" * 64


class PictureCache:
    """The facts and thumbnails that the cache keeps; threads may ask and tell at once.

    Args:
        cache: the cache's folder.
        limits: what is refused under other limits is known apart.
    """

    def __init__(self, cache: Path, limits: Limits) -> None:
        kind = f"{_VERSION}-pillow{PIL.__version__}-{limits.max_pixels}"
        self._facts = Shelf(cache, f"facts-{kind}", FACTS)
        self._thumbs = Shelf(cache, f"thumbs-{kind}", np.dtype(np.uint8), shape=(THUMB, THUMB, 3))
        self._lock = threading.Lock()
        self._new: dict[str, int] = {}
        self._new_facts = np.empty(_KEPT_AT_ONCE, FACTS)
        self._new_thumbs = np.empty((_KEPT_AT_ONCE, THUMB, THUMB, 3), np.uint8)
        self._kept_at = time.monotonic()

    def known(self, contents: Sequence[str]) -> list[bool]:
        """Tell which pictures need not be looked at, as far as was known when this began."""
        kept = self._facts.known(contents) & self._thumbs.known(contents)
        return [one or content in self._new for one, content in zip(kept.tolist(), contents, strict=True)]

    def add(self, content: str, facts: np.void, thumb: np.ndarray) -> None:
        """Remember a picture, and write what has gathered now and then.

        Args:
            content: of its file.
            facts: a row of `picture.looking.FACTS`.
            thumb: uint8 [64, 64, 3].
        """
        with self._lock:
            at = self._new.setdefault(content, len(self._new))
            self._new_facts[at], self._new_thumbs[at] = facts, thumb
            if len(self._new) == _KEPT_AT_ONCE or time.monotonic() - self._kept_at > _KEPT_SECONDS:
                self._write()

    def keep(self) -> None:
        """Write what has been added, so that no later scan computes it again."""
        with self._lock:
            self._write()

    def _write(self) -> None:
        count = len(self._new)
        self._thumbs.put(list(self._new), self._new_thumbs[:count])
        self._facts.put(list(self._new), self._new_facts[:count])
        self._new.clear()
        self._kept_at = time.monotonic()

    def proven(self) -> "Proven":
        """Name what was written or hashed here, for a `PictureCache` of another process to trust."""
        return Proven(facts=self._facts.proven(), thumbs=self._thumbs.proven())

    def trust(self, proven: "Proven") -> None:
        """Do not hash again what another process of this very run has proven."""
        self._facts.trust(proven.facts)
        self._thumbs.trust(proven.thumbs)

    def facts(self, contents: Sequence[str]) -> np.ndarray:
        """Give the facts, structured [n] as `picture.looking.FACTS`, of pictures that are known and kept."""
        return self._facts.rows(contents)[:]

    def thumbs(self, contents: Sequence[str | None]) -> Rows:
        """Give the thumbnails, uint8 [N, 64, 64, 3], of pictures that are known and kept; black for None."""
        self._thumbs.put([_NO_CONTENT], np.zeros((1, THUMB, THUMB, 3), np.uint8))
        return self._thumbs.rows([content or _NO_CONTENT for content in contents])

    def missing(self, contents: Sequence[str | None]) -> list[int]:
        """Give the positions of pictures that are not kept, equal ones once; None is never missing."""
        asked = [(at, content) for at, content in enumerate(contents) if content]
        named = [content for _, content in asked]
        return [asked[at][0] for at in sorted({*self._facts.missing(named), *self._thumbs.missing(named)})]


class Proven(NamedTuple):
    """Files of the cache that hold what was written, by name."""

    facts: set[str]
    thumbs: set[str]
