"""Statistics of the model's input that reveal a change of camera or light."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from discern.picture.pixel_hash import require_pixels
from discern.picture.sharpness import green_of, measure_sharpness


@dataclass(frozen=True, kw_only=True)
class PictureStatistics:
    """Statistics of one image, as the network sees it.

    Attributes:
        brightness: mean of all channels of all pixels, in [0, 1].
        sharpness: steepness of the edges, in [0, 1], see `sharpness`; 0 for a picture without edges.
    """

    brightness: float
    sharpness: float


def measure_statistics(inputs: Sequence[np.ndarray] | np.ndarray) -> list[PictureStatistics]:
    """Measure the statistics of preprocessed images.

    It takes about a tenth of a millisecond for each image of 192 pixels.

    Args:
        inputs: model input as returned by `apply_recipe`, each uint8 `[size, size, 3]`.

    Raises:
        UsageError: an image is not of this type and shape.
    """
    sharpness = measure_sharpness([green_of(require_pixels(each)) for each in inputs])
    return [
        # Integers are added twice as fast as `mean` adds numbers.
        PictureStatistics(
            brightness=int(each.sum(dtype=np.uint32)) / (255 * each.size),
            sharpness=0.0 if steepness != steepness else float(steepness),  # noqa: PLR0124 - NaN
        )
        for each, steepness in zip(inputs, sharpness, strict=True)
    ]
