"""Functions that compare candidate pairs of near-duplicate images, from coarse to fine detail."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from PIL import Image

from discern.grouping.near_copies.agreement import colours_differ, windows_agree
from discern.grouping.near_copies.align import Alignment, align, bilinear, place
from discern.grouping.near_copies.candidates import Candidates, best_of_each
from discern.grouping.near_copies.grey_pictures import read_greys, resize_grey
from discern.grouping.near_copies.rotation_invariants import blur, brightness, half_extents, halved
from discern.grouping.near_copies.scratch_arrays import blocks
from discern.grouping.near_copies.squash import is_shape_kept
from discern.parallel import parallel_map
from discern.progress import Progress, silent

if TYPE_CHECKING:
    from discern.catalog import Catalog

# Pairs per batch that fit in the processor's cache.
_COARSE_BATCH = 64
_FINE_BATCH = 16
_PAIRS_READ = 256
_MAX_DENSITY = 64.0  # pixels per frame unit, half the shorter side
_BLUR = 0.8
# As many as are proposed where look-alikes do not crowd. benchmarks/copies.py, plain kinds on X-rays, seed 0:
# half as many miss 3 of 40 copies turned with a grown canvas besides.
_FINE_PAIRS_PER_PICTURE = 10


@dataclass(frozen=True, kw_only=True)
class CompareConfig:
    """Thresholds for comparing candidate pairs of near-duplicate images.

    They are chosen on development seeds of benchmarks/copies.py.

    Args:
        min_correlation: smallest correlation of brightness of aligned 32-pixel thumbnails.
        min_agreement: smallest mean correlation in windows of aligned 64-pixel thumbnails.
        min_texture: smallest share of windows with texture.
        min_overlap: smallest share of the narrow picture that the wide one covers.
        max_anisotropy: largest ratio of the scales of the map in two directions, in the true or in the square frame.
        max_hue_difference: largest mean difference of chromaticity.
        max_light_difference: largest mean difference of log brightness.
    """

    min_correlation: float = 0.85
    min_agreement: float = 0.65
    min_texture: float = 0.08
    min_overlap: float = 0.4
    max_anisotropy: float = 1.1
    max_hue_difference: float = 0.09
    max_light_difference: float = 0.5


def compare_thumbs(
    catalog: "Catalog",
    jobs: Sequence[Callable[[], Candidates]],
    config: CompareConfig,
    *,
    progress: Progress = silent,
) -> tuple[Candidates, np.ndarray]:
    """Select the distinct candidate pairs whose thumbnails match.

    Args:
        catalog: pictures of the pairs.
        jobs: 1 or more jobs that each return pairs; a pair may be returned more than once.
        config: thresholds of the comparison.
        progress: called with the stage, pictures done and in all.

    Returns:
        The pairs with refined maps, and their mean correlation, [P] in [-1, 1].
    """
    sizes = catalog.table.select(pl.col("width", "height").fill_null(1)).to_numpy()
    extents = half_extents(sizes[:, 0], sizes[:, 1])
    parts, scores = [], []
    comparisons = [partial(_compare, catalog, job, extents, config) for job in jobs]
    for done, (selected, score) in enumerate(parallel_map(comparisons), 1):
        parts.append(selected)
        scores.append(score)
        progress("compare pictures", len(catalog) * done // len(jobs), len(catalog))
    return _distinct(Candidates.join(parts), np.concatenate(scores))


def compare_pictures(
    catalog: "Catalog", pairs: Candidates, config: CompareConfig, *, progress: Progress = silent
) -> np.ndarray:
    """Compare candidate pairs in the decoded images, up to 128 pixels along the shorter side.

    The pictures are read a few hundred at a time, in the order in which the storage is read fastest.

    Returns:
        The mean correlation of each aligned pair, [P] in [0, 1]; 0 where a threshold is not met.
    """
    agreement = np.zeros(len(pairs))
    for at in blocks(len(pairs), _PAIRS_READ):
        batch = pairs.take(at)
        greys = read_greys(catalog, np.union1d(batch.wide, batch.narrow))
        ends = zip(batch.wide.tolist(), batch.narrow.tolist(), batch.affine[:, None], strict=True)
        jobs = [partial(_compare_pair, greys[wide], greys[narrow], affine, config) for wide, narrow, affine in ends]
        agreement[at] = list(parallel_map(jobs))
        progress("confirm copies", int(at[-1]) + 1, len(pairs))
    return agreement


def _compare(
    catalog: "Catalog", job: Callable[[], Candidates], extents: np.ndarray, config: CompareConfig
) -> tuple[Candidates, np.ndarray]:
    """Compare the thumbnails of a job coarsely and then finely, reading each once."""
    pairs = job()
    rows, ends = np.unique(np.concatenate([pairs.wide, pairs.narrow]), return_inverse=True)
    pairs = replace(pairs, wide=ends[: len(pairs)], narrow=ends[len(pairs) :])
    thumbs, frames = catalog.thumbs[rows], extents[rows]
    coarse = [blur(halved(brightness(thumbs[at])), 0.7) for at in _batches(len(rows), _COARSE_BATCH)]
    planes = np.concatenate(coarse)
    batches = [pairs.take(at) for at in _batches(len(pairs), _COARSE_BATCH)]
    pairs = Candidates.join([_compare_coarse(planes, batch, frames, config) for batch in batches])
    pairs = best_of_each(pairs, _FINE_PAIRS_PER_PICTURE)
    compared = [_compare_fine(thumbs, pairs.take(at), frames, config) for at in _batches(len(pairs), _FINE_BATCH)]
    selected = Candidates.join([batch for batch, _ in compared])
    score = np.concatenate([score for _, score in compared])
    return replace(selected, wide=rows[selected.wide], narrow=rows[selected.narrow]), score


def _batches(count: int, size: int) -> list[np.ndarray]:
    """Split positions into blocks, or return one empty block."""
    return blocks(count, size) or [np.zeros(0, np.int64)]


def _compare_coarse(planes: np.ndarray, pairs: Candidates, extents: np.ndarray, config: CompareConfig) -> Candidates:
    """Select candidate pairs by the correlation of small registered thumbnails, which becomes their agreement."""
    frames = extents[pairs.wide], extents[pairs.narrow]
    affine, correlation = align(planes[pairs.wide], planes[pairs.narrow], pairs.affine, frames, steps=2)
    return replace(pairs, affine=affine, agreement=correlation).take(correlation >= config.min_correlation)


def _compare_fine(
    thumbs: np.ndarray, pairs: Candidates, extents: np.ndarray, config: CompareConfig
) -> tuple[Candidates, np.ndarray]:
    """Select candidate pairs by the similarity of registered thumbnails in structure and colour."""
    colours = thumbs[pairs.wide], thumbs[pairs.narrow]
    frames = extents[pairs.wide], extents[pairs.narrow]
    wide, narrow = (blur(brightness(pixels), _BLUR) for pixels in colours)
    affine, _ = align(wide, narrow, pairs.affine, frames, steps=3)
    placed = place(affine, frames, wide.shape[1:], narrow.shape[1:])
    score = np.where(_is_plausible(affine, frames, placed, config), _agreement(wide, narrow, placed, config), -1)
    at = np.flatnonzero(score >= config.min_agreement)
    at = at[_same_colours(colours[0][at], colours[1][at], placed.take(at), config)]
    return replace(pairs, affine=affine).take(at), score[at]


def _is_plausible(
    affine: np.ndarray, extents: tuple[np.ndarray, np.ndarray], placed: Alignment, config: CompareConfig
) -> np.ndarray:
    covered = placed.inside.mean(axis=1) >= config.min_overlap
    plausible: np.ndarray = is_shape_kept(affine, extents, config.max_anisotropy) & covered
    return plausible


def _agreement(wide: np.ndarray, narrow: np.ndarray, placed: Alignment, config: CompareConfig) -> np.ndarray:
    sampled = bilinear(wide, placed).reshape(narrow.shape)
    agreement, texture = windows_agree(sampled, narrow, placed.inside.reshape(narrow.shape))
    return np.where(texture >= config.min_texture, agreement, -1)


def _same_colours(wide: np.ndarray, narrow: np.ndarray, placed: Alignment, config: CompareConfig) -> np.ndarray:
    sampled = bilinear(wide.astype(np.float32), placed).reshape(narrow.shape)
    hue, light = colours_differ(sampled, narrow.astype(np.float32), placed.inside.reshape(narrow.shape[:3]))
    return (hue <= config.max_hue_difference) & (light <= config.max_light_difference)


def _distinct(pairs: Candidates, score: np.ndarray) -> tuple[Candidates, np.ndarray]:
    """Keep the best affine map of each unordered pair of images."""
    ends = np.sort(np.stack([pairs.wide, pairs.narrow], axis=1), axis=1)
    order = np.lexsort((-score, ends[:, 1], ends[:, 0]))
    _, first = np.unique(ends[order], axis=0, return_index=True)
    return pairs.take(order[first]), score[order[first]]


def _compare_pair(wide: Image.Image, narrow: Image.Image, affine: np.ndarray, config: CompareConfig) -> float:
    frames = _extents_of(wide), _extents_of(narrow)
    planes = [
        blur(np.asarray(resize_grey(picture, *size), np.float32)[None], _BLUR)
        for picture, size in zip((wide, narrow), _matching_sizes(wide, narrow, affine[0]), strict=True)
    ]
    affine, _ = align(planes[0], planes[1], affine, frames, steps=3)
    placed = place(affine, frames, planes[0].shape[1:], planes[1].shape[1:])
    if not _is_plausible(affine, frames, placed, config)[0]:
        return 0.0
    return float(np.clip(_agreement(planes[0], planes[1], placed, config)[0], 0, 1))


def _extents_of(picture: Image.Image) -> np.ndarray:
    return half_extents(np.array([picture.width]), np.array([picture.height]))


def _matching_sizes(wide: Image.Image, narrow: Image.Image, affine: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Compute the sizes at which two pictures show equal detail in each direction.

    Neither is enlarged; a picture that was squashed determines the density in one direction only.
    """
    matrix = np.abs(affine[:, :2])
    available = np.linalg.norm(matrix, axis=0) * min(wide.size) / 2
    density = np.minimum(np.minimum(_MAX_DENSITY, min(narrow.size) / 2), available)
    matched = 1 / np.linalg.norm(matrix / density, axis=1)
    return 2 * matched * _extents_of(wide)[0], 2 * density * _extents_of(narrow)[0]
