"""What is worth knowing of a picture, taken from its bytes once and kept by their hash."""

import threading
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import PIL
import polars as pl

from discern.picture import (
    SCAN_SHORTEST,
    THUMB,
    Limits,
    open_picture,
    pixel_hash,
    read_header,
    thumbnail,
)
from discern.store import Rows, Shelf

# Raised whenever the same bytes give other facts than before.
_VERSION = 1
_FACTS = np.dtype([("pixels", "S64"), ("width", "<i4"), ("height", "<i4"), ("format", "S8"), ("mode", "S16")])
_KEPT_AT_ONCE = 512
_KEPT_SECONDS = 5.0
_NO_CONTENT = "0" * 64


def look(data: bytes, limits: Limits) -> tuple[np.ndarray, np.ndarray]:
    """Open a picture and note what it is.

    Returns:
        facts: structured [] with `pixels` (hash in hex), `width`, `height` (upright), `format`, `mode`.
        thumb: uint8 [64, 64, 3].

    Raises:
        PictureError: the bytes are no usable picture.
    """
    header = read_header(data, limits=limits)
    pixels = open_picture(data, shortest=SCAN_SHORTEST, limits=limits)
    facts = np.array((pixel_hash(pixels), header.width, header.height, header.format, header.mode), _FACTS)
    return facts, thumbnail(pixels)


class KnownPictures:
    """The facts and thumbnails that the cache keeps; threads may ask and tell at once.

    Args:
        cache: the cache's folder.
        limits: what is refused under other limits is known apart.
    """

    def __init__(self, cache: Path, limits: Limits) -> None:
        kind = f"{_VERSION}-pillow{PIL.__version__}-{limits.max_pixels}"
        self._facts = Shelf(cache, f"facts-{kind}", _FACTS)
        self._thumbs = Shelf(cache, f"thumbs-{kind}", np.dtype(np.uint8), shape=(THUMB, THUMB, 3))
        self._lock = threading.Lock()
        self._new: dict[str, tuple[np.ndarray, np.ndarray]] = {}
        self._kept_at = time.monotonic()

    def __contains__(self, content: str) -> bool:
        return content in self._new or (content in self._facts and content in self._thumbs)

    def add(self, content: str, facts: np.ndarray, thumb: np.ndarray) -> None:
        """Remember a picture, and write what has gathered now and then."""
        with self._lock:
            self._new[content] = (facts, thumb)
            due = len(self._new) >= _KEPT_AT_ONCE or time.monotonic() - self._kept_at > _KEPT_SECONDS
        if due:
            self.keep()

    def keep(self) -> None:
        """Write what has been added, so that no later scan computes it again."""
        with self._lock:
            if self._new:
                contents = list(self._new)
                self._thumbs.put(contents, np.stack([thumb for _, thumb in self._new.values()]))
                self._facts.put(contents, np.stack([facts for facts, _ in self._new.values()]))
                self._new.clear()
            self._kept_at = time.monotonic()

    def facts(self, contents: Sequence[str]) -> pl.DataFrame:
        """Give a row of facts (columns `pixels`, `width`, `height`, `format`, `mode`) for each known picture."""
        facts = self._facts.rows(contents)[:]
        return pl.DataFrame(
            {
                "pixels": facts["pixels"].astype(str),
                "width": facts["width"],
                "height": facts["height"],
                "format": facts["format"].astype(str),
                "mode": facts["mode"].astype(str),
            }
        )

    def thumbs(self, contents: Sequence[str | None]) -> Rows:
        """Give the thumbnails, uint8 [N, 64, 64, 3], of pictures that are known and kept; black for None."""
        self._thumbs.put([_NO_CONTENT], np.zeros((1, THUMB, THUMB, 3), np.uint8))
        return self._thumbs.rows([content or _NO_CONTENT for content in contents])

    def missing_thumbs(self, contents: Sequence[str | None]) -> list[int]:
        """Give the positions of pictures whose thumbnail is not kept, equal ones once; None is never missing."""
        known = [(at, content) for at, content in enumerate(contents) if content]
        return [known[at][0] for at in self._thumbs.missing([content for _, content in known])]
