"""Laying one picture onto another and comparing them: thumbnails first, then the pictures themselves."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from PIL import Image

from discern.grouping.near_copies.agreement import colours_differ, windows_agree
from discern.grouping.near_copies.align import Alignment, align, bilinear, place
from discern.grouping.near_copies.candidates import Candidates
from discern.grouping.near_copies.rotation_invariants import blur, brightness, half_extents, halved
from discern.grouping.near_copies.scratch_arrays import blocks
from discern.parallel import parallel_map
from discern.picture import open_picture
from discern.progress import Progress, silent

if TYPE_CHECKING:
    from discern.catalog import Catalog

# So many pairs at once stay in a processor's cache.
_COARSE = 64
_FINE = 16
_PAIRS_READ = 256
_READ_AHEAD = 32
_SHORTEST = 256
_FINEST = 64.0
_SMOOTH = 0.8


@dataclass(frozen=True, kw_only=True)
class CompareConfig:
    """What a pair must reach to be looked at closer.

    Args:
        first_look: correlation of brightness of 32-pixel thumbnails, laid onto each other.
        thumb: agreement of windows of 64-pixel thumbnails.
        texture: share of the windows in which there is something to compare.
        overlap: share of the narrow picture that the wide one covers.
        stretch: how much more the map may scale one direction than another.
        hue: largest mean difference in the shares of red, green and blue.
        light: largest mean difference of the logarithm of brightness.
    """

    first_look: float = 0.85
    thumb: float = 0.65
    texture: float = 0.08
    overlap: float = 0.4
    stretch: float = 1.1
    hue: float = 0.09
    light: float = 0.5


def compare_thumbs(
    catalog: "Catalog",
    pieces: Sequence[Callable[[], Candidates]],
    config: CompareConfig,
    *,
    progress: Progress = silent,
) -> tuple[Candidates, np.ndarray]:
    """Keep the pairs whose thumbnails agree, each once, with refined maps, and say how well they agree [P].

    Args:
        catalog: whose rows the pairs name.
        pieces: 1 or more, each called once for some pairs; a pair may come more than once.
        config: what thumbnails must reach.
        progress: is told of pictures.
    """
    sizes = catalog.table.select(pl.col("width", "height").fill_null(1)).to_numpy()
    extents = half_extents(sizes[:, 0], sizes[:, 1])
    parts, scores = [], []
    jobs = [partial(_compare, catalog, piece, extents, config) for piece in pieces]
    for done, (kept, score) in enumerate(parallel_map(jobs), 1):
        parts.append(kept)
        scores.append(score)
        progress("compare pictures", len(catalog) * done // len(jobs), len(catalog))
    return _each_once(Candidates.join(parts), np.concatenate(scores))


def compare_pictures(
    catalog: "Catalog", pairs: Candidates, config: CompareConfig, *, progress: Progress = silent
) -> np.ndarray:
    """Read pairs of pictures again, lay them onto each other at the detail that both have: their agreement [P].

    At most 128 pixels along the shorter side. The pictures are read in the order in which the storage is best read, a
    few hundred at a time.
    """
    agreement = np.zeros(len(pairs))
    for at in blocks(len(pairs), _PAIRS_READ):
        some = pairs.take(at)
        greys = _greys(catalog, np.union1d(some.wide, some.narrow))
        ends = zip(some.wide.tolist(), some.narrow.tolist(), some.affine[:, None], strict=True)
        jobs = [partial(_look_at, greys[wide], greys[narrow], affine, config) for wide, narrow, affine in ends]
        agreement[at] = list(parallel_map(jobs))
        progress("confirm copies", int(at[-1]) + 1, len(pairs))
    return agreement


def _compare(
    catalog: "Catalog", piece: Callable[[], Candidates], extents: np.ndarray, config: CompareConfig
) -> tuple[Candidates, np.ndarray]:
    """Read each picture of a piece once; coarse looks first, the fine ones for the pairs that are left."""
    pairs = piece()
    rows, ends = np.unique(np.concatenate([pairs.wide, pairs.narrow]), return_inverse=True)
    pairs = replace(pairs, wide=ends[: len(pairs)], narrow=ends[len(pairs) :])
    thumbs, frames = catalog.thumbs[rows], extents[rows]
    small = [blur(halved(brightness(thumbs[at])), 0.7) for at in _some(len(rows), _COARSE)]
    planes = np.concatenate(small)
    pairs = Candidates.join([_first_look(planes, pairs.take(at), frames, config) for at in _some(len(pairs), _COARSE)])
    looked = [_look(thumbs, pairs.take(at), frames, config) for at in _some(len(pairs), _FINE)]
    kept = Candidates.join([some for some, _ in looked])
    return replace(kept, wide=rows[kept.wide], narrow=rows[kept.narrow]), np.concatenate([score for _, score in looked])


def _some(count: int, size: int) -> list[np.ndarray]:
    """As `blocks`, and an empty one where there are none."""
    return blocks(count, size) or [np.zeros(0, np.int64)]


def _first_look(planes: np.ndarray, pairs: Candidates, extents: np.ndarray, config: CompareConfig) -> Candidates:
    """Refine maps between planes of 32 pixels, and keep the pairs that then correlate."""
    frames = extents[pairs.wide], extents[pairs.narrow]
    affine, correlation = align(planes[pairs.wide], planes[pairs.narrow], pairs.affine, frames, steps=2)
    return replace(pairs, affine=affine).take(correlation >= config.first_look)


def _look(
    thumbs: np.ndarray, pairs: Candidates, extents: np.ndarray, config: CompareConfig
) -> tuple[Candidates, np.ndarray]:
    """Refine maps between thumbnails, and keep the pairs that agree in structure and colours."""
    colours = thumbs[pairs.wide], thumbs[pairs.narrow]
    frames = extents[pairs.wide], extents[pairs.narrow]
    wide, narrow = (blur(brightness(some), _SMOOTH) for some in colours)
    affine, _ = align(wide, narrow, pairs.affine, frames, steps=3)
    placed = place(affine, frames, wide.shape[1:], narrow.shape[1:])
    score = np.where(_sound(affine, placed, config), _agreement(wide, narrow, placed, config), -1)
    kept = np.flatnonzero(score >= config.thumb)
    kept = kept[_same_colours(colours[0][kept], colours[1][kept], placed.take(kept), config)]
    return replace(pairs, affine=affine).take(kept), score[kept]


def _sound(affine: np.ndarray, placed: Alignment, config: CompareConfig) -> np.ndarray:
    scales = np.linalg.svd(affine[:, :, :2], compute_uv=False)
    covered = placed.inside.mean(axis=1) >= config.overlap
    sound: np.ndarray = (scales[:, 0] <= config.stretch * scales[:, 1]) & covered
    return sound


def _agreement(wide: np.ndarray, narrow: np.ndarray, placed: Alignment, config: CompareConfig) -> np.ndarray:
    seen = bilinear(wide, placed).reshape(narrow.shape)
    agreement, texture = windows_agree(seen, narrow, placed.inside.reshape(narrow.shape))
    return np.where(texture >= config.texture, agreement, -1)


def _same_colours(wide: np.ndarray, narrow: np.ndarray, placed: Alignment, config: CompareConfig) -> np.ndarray:
    seen = bilinear(wide.astype(np.float32), placed).reshape(narrow.shape)
    hue, light = colours_differ(seen, narrow.astype(np.float32), placed.inside.reshape(narrow.shape[:3]))
    return (hue <= config.hue) & (light <= config.light)


def _each_once(pairs: Candidates, score: np.ndarray) -> tuple[Candidates, np.ndarray]:
    ends = np.sort(np.stack([pairs.wide, pairs.narrow], axis=1), axis=1)
    order = np.lexsort((-score, ends[:, 1], ends[:, 0]))
    _, first = np.unique(ends[order], axis=0, return_index=True)
    return pairs.take(order[first]), score[order[first]]


def _greys(catalog: "Catalog", rows: np.ndarray) -> dict[int, Image.Image]:
    files = catalog.read(rows.tolist())
    greys: dict[int, Image.Image] = {}
    while some := dict(islice(files, _READ_AHEAD)):
        greys |= zip(some, parallel_map([partial(_grey, data) for data in some.values()]), strict=True)
    return greys


def _grey(data: bytes) -> Image.Image:
    grey = Image.fromarray(brightness(open_picture(data, shortest=_SHORTEST)))
    scale = min(_SHORTEST / min(grey.size), 1)
    return _sized(grey, grey.width * scale, grey.height * scale)


def _sized(grey: Image.Image, width: float, height: float) -> Image.Image:
    return grey.resize((max(round(width), 16), max(round(height), 16)), Image.Resampling.BILINEAR)


def _look_at(wide: Image.Image, narrow: Image.Image, affine: np.ndarray, config: CompareConfig) -> float:
    zoom = float(np.sqrt(abs(np.linalg.det(affine[0, :, :2]))))
    density = min(_FINEST, min(narrow.size) / 2, zoom * min(wide.size) / 2)
    frames, planes = [], []
    for picture, pixels in ((wide, density / zoom), (narrow, density)):
        frame = half_extents(np.array([picture.width]), np.array([picture.height]))
        sized = _sized(picture, 2 * pixels * frame[0, 0], 2 * pixels * frame[0, 1])
        frames.append(frame)
        planes.append(blur(np.asarray(sized, np.float32)[None], _SMOOTH))
    affine, _ = align(planes[0], planes[1], affine, (frames[0], frames[1]), steps=3)
    placed = place(affine, (frames[0], frames[1]), planes[0].shape[1:], planes[1].shape[1:])
    if not _sound(affine, placed, config)[0]:
        return 0.0
    return float(np.clip(_agreement(planes[0], planes[1], placed, config)[0], 0, 1))
