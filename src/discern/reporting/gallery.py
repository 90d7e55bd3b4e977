"""Functions that load images of the dataset as inline JPEG data URIs for HTML pages."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, cast

import numpy as np
from PIL import Image

from discern.display.picture_uri import jpeg_uri
from discern.errors import DiscernError
from discern.parallel import Executor
from discern.picture import Recipe, cells_inside, fit, restore_shape

if TYPE_CHECKING:
    from concurrent.futures import Future

    from discern.catalog import Catalog

_HIGHLIGHT = np.array([255.0, 122.0, 26.0])
_TINY = 72
_CACHED_PICTURES = 128
_CACHED_SIDE = 448


@dataclass(frozen=True, kw_only=True)
class PageImage:
    """Attributes of an HTML `img` element, with an empty `uri` if the image cannot be shown."""

    uri: str
    alt: str
    width: int
    height: int

    @property
    def tiny(self) -> bool:
        """Return True if the image is too small for smooth scaling."""
        return max(self.width, self.height) <= _TINY


class _LaterImage:
    """Image that an executor makes in the meantime; its attributes wait for it."""

    def __init__(self, made: "Future[PageImage]") -> None:
        self._made = made

    def __getattr__(self, name: str) -> object:
        return getattr(self._made.result(), name)


class Gallery:
    """Source of inline images and thumbnails for the pictures of a catalog.

    Args:
        catalog: source of paths, labels, sizes and thumbnails.
        pictures: returns the upright pixels of a row, uint8 [H, W, 3]; if it fails, the thumbnail is shown.
        executor: makes the images while the page is built; None: each is made when it is asked for.
    """

    def __init__(
        self, catalog: "Catalog", pictures: Callable[[int], np.ndarray], executor: Executor | None = None
    ) -> None:
        self._pictures, self._executor = pictures, executor
        # The same pictures are shown in several sections.
        self._cached = lru_cache(maxsize=_CACHED_PICTURES)(self._load)
        self._thumbs = catalog.thumbs
        columns = catalog.table.select("path", "label", "width", "height", "error", "pixels")
        self._values = {name: columns.get_column(name).to_list() for name in columns.columns}

    def path(self, row: int) -> str:
        """Return the path of a picture relative to the dataset folder."""
        return str(self._values["path"][row])

    def rows_by_path(self, paths: set[str]) -> dict[str, int]:
        """Return the rows of the pictures with the given paths."""
        return {path: row for row, path in enumerate(self._values["path"]) if path in paths}

    def label(self, row: int) -> str | None:
        """Return the class label of a picture."""
        label = self._values["label"][row]
        return None if label is None else str(label)

    def pixels(self, row: int) -> str | None:
        """Return the pixel hash of a picture, which is the same for exact copies."""
        found = self._values["pixels"][row]
        return None if found is None else str(found)

    def readable(self, row: int) -> bool:
        """Return True if the image file of a picture can be decoded."""
        return self._values["error"][row] is None

    def thumbnail(self, row: int) -> PageImage:
        """Return the catalog's thumbnail of a picture in its original aspect ratio."""
        if not self.readable(row):
            return self._placeholder(row)
        width, height = self._values["width"][row], self._values["height"][row]
        side = max(width, height)
        size = (max(8, round(64 * width / side)), max(8, round(64 * height / side)))
        picture = Image.fromarray(np.asarray(self._thumbs[row])).resize(size, Image.Resampling.BICUBIC)
        return PageImage(uri=_jpeg(picture, quality=72), alt=self._alt(row), width=size[0], height=size[1])

    def picture(self, row: int, side: int) -> PageImage:
        """Return the image scaled down to `side` pixels, or its thumbnail if it cannot be opened."""
        if self._executor is None:
            return self._scaled(row, side)
        return cast("PageImage", _LaterImage(self._executor.submit(self._scaled, row, side)))

    def evidence(
        self,
        row: int,
        weight: np.ndarray,
        side: int,
        view: Callable[[np.ndarray], np.ndarray],
        recipe: Recipe | None = None,
    ) -> PageImage | None:
        """Overlay an evidence map on the image that the model sees, in the picture's own shape and without padding.

        Args:
            row: the picture.
            weight: float [h, w], evidence for the predicted label; values below the median or 0 are not drawn.
            side: longer side of the image.
            view: converts pixels to the model's input.
            recipe: preprocessing that `view` follows; None if the input shows the picture in its own shape.

        Returns:
            The image; None if the picture cannot be opened.
        """
        pixels = self._open(row)
        if pixels is None:
            return None
        size = pixels.shape[1], pixels.shape[0]
        heat = np.maximum(np.nan_to_num(weight.astype(np.float32)), 0.0)
        inside = np.ones(heat.shape, bool) if recipe is None else cells_inside(recipe, size, heat.shape)
        heat = np.where(inside, np.maximum(heat - np.median(heat[inside]), 0.0), 0.0).astype(np.float32)
        heat /= max(float(heat.max()), 1e-9)
        blended = _highlight(Image.fromarray(view(pixels)), heat)
        shown = Image.fromarray(blended if recipe is None else restore_shape(blended, recipe, size))
        shown.thumbnail((side, side), Image.Resampling.LANCZOS)
        return self._image(row, shown, prefix="Evidence map of ")

    def _scaled(self, row: int, side: int) -> PageImage:
        pixels = self._open(row)
        return self.thumbnail(row) if pixels is None else self._image(row, fit(pixels, side))

    def _load(self, row: int) -> np.ndarray:
        """Load an image and scale it down to the largest display size."""
        pixels = self._pictures(row)
        if max(pixels.shape[:2]) <= _CACHED_SIDE:
            return pixels
        return np.asarray(fit(pixels, _CACHED_SIDE))

    def _open(self, row: int) -> np.ndarray | None:
        try:
            return self._cached(row) if self.readable(row) else None
        except (DiscernError, OSError):
            return None

    def _image(self, row: int, picture: Image.Image, *, prefix: str = "") -> PageImage:
        return PageImage(
            uri=_jpeg(picture, quality=78), alt=prefix + self._alt(row), width=picture.width, height=picture.height
        )

    def _placeholder(self, row: int) -> PageImage:
        return PageImage(uri="", alt=f"{self.path(row)} cannot be shown", width=64, height=64)

    def _alt(self, row: int) -> str:
        label = self.label(row)
        return f"{self.path(row)}, labelled {label}" if label is not None else self.path(row)


def _highlight(picture: Image.Image, heat: np.ndarray) -> np.ndarray:
    """Fade a picture except where a map in 0..1 is high."""
    opacity = np.asarray(Image.fromarray(heat).resize(picture.size, Image.Resampling.BICUBIC)).clip(0, 1)[..., None]
    colours = np.asarray(picture, dtype=np.float32)
    faded = 0.45 * colours.mean(axis=2, keepdims=True) + 0.35 * colours
    blended = faded * (1 - opacity) + (0.62 * colours + 0.38 * _HIGHLIGHT) * opacity
    highlighted: np.ndarray = blended.clip(0, 255).astype(np.uint8)
    return highlighted


def _jpeg(picture: Image.Image, *, quality: int) -> str:
    tiny = max(picture.size) <= _TINY
    return jpeg_uri(picture, quality=quality + 10 * tiny, subsampling=0 if tiny else 2)
