"""Functions that confirm that two pictures show overlapping parts of one source.

One picture is laid over the other at their shift. Where they overlap, they must agree in every part: a logo, a border
or a horizon that many pictures share agrees, but not what surrounds it.
"""

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Self

import numpy as np
from PIL import Image

from discern.grouping.near_copies.agreement import windows_agree
from discern.grouping.near_copies.align import align, bilinear, place, slopes
from discern.grouping.near_copies.grey_pictures import read_greys
from discern.grouping.near_copies.rotation_invariants import blur, brightness, half_extents, halved
from discern.grouping.near_copies.scratch_arrays import blocks
from discern.parallel import parallel_map
from discern.progress import Progress, silent

if TYPE_CHECKING:
    from discern.catalog import Catalog

_BATCH = 16  # pairs that fit in the processor's cache
_SMOOTH = 0.8
_STEPS = 3
_PAIRS_READ = 256
_FEWEST_PIXELS = 12  # along a side of an overlap


@dataclass(frozen=True, kw_only=True)
class Overlay:
    """Agreement of pairs of pictures laid over each other.

    Args:
        affine: maps from the frames of the second pictures to those of the first, float32 [P, 2, 3].
        agreement: mean correlation in windows with texture, [P] in [-1, 1].
        texture: share of windows with texture, [P].
        windows: number of windows with texture, [P].
        isotropy: ratio of the gradients' power across the strongest direction to that along it, [P] in [0, 1].
        overlap: share of the second picture that the first covers, [P].
        scale: largest difference of the scale of the map from 1, in any direction, [P].
    """

    affine: np.ndarray
    agreement: np.ndarray
    texture: np.ndarray
    windows: np.ndarray
    isotropy: np.ndarray
    overlap: np.ndarray
    scale: np.ndarray

    def take(self, at: np.ndarray) -> Self:
        """Select pairs by an index array or a mask."""
        return type(self)(**{name: values[at] for name, values in vars(self).items()})


def join_overlays(parts: list[Overlay]) -> Overlay:
    """Concatenate one or more overlays."""
    return Overlay(**{name: np.concatenate([vars(part)[name] for part in parts]) for name in vars(parts[0])})


def overlay_thumbs(thumbs: np.ndarray, first: np.ndarray, second: np.ndarray, shift: np.ndarray) -> Overlay:
    """Lay thumbnails over each other at a shift, and refine it.

    Args:
        thumbs: uint8 [n, S, S, 3].
        first: positions of the thumbnails that stay, int [P].
        second: positions of those that are laid over them, int [P].
        shift: columns and rows to add to a place in the second for that in the first, [P, 2].
    """
    side = thumbs.shape[1]
    greys = blur(brightness(thumbs), _SMOOTH)
    parts = []
    for at in blocks(len(first), _BATCH) or [np.zeros(0, np.int64)]:
        affine = np.zeros((len(at), 2, 3), np.float32)
        affine[:, 0, 0] = affine[:, 1, 1] = 1
        affine[:, :, 2] = shift[at] * (2 / side)
        parts.append(_overlay(greys[first[at]], greys[second[at]], affine))
    return join_overlays(parts)


def _overlay(first: np.ndarray, second: np.ndarray, affine: np.ndarray, *, coarse: bool = False) -> Overlay:
    extents = half_extents(*(np.full(len(first), size) for size in (first.shape[2], first.shape[1])))
    frames = extents, extents
    if coarse:
        even = np.s_[:, : first.shape[1] // 2 * 2, : first.shape[2] // 2 * 2]
        affine, _ = align(halved(first[even]), halved(second[even]), affine, frames, steps=_STEPS)
    affine, _ = align(first, second, affine, frames, steps=_STEPS)
    placed = place(affine, frames, first.shape[1:], second.shape[1:])
    inside = placed.inside.reshape(second.shape)
    agreement, texture = windows_agree(bilinear(first, placed).reshape(second.shape), second, inside)
    covered = inside.mean(axis=(1, 2))
    windows = texture * covered * (second.shape[1] // 4 - 1) * (second.shape[2] // 4 - 1)
    scales = np.linalg.svd(affine[:, :, :2], compute_uv=False)
    return Overlay(
        affine=affine,
        agreement=agreement,
        texture=texture,
        windows=windows,
        isotropy=_isotropy(second, inside),
        overlap=covered,
        scale=np.abs(scales - 1).max(axis=1),
    )


def _isotropy(planes: np.ndarray, inside: np.ndarray) -> np.ndarray:
    across, down = slopes(planes) * inside, slopes(planes.transpose(0, 2, 1)).transpose(0, 2, 1) * inside
    xx, yy, xy = ((a * b).sum(axis=(1, 2)) for a, b in ((across, across), (down, down), (across, down)))
    root = np.sqrt(((xx - yy) / 2) ** 2 + xy * xy)
    ratio: np.ndarray = ((xx + yy) / 2 - root) / np.maximum((xx + yy) / 2 + root, 1e-6)
    return ratio


def overlay_pictures(
    catalog: "Catalog", pairs: np.ndarray, affine: np.ndarray, *, progress: Progress = silent
) -> Overlay:
    """Lay decoded pictures over each other, at up to 256 pixels along the shorter side.

    The pictures are read a few hundred at a time, in the order in which the storage is read fastest.

    Args:
        catalog: the pictures.
        pairs: rows of the pictures that stay and of those that are laid over them, int [P, 2].
        affine: maps from the frames of the second thumbnails to those of the first, float32 [P, 2, 3].
        progress: called with the stage, pairs done and in all.

    Returns:
        The overlays, whose maps and shares are those of the cropped overlaps.
    """
    found = [_NONE.take(np.zeros(0, np.int64))]
    for at in blocks(len(pairs), _PAIRS_READ):
        greys = read_greys(catalog, np.unique(pairs[at]))
        ends = zip(pairs[at].tolist(), affine[at], strict=True)
        found += parallel_map([partial(_overlay_pair, greys[a], greys[b], start) for (a, b), start in ends])
        progress("confirm overlaps", int(at[-1]) + 1, len(pairs))
    return join_overlays(found)


def _overlay_pair(first: Image.Image, second: Image.Image, affine: np.ndarray) -> Overlay:
    """Crop both pictures to their overlap, and lay one over the other."""
    if second.size != first.size:
        second = second.resize(first.size, Image.Resampling.BILINEAR)
    x, y = (round(float(affine[a, 2]) / 2 * size) for a, size in enumerate(first.size))
    width, height = first.width - abs(x), first.height - abs(y)
    if min(width, height) < _FEWEST_PIXELS:
        return _NONE
    left, top = max(x, 0), max(y, 0)
    planes = [
        blur(np.asarray(grey.crop((a, b, a + width, b + height)), np.float32)[None], _SMOOTH)
        for grey, a, b in ((first, left, top), (second, left - x, top - y))
    ]
    identity = np.array([[[1, 0, 0], [0, 1, 0]]], np.float32)
    return _overlay(planes[0], planes[1], identity, coarse=min(width, height) >= 2 * _FEWEST_PIXELS)


_NONE = Overlay(
    affine=np.zeros((1, 2, 3), np.float32),
    **{name: np.full(1, -1.0) for name in ("agreement", "texture", "windows", "isotropy", "overlap", "scale")},
)
