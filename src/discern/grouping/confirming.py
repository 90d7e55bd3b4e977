"""Which proposed pairs are copies: laid onto each other, as thumbnails and then closer, they must agree."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from PIL import Image

from discern.grouping.agreement import windows_agree
from discern.grouping.aligning import align, bilinear, place
from discern.grouping.polar import blur, brightness, half_extents
from discern.grouping.proposing import Proposals
from discern.picture import open_picture
from discern.progress import Progress, silent

if TYPE_CHECKING:
    from discern.catalog import Catalog

_BATCH = 64
_PAIRS_READ = 256
_CLOSER = 256
_FINEST = 64.0


@dataclass(frozen=True, kw_only=True)
class ConfirmConfig:
    """What a pair must reach to be called copies.

    Args:
        first_look: correlation of brightness of 32-pixel thumbnails, laid onto each other.
        thumb: agreement of windows of 64-pixel thumbnails.
        closer: agreement of windows at up to 128 pixels.
        texture: share of the windows in which there is something to compare.
        overlap: share of the narrow picture that the wide one covers.
        stretch: how much more the map may scale one direction than another.
    """

    first_look: float = 0.85
    thumb: float = 0.65
    closer: float = 0.85
    texture: float = 0.08
    overlap: float = 0.4
    stretch: float = 1.1


def confirm(
    catalog: "Catalog", proposals: Proposals, *, config: ConfirmConfig | None = None, progress: Progress = silent
) -> tuple[Proposals, np.ndarray]:
    """Keep the pairs that are copies.

    Args:
        catalog: whose rows the proposals name.
        proposals: any number of pairs; a pair may be proposed more than once.
        config: what a pair must reach.
        progress: is told of pairs.

    Returns:
        one proposal for each confirmed pair, and its score [P] in [0, 1].
    """
    config = config or ConfirmConfig()
    likely = _likely(catalog, proposals, config, progress)
    scores = np.zeros(len(likely))
    for at in _in_readable_portions(likely):
        pictures = _greys(catalog, np.union1d(likely.wide[at], likely.narrow[at]))
        for one in at:
            scores[one] = _closer_look(pictures, likely, int(one), config)
        progress("confirm copies", int(at[-1]) + 1, len(likely))
    kept = scores >= config.closer
    return likely.take(kept), scores[kept]


def _likely(catalog: "Catalog", proposals: Proposals, config: ConfirmConfig, progress: Progress) -> Proposals:
    sizes = catalog.table.select(pl.col("width", "height").fill_null(1)).to_numpy()
    extents = half_extents(sizes[:, 0], sizes[:, 1])
    parts, scores = [proposals.take(np.zeros(0, np.int64))], [np.zeros(0)]
    for start in range(0, len(proposals), _BATCH):
        batch = proposals.take(np.arange(start, min(start + _BATCH, len(proposals))))
        batch, score = _thumbs_agree(catalog, batch, extents, config)
        parts.append(batch)
        scores.append(score)
        progress("compare thumbnails", min(start + _BATCH, len(proposals)), len(proposals))
    return _best_of_pair(Proposals.join(parts), np.concatenate(scores))


def _thumbs_agree(
    catalog: "Catalog", pairs: Proposals, extents: np.ndarray, config: ConfirmConfig
) -> tuple[Proposals, np.ndarray]:
    wide, narrow = brightness(catalog.thumbs[pairs.wide]), brightness(catalog.thumbs[pairs.narrow])
    half = wide.shape[1] // 2
    small = [blur(p.reshape(-1, half, 2, half, 2).mean(axis=(2, 4)), 0.7) for p in (wide, narrow)]
    frames = extents[pairs.wide], extents[pairs.narrow]
    affine, correlation = align(small[0], small[1], pairs.affine, frames, steps=5)
    good = np.flatnonzero(correlation >= config.first_look)
    pairs, frames = pairs.take(good), (frames[0][good], frames[1][good])
    wide, narrow = blur(wide[good], 0.8), blur(narrow[good], 0.8)
    affine, _ = align(wide, narrow, affine[good], frames, steps=3)
    score, _ = _agree(wide, narrow, affine, frames, config)
    good = np.flatnonzero(score >= config.thumb)
    refined = Proposals(
        wide=pairs.wide[good], narrow=pairs.narrow[good], affine=affine[good], agreement=pairs.agreement[good]
    )
    return refined, score[good]


def _agree(
    wide: np.ndarray,
    narrow: np.ndarray,
    affine: np.ndarray,
    frames: tuple[np.ndarray, np.ndarray],
    config: ConfirmConfig,
) -> tuple[np.ndarray, np.ndarray]:
    placed = place(affine, frames, wide.shape[1:], narrow.shape[1:])
    inside = placed.inside.reshape(narrow.shape)
    seen = bilinear(wide[..., None], placed).reshape(narrow.shape)
    agreement, texture = windows_agree(seen, narrow, inside)
    scales = np.linalg.svd(affine[:, :, :2], compute_uv=False)
    sound = (
        (scales[:, 0] <= config.stretch * scales[:, 1])
        & (inside.mean(axis=(1, 2)) >= config.overlap)
        & (texture >= config.texture)
    )
    return np.where(sound, agreement, 0), texture


def _best_of_pair(pairs: Proposals, score: np.ndarray) -> Proposals:
    ends = np.sort(np.stack([pairs.wide, pairs.narrow], axis=1), axis=1)
    order = np.lexsort((-score, ends[:, 1], ends[:, 0]))
    _, first = np.unique(ends[order], axis=0, return_index=True)
    return pairs.take(order[first])


def _in_readable_portions(pairs: Proposals) -> Iterator[np.ndarray]:
    for start in range(0, len(pairs), _PAIRS_READ):
        yield np.arange(start, min(start + _PAIRS_READ, len(pairs)))


def _greys(catalog: "Catalog", rows: np.ndarray) -> dict[int, Image.Image]:
    greys = {}
    for row, data in catalog.read(rows.tolist()):
        pixels = open_picture(data, shortest=_CLOSER)
        grey = Image.fromarray(brightness(pixels))
        scale = _CLOSER / min(grey.size)
        greys[row] = grey if scale >= 1 else _resized(grey, max(grey.width * scale, 1), max(grey.height * scale, 1))
    return greys


def _resized(grey: Image.Image, width: float, height: float) -> Image.Image:
    size = max(round(width), 8), max(round(height), 8)
    smaller = size[0] < grey.width
    return grey.resize(size, Image.Resampling.BOX if smaller else Image.Resampling.BICUBIC)


def _closer_look(greys: dict[int, Image.Image], pairs: Proposals, one: int, config: ConfirmConfig) -> float:
    wide, narrow = greys[int(pairs.wide[one])], greys[int(pairs.narrow[one])]
    zoom = float(np.sqrt(abs(np.linalg.det(pairs.affine[one, :, :2]))))
    density = min(_FINEST, min(narrow.size) / 2, zoom * min(wide.size) / 2)
    frames = tuple(half_extents(np.array([p.width]), np.array([p.height])) for p in (wide, narrow))
    planes = []
    for picture, frame, scale in ((wide, frames[0][0], density / zoom), (narrow, frames[1][0], density)):
        sized = _resized(picture, 2 * scale * frame[0], 2 * scale * frame[1])
        planes.append(blur(np.asarray(sized, np.float32)[None], 0.8))
    affine, _ = align(planes[0], planes[1], pairs.affine[one : one + 1], (frames[0], frames[1]), steps=3)
    score, _ = _agree(planes[0], planes[1], affine, (frames[0], frames[1]), config)
    return float(np.clip(score[0], 0, 1))
