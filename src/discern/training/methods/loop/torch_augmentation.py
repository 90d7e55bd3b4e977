"""Augmentation of training pictures, each by a function of seed, epoch and content.

The same picture is changed in the same way whatever the order, the batch and the number of workers. Nothing flips
pictures upside down. Torchvision's transforms draw from one global generator, so only its functions are used, with
numbers drawn here.
"""

from dataclasses import dataclass

import numpy as np

from discern.errors import UsageError

NONE, LIGHT, STRONG = "none", "light", "strong"
LEVELS = (NONE, LIGHT, STRONG)
# Strengths, not tuned. Hues stay: the colour of a picture often is its label.
_LARGEST_SHIFT, _CONTRAST, _BRIGHTNESS = 1 / 8, 0.2, 0.1
_SMALLEST_AREA, _LONGEST_ASPECT, _LARGEST_ANGLE, _LARGEST_FACTOR = 0.5, 4 / 3, 10.0, 1.4
_LUMINANCE = np.array([0.299, 0.587, 0.114], np.float32)  # ITU-R BT.601


@dataclass(frozen=True, kw_only=True)
class Augmentation:
    """Random changes of training pictures.

    Attributes:
        level: "none"; "light" (shift, contrast and brightness); or "strong" (crop, rotation, contrast, brightness and
            saturation; the training loop also mixes pictures).
        mirror: also mirror every second picture, left to right, unless the level is "none".

    Raises:
        UsageError: the level is unknown.
    """

    level: str = LIGHT
    mirror: bool = True

    def __post_init__(self) -> None:
        if self.level not in LEVELS:
            raise UsageError(f"Unknown augmentation: {self.level}.", hint=f"Use one of: {', '.join(LEVELS)}.")

    def apply(self, pictures: np.ndarray, contents: np.ndarray, *, seed: int, epoch: int) -> np.ndarray:
        """Change pictures.

        Args:
            pictures: float32 `[m, side, side, 3]` in 0..1.
            contents: uint64 `[m]`, taken from the hashes of their content.
            seed: random seed.
            epoch: number of the epoch.
        """
        if self.level == NONE:
            return pictures
        change = _change_lightly if self.level == LIGHT else _change_strongly
        changed = np.empty_like(pictures)
        for place, (picture, content) in enumerate(zip(pictures, contents, strict=True)):
            changed[place] = change(picture, np.random.default_rng([seed, epoch, int(content)]), mirror=self.mirror)
        return changed


def _change_lightly(picture: np.ndarray, random: np.random.Generator, *, mirror: bool) -> np.ndarray:
    side = len(picture)
    reach = max(round(side * _LARGEST_SHIFT), 1)
    down, right = random.integers(0, 2 * reach + 1, 2)
    padded = np.pad(picture, ((reach, reach), (reach, reach), (0, 0)), mode="reflect")
    picture = _mirror(padded[down : down + side, right : right + side], random, mirror=mirror)
    contrast, brightness = random.uniform(-_CONTRAST, _CONTRAST), random.uniform(-_BRIGHTNESS, _BRIGHTNESS)
    mean = picture.mean()
    return np.asarray((picture - mean) * np.float32(1 + contrast) + np.float32(mean + brightness), np.float32)


def _change_strongly(picture: np.ndarray, random: np.random.Generator, *, mirror: bool) -> np.ndarray:
    import torch
    from torchvision.transforms.v2 import InterpolationMode, functional

    side = len(picture)
    area, aspect = random.uniform(_SMALLEST_AREA, 1), _factor(random, _LONGEST_ASPECT) ** 0.5
    height, width = (min(max(round(side * area**0.5 * each), 1), side) for each in (1 / aspect, aspect))
    top, left = random.integers(0, side - height + 1), random.integers(0, side - width + 1)
    picture = _mirror(picture, random, mirror=mirror).transpose(2, 0, 1).copy()
    changed = functional.resized_crop(
        torch.from_numpy(picture), int(top), int(left), height, width, [side, side], antialias=True
    )
    mean = changed.mean(dim=(1, 2), keepdim=True)
    angle = random.uniform(-_LARGEST_ANGLE, _LARGEST_ANGLE)
    # Corners get the mean: zero once it is subtracted, which takes a quarter of the time of a given fill.
    changed = functional.rotate(changed - mean, angle, interpolation=InterpolationMode.BILINEAR) + mean
    return _change_colours(changed.numpy().transpose(1, 2, 0), random)


def _change_colours(picture: np.ndarray, random: np.random.Generator) -> np.ndarray:
    brightness, contrast, saturation = (np.float32(_factor(random, _LARGEST_FACTOR)) for _ in range(3))
    grey = picture @ _LUMINANCE
    picture = grey[..., None] * (1 - saturation) + picture * saturation
    mean = grey.mean()
    return np.asarray(((picture - mean) * contrast + mean) * brightness, np.float32).clip(0, 1)


def _mirror(picture: np.ndarray, random: np.random.Generator, *, mirror: bool) -> np.ndarray:
    """Mirror every second picture; the number is drawn in any case, so that the other changes stay the same."""
    return picture[:, ::-1] if random.random() < 0.5 and mirror else picture


def _factor(random: np.random.Generator, largest: float) -> float:
    """Draw a factor between 1 / largest and largest, evenly on a logarithmic scale."""
    return float(largest ** random.uniform(-1, 1))
