"""Pictures for a page: small, upright, inside the file."""

import base64
import io
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from discern.errors import DiscernError
from discern.picture import fit

if TYPE_CHECKING:
    from discern.catalog import Catalog

_WARM = np.array([255.0, 122.0, 26.0])
_TINY = 72
_KEPT = 128
_REDUCED = 448


@dataclass(frozen=True, kw_only=True)
class Shot:
    """One picture ready for an `img` element; `uri` is "" where it cannot be shown."""

    uri: str
    alt: str
    width: int
    height: int

    @property
    def tiny(self) -> bool:
        """Whether it has so few pixels that they are better shown as squares."""
        return max(self.width, self.height) <= _TINY


class Gallery:
    """Turns catalog rows into shots.

    Args:
        catalog: where paths, labels, sizes and thumbnails come from.
        pictures: gives the upright pixels of a row, uint8 [H, W, 3]; thumbnails stand in where it fails.
    """

    def __init__(self, catalog: "Catalog", pictures: Callable[[int], np.ndarray]) -> None:
        self._pictures = pictures
        # The same pictures are shown in several places.
        self._kept = lru_cache(maxsize=_KEPT)(self._reduced)
        self._thumbs = catalog.thumbs
        columns = catalog.table.select("path", "label", "width", "height", "error", "pixels")
        self._facts = {name: columns.get_column(name).to_list() for name in columns.columns}

    def path(self, row: int) -> str:
        """The row's path, relative to the root."""
        return str(self._facts["path"][row])

    def label(self, row: int) -> str | None:
        """The row's label."""
        label = self._facts["label"][row]
        return None if label is None else str(label)

    def pixels(self, row: int) -> str | None:
        """The hash of the row's pixels: copies share it."""
        found = self._facts["pixels"][row]
        return None if found is None else str(found)

    def readable(self, row: int) -> bool:
        """Whether there is anything to show."""
        return self._facts["error"][row] is None

    def small(self, row: int) -> Shot:
        """The thumbnail, in the picture's own proportions; opens nothing."""
        if not self.readable(row):
            return self._nothing(row)
        width, height = self._facts["width"][row], self._facts["height"][row]
        side = max(width, height)
        size = (max(8, round(64 * width / side)), max(8, round(64 * height / side)))
        picture = Image.fromarray(np.asarray(self._thumbs[row])).resize(size, Image.Resampling.BICUBIC)
        return Shot(uri=_jpeg(picture, quality=72), alt=self._alt(row), width=size[0], height=size[1])

    def large(self, row: int, side: int) -> Shot:
        """The picture, its longer side at most `side` pixels; the thumbnail where it cannot be opened."""
        pixels = self._open(row)
        if pixels is None:
            return self.small(row)
        return self._shot(row, fit(pixels, side))

    def evidence(
        self, row: int, weight: np.ndarray, side: int, view: Callable[[np.ndarray], np.ndarray]
    ) -> Shot | None:
        """The part of the picture that the model saw, glowing where it speaks most for the answer.

        Args:
            row: the picture.
            weight: float [h, w], how much each place speaks for the answer; the weaker half and what speaks
                against it are not drawn.
            side: the shot's longer side.
            view: pixels to what the model saw of them.
        """
        pixels = self._open(row)
        if pixels is None:
            return None
        picture = Image.fromarray(view(pixels))
        picture.thumbnail((side, side), Image.Resampling.LANCZOS)
        speaks = np.maximum(np.nan_to_num(weight.astype(np.float32)), 0.0)
        speaks = np.maximum(speaks - np.median(speaks), 0.0)
        speaks /= max(float(speaks.max()), 1e-9)
        glow = np.asarray(Image.fromarray(speaks).resize(picture.size, Image.Resampling.BICUBIC)).clip(0, 1)[..., None]
        colours = np.asarray(picture, dtype=np.float32)
        faded = 0.45 * colours.mean(axis=2, keepdims=True) + 0.35 * colours
        shown = faded * (1 - glow) + (0.62 * colours + 0.38 * _WARM) * glow
        return self._shot(row, Image.fromarray(shown.clip(0, 255).astype(np.uint8)), of="Where the model looked in ")

    def _reduced(self, row: int) -> np.ndarray:
        """The picture, no larger than anything shown of it needs."""
        pixels = self._pictures(row)
        if max(pixels.shape[:2]) <= _REDUCED:
            return pixels
        return np.asarray(fit(pixels, _REDUCED))

    def _open(self, row: int) -> np.ndarray | None:
        try:
            return self._kept(row) if self.readable(row) else None
        except (DiscernError, OSError):
            return None

    def _shot(self, row: int, picture: Image.Image, *, of: str = "") -> Shot:
        return Shot(uri=_jpeg(picture, quality=78), alt=of + self._alt(row), width=picture.width, height=picture.height)

    def _nothing(self, row: int) -> Shot:
        return Shot(uri="", alt=f"{self.path(row)} cannot be shown", width=64, height=64)

    def _alt(self, row: int) -> str:
        label = self.label(row)
        return f"{self.path(row)}, labelled {label}" if label is not None else self.path(row)


def _jpeg(picture: Image.Image, *, quality: int) -> str:
    stream = io.BytesIO()
    tiny = max(picture.size) <= _TINY
    picture.convert("RGB").save(
        stream, "JPEG", quality=quality + 10 * tiny, subsampling=0 if tiny else 2, optimize=True
    )
    return "data:image/jpeg;base64," + base64.b64encode(stream.getvalue()).decode("ascii")
