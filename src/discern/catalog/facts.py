"""What is worth knowing of a picture, taken from its bytes once and kept by their hash."""

import threading
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import PIL
import polars as pl

from discern.picture import THUMB, Limits
from discern.picture.looking import FACTS
from discern.store import Rows, Shelf

# Raised whenever the same bytes give other facts than before.
_VERSION = 2
_KEPT_AT_ONCE = 512
_KEPT_SECONDS = 5.0
_NO_CONTENT = "0" * 64


class KnownPictures:
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
        self._new: set[str] = set()
        self._parts: list[tuple[list[str], np.ndarray, np.ndarray]] = []
        self._kept_at = time.monotonic()

    def __contains__(self, content: str) -> bool:
        return content in self._new or (content in self._facts and content in self._thumbs)

    def add(self, contents: Sequence[str], facts: np.ndarray, thumbs: np.ndarray) -> None:
        """Remember n pictures, and write what has gathered now and then.

        Args:
            contents: of their files, n.
            facts: structured [n], as `picture.looking.look` notes them.
            thumbs: uint8 [n, 64, 64, 3].
        """
        with self._lock:
            self._new.update(contents)
            self._parts.append((list(contents), facts, thumbs))
            due = len(self._new) >= _KEPT_AT_ONCE or time.monotonic() - self._kept_at > _KEPT_SECONDS
        if due:
            self.keep()

    def keep(self) -> None:
        """Write what has been added, so that no later scan computes it again."""
        with self._lock:
            if self._parts:
                contents, facts, thumbs = zip(*self._parts, strict=True)
                named = [content for some in contents for content in some]
                self._thumbs.put(named, np.concatenate(thumbs))
                self._facts.put(named, np.concatenate(facts))
                self._new.clear()
                self._parts.clear()
            self._kept_at = time.monotonic()

    def facts(self, contents: Sequence[str]) -> pl.DataFrame:
        """Give a row of facts (columns as `look` names them, null for nothing) for each known picture."""
        facts = self._facts.rows(contents)[:]
        return pl.DataFrame(
            {
                "pixels": _text(facts["pixels"]),
                "width": facts["width"],
                "height": facts["height"],
                "format": _text(facts["format"]),
                "mode": _text(facts["mode"]),
                "sharpness": pl.Series(facts["sharpness"]).fill_nan(None),
                "camera": _text(facts["camera"]).replace("", None),
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


def _text(values: np.ndarray) -> pl.Series:
    """Bytes "S" [n] as text; numpy's own text would take four bytes for each character."""
    return pl.Series(values.tolist(), dtype=pl.Binary).cast(pl.String)
