"""Functions that tell whether two frames show the same scene, although the camera has moved.

The best shift of one frame against the other is found by their normalised cross-correlation over the overlap (Padfield
2012, "Masked object registration in the Fourier domain"), and refined to an affine map, which also zooms and turns.
"""

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from discern.grouping.near_copies.agreement import colours_differ, windows_agree
from discern.grouping.near_copies.align import align, bilinear, place
from discern.grouping.near_copies.rotation_invariants import blur, brightness, halved
from discern.grouping.near_copies.scratch_arrays import blocks
from discern.parallel import parallel_map

if TYPE_CHECKING:
    from discern.catalog import Catalog

_BATCH = 64  # pairs that fit in the processor's cache
_STEPS = 4
_LEAST_CORRELATION = 0.6  # of unaligned shapes; lower ones are hardly ever aligned (benchmarks/film_borders.py)
_BLUR = 0.8
_SURE = 0.9
# Not tuned: a camera that moves further between two frames shows another place.
_LEAST_OVERLAP = 0.3
_OVERLAPS = ((0.6, 1.0), (_LEAST_OVERLAP, 0.6))
# Degrees and zooms to start from, where the camera may have turned or come nearer between two frames.
_STARTS = ((0.0, 1.0),)
_TURNED_STARTS = tuple((turn, zoom) for turn in (-7.0, 0.0, 7.0) for zoom in (0.93, 1.0, 1 / 0.93) if turn or zoom != 1)
_LARGEST_ZOOM = 1.6
_LARGEST_STRETCH = 1.35
_LEAST_TEXTURE = 0.08
_FLAT = 4.0  # variance of grey levels below which an overlap has no structure


def agree_moved(catalog: "Catalog", pairs: np.ndarray, *, max_hue: float, turned: bool = False) -> np.ndarray:
    """Measure the agreement of pairs of pictures after aligning one with the other.

    Args:
        catalog: pictures with thumbnails.
        pairs: rows of the pairs, int [P, 2].
        max_hue: largest mean difference of chromaticity in the overlap.
        turned: the camera has turned or come nearer, so that a shift alone aligns nothing; it takes longer.

    Returns:
        The mean correlation over windows with texture, float64 [P] in [-1, 1]; -1 for pairs that differ in colour, or
        that only an implausible map aligns.
    """
    batches = [pairs[at] for at in blocks(len(pairs), _BATCH)]
    found = parallel_map(
        [partial(_agree_batch, catalog, batch, max_hue, _TURNED_STARTS if turned else _STARTS) for batch in batches]
    )
    return np.concatenate([np.zeros(0), *found])


def _agree_batch(
    catalog: "Catalog", pairs: np.ndarray, max_hue: float, starts: Sequence[tuple[float, float]]
) -> np.ndarray:
    rows, ends = np.unique(pairs, return_inverse=True)
    first, second = (catalog.thumbs[rows][end] for end in ends.reshape(pairs.shape).T)
    small = [halved(halved(brightness(thumbs))) for thumbs in (first, second)]
    agreement = np.full(len(pairs), -1.0)
    for start in starts:
        turn = _turn(*start)
        overlaps = _OVERLAPS if start == (0.0, 1.0) else _OVERLAPS[:1]  # chance aligns something in a small overlap
        for shift, correlation in find_shifts(small[0], _turned(small[1], turn), overlaps=overlaps):
            alike = np.flatnonzero((correlation >= _LEAST_CORRELATION) & (agreement < _SURE))
            if len(alike):
                affine = _to_affine(shift[alike], small[0].shape[1], turn)
                found = _agree_aligned(first[alike], second[alike], affine, max_hue)
                agreement[alike] = np.maximum(agreement[alike], found)
    return agreement


def _turn(degrees: float, zoom: float) -> np.ndarray:
    cosine, sine = np.cos(np.radians(degrees)) * zoom, np.sin(np.radians(degrees)) * zoom
    return np.array([[cosine, -sine], [sine, cosine]], np.float32)


def _turned(planes: np.ndarray, turn: np.ndarray) -> np.ndarray:
    """Sample pictures [P, S, S] through a map about their centre."""
    if np.array_equal(turn, np.eye(2)):
        return planes
    affine = np.zeros((len(planes), 2, 3), np.float32)
    affine[:, :, :2] = turn
    square = (np.ones((len(planes), 2), np.float32),) * 2
    return bilinear(planes, place(affine, square, planes.shape[1:], planes.shape[1:])).reshape(planes.shape)


def _agree_aligned(first: np.ndarray, second: np.ndarray, affine: np.ndarray, max_hue: float) -> np.ndarray:
    """Refine the maps from the second thumbnails to the first ones, and measure their agreement."""
    greys = brightness(first), brightness(second)
    square = (np.ones((len(first), 2), np.float32),) * 2
    for planes, sigma in (([halved(grey) for grey in greys], _BLUR), (greys, _BLUR)):
        smooth = [blur(plane, sigma) for plane in planes]
        affine, _ = align(smooth[0], smooth[1], affine, square, steps=_STEPS)
    placed = place(affine, square, smooth[0].shape[1:], smooth[1].shape[1:])
    inside = placed.inside.reshape(smooth[1].shape)
    agreement, texture = windows_agree(bilinear(smooth[0], placed).reshape(smooth[1].shape), smooth[1], inside)
    colours = second.astype(np.float32)
    hue, _ = colours_differ(bilinear(first.astype(np.float32), placed).reshape(colours.shape), colours, inside)
    plausible = _is_camera_motion(affine) & (placed.inside.mean(axis=1) >= _LEAST_OVERLAP)
    return np.where(plausible & (texture >= _LEAST_TEXTURE) & (hue <= max_hue), agreement, -1.0)


def find_shifts(
    first: np.ndarray, second: np.ndarray, *, overlaps: Sequence[tuple[float, float]]
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Find the shifts by which pictures correlate best where they overlap.

    Args:
        first: brightness, float32 [P, S, S].
        second: brightness of the pictures to be found in the first ones, of the same shape.
        overlaps: least and largest overlaps as shares of a picture; one shift is found for each.

    Returns:
        For each range of overlaps, the rows and columns to add to a place in the second picture for that in the first,
        int [P, 2], and the correlation there, [P].
    """
    side = first.shape[1]
    correlation, count = _correlate_overlaps(first, second)
    found = []
    for least, largest in overlaps:
        allowed = (count >= least * side * side) & (count <= largest * side * side)
        inside = np.where(allowed, correlation, -1).reshape(len(first), -1)
        best = inside.argmax(axis=1)
        shift = np.stack(np.unravel_index(best, (2 * side, 2 * side)), axis=1)
        found.append((np.where(shift >= side, shift - 2 * side, shift), inside.max(axis=1)))
    return found


def _correlate_overlaps(first: np.ndarray, second: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Compute the correlation of the overlap for each shift, [P, 2S, 2S], and its size in pixels."""
    side = first.shape[1]
    shape = (2 * side, 2 * side)
    centred = [plane - plane.mean(axis=(1, 2), keepdims=True) for plane in (first, second)]
    one, other = (np.fft.rfft2(plane, shape) for plane in centred)
    powers = [np.fft.rfft2(plane * plane, shape) for plane in centred]
    full = np.fft.rfft2(np.ones((1, side, side), np.float32), shape)

    def correlate(left: np.ndarray, right: np.ndarray) -> np.ndarray:
        return np.fft.irfft2(left * right.conj(), shape)

    count = np.maximum(correlate(full, full).round(), 1)
    sums = correlate(one, full), correlate(full, other)
    squares = correlate(powers[0], full), correlate(full, powers[1])
    variances = [np.maximum(square - total**2 / count, 0) for square, total in zip(squares, sums, strict=True)]
    covariance = correlate(one, other) - sums[0] * sums[1] / count
    flat = _FLAT * count
    return covariance / np.sqrt((variances[0] + flat) * (variances[1] + flat)), count


def _to_affine(shift: np.ndarray, side: int, turn: np.ndarray) -> np.ndarray:
    affine = np.zeros((len(shift), 2, 3), np.float32)
    affine[:, :, :2] = np.linalg.inv(turn)
    affine[:, :, 2] = shift[:, ::-1] * (2 / side)
    return affine


def _is_camera_motion(affine: np.ndarray) -> np.ndarray:
    scales = np.linalg.svd(affine[:, :, :2], compute_uv=False)
    plausible: np.ndarray = (
        (scales[:, 0] <= _LARGEST_ZOOM)
        & (scales[:, 1] >= 1 / _LARGEST_ZOOM)
        & (scales[:, 0] <= _LARGEST_STRETCH * scales[:, 1])
    )
    return plausible
