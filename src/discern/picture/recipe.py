"""Preprocessing recipe that converts images to model input and is stored with the model."""

import hashlib
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, get_args

import numpy as np
from PIL import Image

from discern.errors import UsageError
from discern.picture.decode import opened
from discern.picture.file_format import Limits
from discern.picture.pixel_hash import require_pixels
from discern.picture.sixteen_bits import FULL_RANGE, choose_white

Fit = Literal["crop", "pad", "stretch"]
FIT_OPTIONS: Mapping[str, Fit] = {"crop": "crop", "pad": "pad", "squash": "stretch"}
"""Values of the option that chooses how pictures are fitted, each with its name in a recipe."""

Filter = Literal["bicubic", "bilinear", "lanczos"]

_FILTERS = {
    "bicubic": Image.Resampling.BICUBIC,
    "bilinear": Image.Resampling.BILINEAR,
    "lanczos": Image.Resampling.LANCZOS,
}
_FILTER_SUPPORT = 3  # pixels; of Lanczos, the widest filter
_ELONGATED_RATIO = 1.6
_ELONGATED_SHARE = 0.25  # not tuned
_MAX_SIZE = 4096


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """Preprocessing recipe that converts images of any size to square model input.

    Attributes:
        size: side of the output, in pixels.
        resize: length in pixels of the shorter side before the crop ("crop", >= size), of the longer side inside the
            square ("pad", <= size), or `size` itself ("stretch").
        fit: "crop" keeps the centre, "pad" the whole picture on a background of `fill`, "stretch" the whole picture
            without its aspect ratio.
        filter: resampling filter, antialiased.
        fill: sRGB colour of the background, 0-255; the default is the mean colour of ImageNet, nearly zero once
            normalised.
        white: value that becomes white in pictures with 16 bits per channel; less than 65,535 for cameras of fewer
            bits.

    Raises:
        UsageError: the values are invalid or contradict each other.
    """

    size: int
    resize: int
    fit: Fit = "crop"
    filter: Filter = "bicubic"
    fill: tuple[int, int, int] = (124, 116, 104)
    white: int = FULL_RANGE

    def __post_init__(self) -> None:
        _require(_is_int(self.size) and 1 <= self.size <= _MAX_SIZE, f"size {self.size!r}")
        _require(_is_int(self.resize) and 1 <= self.resize <= _MAX_SIZE, f"resize {self.resize!r}")
        _require(self.fit in get_args(Fit), f"fit {self.fit!r}")
        _require(self.filter in get_args(Filter), f"filter {self.filter!r}")
        _require(
            isinstance(self.fill, tuple)
            and len(self.fill) == 3
            and all(_is_int(v) and 0 <= v <= 255 for v in self.fill),
            f"fill {self.fill!r}",
        )
        _require(_is_int(self.white) and 1 <= self.white <= FULL_RANGE, f"white {self.white!r}")
        fits = {"crop": self.resize >= self.size, "pad": self.resize <= self.size, "stretch": self.resize == self.size}
        _require(fits[self.fit], f"fit {self.fit!r} with resize {self.resize} and size {self.size}")

    def to_json(self) -> dict[str, Any]:
        """Convert the recipe to JSON-serialisable values, without `white` if that is the full range."""
        described = {**asdict(self), "fill": list(self.fill)}
        if self.white == FULL_RANGE:
            del described["white"]
        return described

    @classmethod
    def from_json(cls, described: Mapping[str, Any]) -> "Recipe":
        """Build a recipe from JSON values and validate it.

        Raises:
            UsageError: a key is unknown or missing, or a value has the wrong type or range.
        """
        keys = {field.name for field in fields(cls)}
        valid = isinstance(described, Mapping) and set(described) | {"white"} == keys
        _require(valid, f"other keys than {sorted(keys)}")
        fill = described["fill"]
        return cls(**{**described, "fill": tuple(fill) if isinstance(fill, list) else fill})

    def key(self) -> str:
        """Return the 16-digit hash that identifies the recipe in the feature cache."""
        return hashlib.sha256(json.dumps(self.to_json(), sort_keys=True).encode()).hexdigest()[:16]

    def min_side(self, width: int, height: int) -> int:
        """Compute the shorter side to which an image may be reduced while decoding, in pixels."""
        if self.fit == "pad":
            return max(1, -(-self.resize * min(width, height) // max(width, height)))
        return self.resize


def _is_int(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _require(valid: bool, what: str) -> None:  # noqa: FBT001
    if not valid:
        raise UsageError(f"Invalid recipe: it has {what}.", hint="Create it with discern.picture.choose_recipe.")


def choose_recipe(
    sizes: Sequence[tuple[int, int]], size: int, *, peaks: Iterable[int | None] = (), fit: str | None = None
) -> Recipe:
    """Choose a preprocessing recipe that suits the aspect ratios of the images.

    A centre crop after resizing to 8/7 works best for mildly oblong pictures. At an aspect ratio of 1.6 it loses nearly
    half of the length; where more than a quarter of the pictures exceed that, all are stretched. Accuracy on two packs
    cut to strips (EfficientNet-Lite0 at 192 px, logistic regression; crop, pad, stretch): at 2:1 .872, .864, .890, at
    3:1 .795, .824, .862. A padded strip leaves too few pixels for the picture.

    Args:
        sizes: (width, height) of each readable picture, in pixels.
        size: side of the network's input, in pixels.
        peaks: largest value of each picture with 16 bits per channel, None for others; together they decide `white`.
        fit: one of `FIT_OPTIONS` for all pictures; None to choose by their aspect ratios.

    Raises:
        UsageError: the size or the fit is not supported.
    """
    white = choose_white(peaks)
    elongated = sum(max(pair) > _ELONGATED_RATIO * min(pair) for pair in sizes)
    if fit is None:
        fit = "squash" if elongated > _ELONGATED_SHARE * len(sizes) else "crop"
    chosen = FIT_OPTIONS[check_fit(fit)]
    # Beyond 3,584 px the picture before the crop would exceed the largest size.
    resize = min(_MAX_SIZE, round(size * 8 / 7)) if chosen == "crop" else size
    return Recipe(size=size, resize=resize, fit=chosen, white=white)


def check_fit(fit: str) -> str:
    """Return a value of the option that chooses how pictures are fitted, if there is such a value.

    Raises:
        UsageError: it is not one of `FIT_OPTIONS`.
    """
    if fit not in FIT_OPTIONS:
        raise UsageError(
            f"Unknown fit: {fit!r}.",
            hint="Use crop (the centre), pad (the whole picture, with borders) or squash (the whole, made square).",
        )
    return fit


def check_size(size: int) -> int:
    """Return a side of the model's input in pixels, if a recipe may have it.

    Raises:
        UsageError: it is not a whole number of the possible range.
    """
    if not _is_int(size) or not 1 <= size <= _MAX_SIZE:
        raise UsageError(f"Invalid size: {size!r}.", hint=f"Choose a whole number of pixels from 1 to {_MAX_SIZE}.")
    return size


def apply_recipe(pixels: np.ndarray, recipe: Recipe) -> np.ndarray:
    """Convert sRGB pixels to square model input by a preprocessing recipe.

    Maps uint8 [H, W, 3] to [size, size, 3].
    """
    return np.asarray(_apply(Image.fromarray(require_pixels(pixels)), recipe))


def load_input(data: bytes, recipe: Recipe, *, limits: Limits = Limits()) -> np.ndarray:  # noqa: B008 - frozen
    """Load an image file and convert it to model input.

    Training and prediction share this function. Equal to `open_picture` and `apply_recipe`, with JPEGs decoded at the
    smallest scale that the recipe allows.

    Returns:
        sRGB, uint8 [size, size, 3], read-only.

    Raises:
        PictureError: the file is not a usable picture; the subclass names the problem.
    """
    with opened(data, limits) as picture:
        return np.asarray(_apply(picture.decode(recipe.min_side(*picture.size), recipe.white), recipe))


def _apply(image: Image.Image, recipe: Recipe) -> Image.Image:
    size, resample = (recipe.size, recipe.size), _FILTERS[recipe.filter]
    width, height = image.size
    if recipe.fit == "stretch":
        return _resize(image, size, resample, (0, 0, width, height))
    if recipe.fit == "crop":
        # Only the cropped area is resampled, so that a picture of 1 x 60,000 pixels costs no more than others.
        side = min(width, height) * recipe.size / recipe.resize
        left, top = (width - side) / 2, (height - side) / 2
        return _resize(image, size, resample, (left, top, left + side, top + side))
    left, top, right, bottom = padded_area(recipe, image.size)
    resized = _resize(image, (right - left, bottom - top), resample, (0, 0, width, height))
    padded = Image.new("RGB", size, recipe.fill)
    padded.paste(resized, (left, top))
    return padded


def padded_area(recipe: Recipe, size: tuple[int, int]) -> tuple[int, int, int, int]:
    """Compute the area of the input that a picture occupies with the fit "pad".

    Args:
        recipe: preprocessing with that fit.
        size: width and height of the upright picture, in pixels.

    Returns:
        Left, top, right and bottom, in pixels of the input.
    """
    scale = recipe.resize / max(size)
    width, height = (max(1, round(side * scale)) for side in size)
    left, top = (recipe.size - width) // 2, (recipe.size - height) // 2
    return left, top, left + width, top + height


def _resize(
    image: Image.Image, size: tuple[int, int], resample: Image.Resampling, box: tuple[float, float, float, float]
) -> Image.Image:
    """Resample a region of an image to a new size, one axis at a time.

    Vertical first where much more height than width is lost, as in Pillow 13: its versions differ in the order of the
    axes, and each pass rounds to bytes.
    """
    left, top, right, bottom = (float(np.float32(edge)) for edge in box)  # Pillow stores boxes in single precision
    width, height = size
    if image.height - height > max(0, 2 * (image.width - width)):
        lower = image.resize((image.width, height), resample, box=(0, top, image.width, bottom))
        return lower.resize(size, resample, box=(left, 0, right, height))
    reach = _FILTER_SUPPORT * max(1, (bottom - top) / height) + 1
    first, last = max(0, int(top - reach)), min(image.height, math.ceil(bottom + reach))
    rows = image.crop((0, first, image.width, last))
    narrow = rows.resize((width, last - first), resample, box=(left, 0, right, last - first))
    return narrow.resize(size, resample, box=(0, top - first, width, bottom - first))
