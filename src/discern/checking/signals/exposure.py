"""How light falls in pictures, taken from their thumbnails."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from discern.store import Rows

    Floats = NDArray[np.float32]

_BLOCK = 256
_DARKEST, _SHADE, _LIGHTEST = 0.01, 0.05, 0.95
_WASHED, _CLIPPED = 250, 252
_INSIDE = 4


@dataclass(frozen=True, kw_only=True)
class Exposure:
    """Brightness and borders of N pictures, in levels from 0 to 255; NaN for unreadable ones.

    Brightness is taken inside a frame of 4 pixels of 64, so that what was put around a picture says nothing of it.

    Attributes:
        mean: float32 [N], of the brightness.
        darkest: float32 [N], a hundredth of the picture is darker.
        shade: float32 [N], a twentieth of the picture is darker.
        lightest: float32 [N], a twentieth of the picture has a lighter channel; so a deep blue sky is not dark.
        spread: float32 [N], the deviation within the channel where it is largest.
        washed: float32 [N], the share of the picture that is white, in [0, 1].
        clipped: float32 [N], the share of the picture where a channel is as light as can be, in [0, 1].
        unwashed: float32 [N], the brightness in the middle of what is not white; 255 where all is.
        centre: float32 [N, 3], mean red, green and blue of the middle half.
        border: float32 [N, 7], of the outermost frame: mean red, green, blue, the deviation along it, and how red,
            green and blue differ from a frame 4 pixels of 64 further in.
    """

    mean: "Floats"
    darkest: "Floats"
    shade: "Floats"
    lightest: "Floats"
    spread: "Floats"
    washed: "Floats"
    clipped: "Floats"
    unwashed: "Floats"
    centre: "Floats"
    border: "Floats"

    @classmethod
    def of(cls, thumbs: "Rows | NDArray[np.uint8]", rows: "NDArray[np.int64]") -> Self:
        """Measure some rows of thumbnails uint8 [N, 64, 64, 3], a few hundred at once."""
        measured = np.full((len(thumbs), 18), np.nan, np.float32)
        for start in range(0, len(rows), _BLOCK):
            block = rows[start : start + _BLOCK]
            measured[block] = _measure(np.asarray(thumbs[block]))
        mean, darkest, shade, lightest, spread, washed, clipped, unwashed = measured[:, :8].T
        return cls(
            mean=mean,
            darkest=darkest,
            shade=shade,
            lightest=lightest,
            spread=spread,
            washed=washed,
            clipped=clipped,
            unwashed=unwashed,
            centre=measured[:, 8:11],
            border=measured[:, 11:],
        )


def _measure(thumbs: "NDArray[np.uint8]") -> "Floats":
    """Give float32 [B, 18] in the order of the class's attributes; inside the frame every second pixel is enough."""
    coarse = thumbs[:, _INSIDE:-_INSIDE:2, _INSIDE:-_INSIDE:2]
    # One channel after the other: three are too few for numpy's loops over the last axis.
    planes = [np.ascontiguousarray(coarse[..., channel]).reshape(len(thumbs), -1) for channel in range(3)]
    red, green, blue = (plane.astype(np.uint16) for plane in planes)
    white = np.minimum(np.minimum(planes[0], planes[1]), planes[2]) >= _WASHED
    brightness = ((77 * red + 150 * green + 29 * blue) >> 8).astype(np.uint8)
    # White is put last, so that the middle of the rest is found by its place.
    rest = np.sort(np.where(white, np.uint8(255), brightness), axis=1, kind="stable")
    brightness = np.sort(brightness, axis=1, kind="stable")
    lightest = np.sort(np.maximum(np.maximum(planes[0], planes[1]), planes[2]), axis=1, kind="stable")
    last = brightness.shape[1] - 1
    outer, inner = _frame(thumbs, 0), _frame(thumbs, _INSIDE)
    columns: list[Any] = [
        brightness.mean(axis=1),
        brightness[:, round(_DARKEST * last)],
        brightness[:, round(_SHADE * last)],
        lightest[:, round(_LIGHTEST * last)],
        np.max([plane.std(axis=1, dtype=np.float32) for plane in planes], axis=0),
        white.mean(axis=1),
        (lightest >= _CLIPPED).mean(axis=1),
        np.take_along_axis(rest, ((~white).sum(axis=1, keepdims=True) // 2), axis=1)[:, 0],
        *(thumbs[:, 16:48:2, 16:48:2, channel].mean(axis=(1, 2)) for channel in range(3)),
        *(side.mean(axis=1) for side in outer),
        np.mean([side.std(axis=1) for side in outer], axis=0),
        *(first.mean(axis=1) - second.mean(axis=1) for first, second in zip(outer, inner, strict=True)),
    ]
    return np.stack(columns, axis=1).astype(np.float32)


def _frame(thumbs: "NDArray[np.uint8]", inside: int) -> "list[Floats]":
    """Give the pixels of a frame one pixel wide, so far from the edge: for each channel float32 [B, P]."""
    first, last = inside, thumbs.shape[1] - 1 - inside
    along = slice(first, last + 1)
    sides = (thumbs[:, first, along], thumbs[:, last, along], thumbs[:, along, first], thumbs[:, along, last])
    whole = np.concatenate(sides, axis=1).astype(np.float32)
    return [np.ascontiguousarray(whole[..., channel]) for channel in range(3)]
