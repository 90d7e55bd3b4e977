"""Functions that measure brightness, contrast and borders of image thumbnails."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from discern.store import Rows

    Floats = NDArray[np.float32]

_BLOCK = 256
# Definitions of the attributes; not tuned. The checks that use them have tuned thresholds.
_PERCENTILE_1, _PERCENTILE_5, _PERCENTILE_95 = 0.01, 0.05, 0.95
_WHITE_LEVEL, _CLIPPED_LEVEL = 250, 252
_FRAME = 4


@dataclass(frozen=True, kw_only=True)
class Exposure:
    """Brightness and border statistics of image thumbnails.

    Values are in levels from 0 to 255, and NaN for unreadable pictures. Brightness is measured inside a frame of 4 of
    64 pixels, so that added borders do not matter.

    Attributes:
        mean: float32 [N], mean brightness.
        percentile_1: float32 [N], first percentile of the brightness.
        percentile_5: float32 [N], fifth percentile of the brightness.
        lightest: float32 [N], 95th percentile of the lightest channel, so that a deep blue sky is not dark.
        deviation: float32 [N], largest standard deviation of a channel.
        white_share: float32 [N], share of white pixels, in [0, 1].
        clipped_share: float32 [N], share of pixels with a channel at its maximum, in [0, 1].
        non_white_median: float32 [N], median brightness of the pixels that are not white; 255 without such pixels.
        centre: float32 [N, 3], mean red, green and blue of the central half.
        border: float32 [N, 7], of the outermost frame: mean red, green and blue, standard deviation along it, and
            differences in red, green and blue from a frame 4 of 64 pixels further in.
    """

    mean: "Floats"
    percentile_1: "Floats"
    percentile_5: "Floats"
    lightest: "Floats"
    deviation: "Floats"
    white_share: "Floats"
    clipped_share: "Floats"
    non_white_median: "Floats"
    centre: "Floats"
    border: "Floats"

    @classmethod
    def measure(cls, thumbs: "Rows | NDArray[np.uint8]", rows: "NDArray[np.int64]") -> Self:
        """Compute the exposure statistics of the given thumbnails."""
        measured = np.full((len(thumbs), 18), np.nan, np.float32)
        for start in range(0, len(rows), _BLOCK):
            block = rows[start : start + _BLOCK]
            measured[block] = _measure(np.asarray(thumbs[block]))
        mean, percentile_1, percentile_5, lightest, deviation, white, clipped, non_white = measured[:, :8].T
        return cls(
            mean=mean,
            percentile_1=percentile_1,
            percentile_5=percentile_5,
            lightest=lightest,
            deviation=deviation,
            white_share=white,
            clipped_share=clipped,
            non_white_median=non_white,
            centre=measured[:, 8:11],
            border=measured[:, 11:],
        )


def _measure(thumbs: "NDArray[np.uint8]") -> "Floats":
    """Compute the exposure statistics of a batch of thumbnails."""
    coarse = thumbs[:, _FRAME:-_FRAME:2, _FRAME:-_FRAME:2]
    # One channel at a time: numpy is slow over a last axis of three.
    planes = [np.ascontiguousarray(coarse[..., channel]).reshape(len(thumbs), -1) for channel in range(3)]
    red, green, blue = (plane.astype(np.uint16) for plane in planes)
    white = np.minimum(np.minimum(planes[0], planes[1]), planes[2]) >= _WHITE_LEVEL
    brightness = ((77 * red + 150 * green + 29 * blue) >> 8).astype(np.uint8)
    # White sorts last, so that the median of the rest is at a known place.
    rest = np.sort(np.where(white, np.uint8(255), brightness), axis=1, kind="stable")
    brightness = np.sort(brightness, axis=1, kind="stable")
    lightest = np.sort(np.maximum(np.maximum(planes[0], planes[1]), planes[2]), axis=1, kind="stable")
    last = brightness.shape[1] - 1
    outer, inner = _frame(thumbs, 0), _frame(thumbs, _FRAME)
    columns: list[Any] = [
        brightness.mean(axis=1),
        brightness[:, round(_PERCENTILE_1 * last)],
        brightness[:, round(_PERCENTILE_5 * last)],
        lightest[:, round(_PERCENTILE_95 * last)],
        np.max([plane.std(axis=1, dtype=np.float32) for plane in planes], axis=0),
        white.mean(axis=1),
        (lightest >= _CLIPPED_LEVEL).mean(axis=1),
        np.take_along_axis(rest, ((~white).sum(axis=1, keepdims=True) // 2), axis=1)[:, 0],
        *(thumbs[:, 16:48:2, 16:48:2, channel].mean(axis=(1, 2)) for channel in range(3)),
        *(channel.mean(axis=1) for channel in outer),
        np.mean([channel.std(axis=1) for channel in outer], axis=0),
        *(first.mean(axis=1) - second.mean(axis=1) for first, second in zip(outer, inner, strict=True)),
    ]
    return np.stack(columns, axis=1).astype(np.float32)


def _frame(thumbs: "NDArray[np.uint8]", distance: int) -> "list[Floats]":
    """Return the pixels of a one-pixel frame at a given distance from the image's edge."""
    first, last = distance, thumbs.shape[1] - 1 - distance
    along = slice(first, last + 1)
    sides = (thumbs[:, first, along], thumbs[:, last, along], thumbs[:, along, first], thumbs[:, along, last])
    frame = np.concatenate(sides, axis=1).astype(np.float32)
    return [np.ascontiguousarray(frame[..., channel]) for channel in range(3)]
