"""How a picture becomes a net's input: data that travels with the model, and the one function that follows it."""

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, get_args

import numpy as np
from PIL import Image

from discern.errors import UsageError
from discern.picture.decode import opened
from discern.picture.file_format import Limits
from discern.picture.pixel_hash import require_pixels

Fit = Literal["crop", "pad", "stretch"]
Filter = Literal["bicubic", "bilinear", "lanczos"]

_FILTERS = {
    "bicubic": Image.Resampling.BICUBIC,
    "bilinear": Image.Resampling.BILINEAR,
    "lanczos": Image.Resampling.LANCZOS,
}
_SUPPORT = 3  # of Lanczos, the widest
_EXTREME = 1.6
_MANY = 0.25
_LARGEST = 4096


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """What is done to a picture before a net sees it.

    Attributes:
        size: side of the square that comes out, in pixels.
        resize: length in pixels of the shorter side before the crop ("crop", >= size), of the longer side inside the
            square ("pad", <= size), or the size itself ("stretch").
        fit: "crop" keeps the middle, "pad" everything on a ground of `fill`, "stretch" everything, bent to a square.
        filter: the resampling filter, antialiased.
        fill: sRGB colour of the ground, 0-255; the default is the mean colour of ImageNet, nearly zero to a net.

    Raises:
        UsageError: the figures do not go together.
    """

    size: int
    resize: int
    fit: Fit = "crop"
    filter: Filter = "bicubic"
    fill: tuple[int, int, int] = (124, 116, 104)

    def __post_init__(self) -> None:
        _require(_whole(self.size) and 1 <= self.size <= _LARGEST, f"size {self.size!r}")
        _require(_whole(self.resize) and 1 <= self.resize <= _LARGEST, f"resize {self.resize!r}")
        _require(self.fit in get_args(Fit), f"fit {self.fit!r}")
        _require(self.filter in get_args(Filter), f"filter {self.filter!r}")
        _require(
            isinstance(self.fill, tuple)
            and len(self.fill) == 3
            and all(_whole(v) and 0 <= v <= 255 for v in self.fill),
            f"fill {self.fill!r}",
        )
        fits = {"crop": self.resize >= self.size, "pad": self.resize <= self.size, "stretch": self.resize == self.size}
        _require(fits[self.fit], f"{self.fit} with resize {self.resize} and size {self.size}")

    def to_json(self) -> dict[str, Any]:
        """Describe it in JSON's types; `from_json` is the way back."""
        return {**asdict(self), "fill": list(self.fill)}

    @classmethod
    def from_json(cls, described: Mapping[str, Any]) -> "Recipe":
        """Read what `to_json` wrote.

        Raises:
            UsageError: a key is unknown or missing, or a value is of the wrong type or range.
        """
        known = {field.name for field in fields(cls)}
        _require(
            isinstance(described, Mapping) and set(described) == known, "its keys: they must be " + str(sorted(known))
        )
        fill = described["fill"]
        return cls(**{**described, "fill": tuple(fill) if isinstance(fill, list) else fill})

    def key(self) -> str:
        """A short hash that stays the same: 16 hex digits. What was computed by another recipe has another key."""
        return hashlib.sha256(json.dumps(self.to_json(), sort_keys=True).encode()).hexdigest()[:16]

    def shortest(self, width: int, height: int) -> int:
        """The shorter side, in pixels, below which a picture of this size should not be decoded."""
        if self.fit == "pad":
            return max(1, -(-self.resize * min(width, height) // max(width, height)))
        return self.resize


def _whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _require(holds: bool, what: str) -> None:  # noqa: FBT001
    if not holds:
        raise UsageError(f"A recipe cannot have {what}.", hint="Let discern.picture.choose_recipe make it.")


def choose_recipe(sizes: Sequence[tuple[int, int]], size: int) -> Recipe:
    """Choose by the aspect ratios of a catalog's pictures.

    The middle after resizing to 8/7 is best where pictures are mildly oblong. A picture 1.6 times as long as wide would
    lose nearly half of its length; where more than a quarter of the pictures are like that, all are stretched. Measured
    on two packs cut to strips (EfficientNet-Lite0 at 192 px, logistic regression; crop, pad, stretch): at 2:1 .872,
    .864, .890, at 3:1 .795, .824, .862. A padded strip leaves the net too few pixels.

    Args:
        sizes: (width, height) of each readable picture, in pixels.
        size: side of the net's input.
    """
    extreme = sum(max(pair) > _EXTREME * min(pair) for pair in sizes)
    if extreme > _MANY * len(sizes):
        return Recipe(size=size, resize=size, fit="stretch")
    return Recipe(size=size, resize=round(size * 8 / 7), fit="crop")


def apply_recipe(pixels: np.ndarray, recipe: Recipe) -> np.ndarray:
    """Follow a recipe: sRGB uint8 [H, W, 3] to uint8 [size, size, 3]."""
    return np.asarray(_follow(Image.fromarray(require_pixels(pixels)), recipe))


def load_input(data: bytes, recipe: Recipe, *, limits: Limits = Limits()) -> np.ndarray:  # noqa: B008 - frozen
    """Bytes of a file to a net's input, in training and in prediction alike.

    A JPEG is decoded at the smallest scale that the recipe allows; for the rest this is `open_picture`, `apply_recipe`.

    Returns:
        sRGB, uint8 [size, size, 3], read-only.

    Raises:
        PictureError: the family's member that names what is wrong.
    """
    with opened(data, limits) as picture:
        return np.asarray(_follow(picture.decode(recipe.shortest(*picture.size)), recipe))


def _follow(image: Image.Image, recipe: Recipe) -> Image.Image:
    size, resample = (recipe.size, recipe.size), _FILTERS[recipe.filter]
    width, height = image.size
    if recipe.fit == "stretch":
        return _resize(image, size, resample, (0, 0, width, height))
    if recipe.fit == "crop":
        # Only what will be seen is resampled, so that a picture of 1 x 60,000 pixels costs no more than another.
        side = min(width, height) * recipe.size / recipe.resize
        left, top = (width - side) / 2, (height - side) / 2
        return _resize(image, size, resample, (left, top, left + side, top + side))
    scale = recipe.resize / max(width, height)
    inner = (max(1, round(width * scale)), max(1, round(height * scale)))
    resized = _resize(image, inner, resample, (0, 0, width, height))
    ground = Image.new("RGB", size, recipe.fill)
    ground.paste(resized, ((recipe.size - resized.width) // 2, (recipe.size - resized.height) // 2))
    return ground


def _resize(
    image: Image.Image, size: tuple[int, int], resample: Image.Resampling, box: tuple[float, float, float, float]
) -> Image.Image:
    """Resample what is in a box, one axis at a time.

    Pillow's versions differ in which axis comes first, and each pass rounds to bytes; so the order is ours: down first
    where much more is lost in height than in width, as Pillow 13 has it.
    """
    left, top, right, bottom = (float(np.float32(edge)) for edge in box)  # Pillow holds them in single precision
    across, down = size
    if image.height - down > max(0, 2 * (image.width - across)):
        lower = image.resize((image.width, down), resample, box=(0, top, image.width, bottom))
        return lower.resize(size, resample, box=(left, 0, right, down))
    reach = _SUPPORT * max(1, (bottom - top) / down) + 1
    first, last = max(0, int(top - reach)), min(image.height, math.ceil(bottom + reach))
    rows = image.crop((0, first, image.width, last))
    narrow = rows.resize((across, last - first), resample, box=(left, 0, right, last - first))
    return narrow.resize(size, resample, box=(0, top - first, across, bottom - first))
