"""Normalisation of the pixels that a network takes as floating-point numbers."""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from discern.errors import UsageError

Channels = tuple[float, float, float]

WHITE = 255.0
_HINT = (
    "The numbers are those that the network was trained with. Pass for example --mean .485,.456,.406 --deviation "
    ".229,.224,.225 (torchvision, and most networks of timm), --mean .5 --deviation .5, or --scale 255 alone for a "
    "network that takes pixels from 0 to 255 as they are."
)
_MEANS = ("mean", "image_mean", "pixel_mean", "img_mean", "norm_mean", "input_mean")
_DEVIATIONS = ("std", "image_std", "pixel_std", "img_std", "norm_std", "input_std", "deviation", "stddev")
# Values of the key "Image.NominalPixelRange", which ONNX defines.
_RANGES: Mapping[str, tuple[float, float, float]] = {
    "nominalrange_0_255": (0.0, 1.0, 255.0),
    "normalized_0_1": (0.0, 1.0, 1.0),
    "normalized_1_1": (0.5, 0.5, 1.0),
}


@dataclass(frozen=True, kw_only=True)
class Normalisation:
    """Mean and standard deviation by which the channels of RGB pixels are normalised.

    Attributes:
        mean: subtracted from each channel.
        deviation: divides each channel after that, positive.
        scale: value of white before both, 1 or 255.
    """

    mean: Channels
    deviation: Channels
    scale: float

    @classmethod
    def of(
        cls, *, mean: float | Sequence[float] | None, deviation: float | Sequence[float] | None, scale: float | None
    ) -> Self | None:
        """Create a normalisation from options, each with one number per channel or one for all three.

        Without `scale`, a mean or deviation above 1 means pixels from 0 to 255. Without both of the others, pixels are
        only scaled.

        Returns:
            The normalisation; None if no option is given.

        Raises:
            UsageError: the options are incomplete, or contradict each other.
        """
        if mean is None and deviation is None:
            if scale is None:
                return None
            mean, deviation = 0.0, 1.0
        if mean is None or deviation is None:
            raise UsageError("The mean and the deviation belong together, and one is missing.", hint=_HINT)
        centre, spread = _channels("mean", mean), _channels("deviation", deviation)
        if min(spread) <= 0:
            raise UsageError(f"Invalid deviation: {_join(spread)}. It is not positive.", hint=_HINT)
        return cls(mean=centre, deviation=spread, scale=_choose_scale(centre, spread, scale))

    @classmethod
    def read(cls, metadata: Mapping[str, str]) -> Self | None:
        """Read a normalisation from the metadata of an ONNX file.

        It is found under the key that ONNX defines for the range of pixels, or as a mean and a deviation under their
        usual names, in text or in JSON.

        Returns:
            The normalisation; None if the metadata have none.

        Raises:
            UsageError: the metadata cannot be understood, or describe pictures that are not RGB.
        """
        found = dict(_flatten(metadata))
        order = str(found.get("image.bitmappixelformat", "rgb8")).lower()
        if order != "rgb8":
            raise UsageError(f"Its metadata ask for pictures in the format {order[:20]!r}.", hint="Export it for RGB.")
        mean, deviation = (next((found[key] for key in keys if key in found), None) for keys in (_MEANS, _DEVIATIONS))
        if mean is not None or deviation is not None:
            return cls.of(mean=_numbers(mean), deviation=_numbers(deviation), scale=None)
        nominal = found.get("image.nominalpixelrange")
        if nominal is None:
            return None
        if str(nominal).lower() not in _RANGES:
            raise UsageError(f"Its metadata ask for the range of pixels {str(nominal)[:30]!r}.", hint=_HINT)
        centre, spread, scale = _RANGES[str(nominal).lower()]
        return cls.of(mean=centre, deviation=spread, scale=scale)

    def describe(self) -> str:
        """Describe the normalisation in words.

        >>> Normalisation.of(mean=0.5, deviation=0.25, scale=None).describe()
        'pixels from 0 to 1, mean 0.5,0.5,0.5, deviation 0.25,0.25,0.25'
        """
        return f"pixels from 0 to {self.scale:g}, mean {_join(self.mean)}, deviation {_join(self.deviation)}"


def missing_normalisation() -> tuple[str, str]:
    """Return the message and the hint for a network whose normalisation is not known."""
    return "does not take uint8 pixels, and its metadata do not tell how its float pixels are normalised", _HINT


def _channels(what: str, numbers: float | Sequence[float]) -> Channels:
    values = (numbers,) if isinstance(numbers, int | float) else tuple(numbers)
    values *= 3 if len(values) == 1 else 1
    usual = all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)
    if len(values) != 3 or not usual or not all(map(math.isfinite, values)):
        raise UsageError(f"Invalid {what}: {_join(values)}. It needs one number, or one per colour.", hint=_HINT)
    red, green, blue = (float(value) for value in values)
    return red, green, blue


def _choose_scale(mean: Channels, deviation: Channels, scale: float | None) -> float:
    largest = max(*map(abs, mean), *deviation)
    if scale is None:
        if not any(mean) and deviation == (1.0, 1.0, 1.0):
            raise UsageError(
                "A mean of 0 and a deviation of 1 do not tell the range of the pixels.",
                hint="Pass --scale 1 for pixels from 0 to 1, or --scale 255 for pixels from 0 to 255.",
            )
        return WHITE if largest > 1 else 1.0
    if scale not in (1, WHITE):
        raise UsageError(f"Invalid scale: {scale}.", hint="Use 1 for pixels from 0 to 1, or 255 for 0 to 255.")
    if (scale == 1 and largest > 1) or (scale == WHITE and 0 < max(map(abs, mean)) <= 1):
        raise UsageError(
            f"The mean {_join(mean)} and the deviation {_join(deviation)} are not those of pixels from 0 to {scale:g}.",
            hint="Omit --scale: it follows from the numbers.",
        )
    return float(scale)


def _flatten(metadata: Mapping[str, Any], depth: int = 2) -> Iterator[tuple[str, Any]]:
    """List metadata with their keys in lower case, and those in JSON texts and objects before them."""
    for value in metadata.values():
        inner = _parse_object(value) if isinstance(value, str) else value
        if isinstance(inner, dict) and depth:
            yield from _flatten({str(name): each for name, each in inner.items()}, depth - 1)
    yield from ((key.lower(), value) for key, value in metadata.items())


def _parse_object(text: str) -> Any:
    if not text.lstrip().startswith("{"):
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _numbers(value: Any) -> Sequence[float] | None:
    if value is None or isinstance(value, list):
        return value
    try:
        return [float(number) for number in str(value).strip("[]() \n").replace(",", " ").split()]
    except ValueError:
        raise UsageError(f"Its metadata give the numbers {str(value)[:60]!r}.", hint=_HINT) from None


def _join(numbers: Sequence[Any]) -> str:
    return ",".join(f"{number:g}" if isinstance(number, float) else str(number) for number in numbers)
