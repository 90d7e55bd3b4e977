"""Function that finds pictures that show overlapping parts of one source."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from discern.grouping.groups import merge_groups
from discern.grouping.near_copies.scratch_arrays import blocks
from discern.grouping.overlaps.interest_points import find_points
from discern.grouping.overlaps.overlay import Overlay, join_overlays, overlay_pictures, overlay_thumbs
from discern.grouping.overlaps.plain_tiles import PlainTiles, common_shifts
from discern.grouping.overlaps.point_matches import ShiftedPairs, match_points, rank_within
from discern.grouping.overlaps.tile_names import link_by_names
from discern.parallel import parallel_map
from discern.progress import Progress, silent

if TYPE_CHECKING:
    from discern.catalog import Catalog

_PAIRS = 256
_SIDE = 64  # of a thumbnail, in pixels
_TOLERANCE = 0.03  # of the share of an overlap, before its shift is refined
_ROUNDS = 3
_BY_NAME = 0.5  # agreement of pairs that only names link
_FIRST = 3  # pairs of each picture that are decoded first; the others only where these do not link their pictures


@dataclass(frozen=True, kw_only=True)
class OverlapConfig:
    """Thresholds that confirm an overlap.

    They are chosen on development seeds of benchmarks/tiles.py and on nine packs of photographs.

    Args:
        min_overlap: smallest share of a picture that the other shows too.
        max_overlap: largest such share; pictures that share more are near copies.
        copy_overlap: share from which a pair can be a near copy as well.
        max_scale: largest difference in scale.
        min_thumb_agreement: smallest mean correlation in windows of the thumbnails.
        max_thumb_scale: largest difference in scale of the thumbnails.
        min_agreement: smallest mean correlation in windows of the decoded pictures.
        few_windows: windows with texture below which the agreement must be sure: motorcycles of 32 pixels that
            differ in colour agree to .92 in thirty windows.
        min_texture: smallest share of windows with texture.
        min_windows: fewest windows with texture.
        min_isotropy: smallest ratio of the gradients' power across the strongest direction to that along it; an edge
            alone agrees at every shift along it.
        sure_agreement: agreement from which one pair may join two sources of several pictures each.
        sure_windows: windows with texture from which it may.
        few: pictures of a source that a pair less sure may join to another.
        piece: most tiles of a piece that is linked by its colours.
        tiles: share of linked pictures from which a set is searched for plain tiles too.
    """

    min_overlap: float = 0.12
    max_overlap: float = 0.9
    copy_overlap: float = 0.8
    max_scale: float = 0.05
    min_thumb_agreement: float = 0.6
    max_thumb_scale: float = 0.15
    min_agreement: float = 0.85
    few_windows: float = 60.0
    min_texture: float = 0.1
    min_windows: float = 14.0
    min_isotropy: float = 0.02
    sure_agreement: float = 0.93
    sure_windows: float = 24.0
    few: int = 3
    piece: int = 6
    tiles: float = 0.25


@dataclass(frozen=True, kw_only=True)
class Overlaps:
    """Pictures that show overlapping parts of one source.

    Args:
        pairs: linked rows, int [E, 2]; the pictures of a source are linked directly or indirectly.
        agreement: mean correlation of the linked pictures where they overlap, float64 [E] in [0, 1].
        guessed: pairs that only their colours or names link, bool [E].
        moved: pairs of one source, linked or not, that share too little for one to be a copy of the other, int [M, 2].
    """

    pairs: np.ndarray
    agreement: np.ndarray
    guessed: np.ndarray
    moved: np.ndarray


def find_overlaps(
    catalog: "Catalog",
    rows: np.ndarray,
    *,
    film: np.ndarray | None = None,
    config: OverlapConfig | None = None,
    scratch: Path | None = None,
    progress: Progress = silent,
) -> Overlaps:
    """Find pictures that show overlapping parts of one source: tiles of a slide, or frames of a panning camera.

    Points of the thumbnails propose pairs and their shift, at one scale. A pair is confirmed in the decoded pictures,
    which must agree in every part of the overlap. Tiles too plain for points are linked by their colours, in sets in
    which others overlap; names that tell the source link the rest where contents confirm them.

    Args:
        catalog: pictures with thumbnails.
        rows: rows of the pictures to consider, int [n].
        film: film of each picture of the catalog, int [N]; pairs within a film are linked already and not
            decoded.
        config: thresholds.
        scratch: directory for temporary files, as in `scratch_array`.
        progress: called with the stage, pictures done and in all.
    """
    config = config or OverlapConfig()
    none = np.zeros((0, 2), np.int64)
    if len(rows) < 2:
        return Overlaps(pairs=none, agreement=np.zeros(0), guessed=np.zeros(0, bool), moved=none)
    film = _of_rows(np.arange(len(catalog)) if film is None else film, rows)
    candidates = match_points(find_points(catalog.thumbs, rows, scratch), len(rows))
    candidates = candidates.take(_is_moved(candidates, config))
    overlay = _overlay_candidates(catalog, rows, candidates)
    likely = np.flatnonzero(_is_likely(overlay, config))
    candidates, overlay = candidates.take(likely), overlay.take(likely)
    pairs = np.stack([candidates.first, candidates.second], axis=1)
    linked = _confirm(
        lambda tried: overlay_pictures(catalog, rows[pairs[tried]], overlay.affine[tried], progress=progress),
        film,
        pairs,
        overlay.agreement,
        config,
    )
    filmed = (film[pairs[:, 0]] == film[pairs[:, 1]]) & (overlay.agreement >= config.sure_agreement)
    seen = merge_groups(len(rows), np.concatenate([pairs[linked.at], pairs[filmed]]))
    several = np.bincount(seen, minlength=len(rows))[seen] > 1
    component = merge_groups(len(rows), np.concatenate([_spanning(film), _spanning(seen)]))
    others, agreement = np.zeros((0, 2), np.int64), np.zeros(0)
    if several.mean() >= config.tiles:
        shifts = common_shifts(candidates.shift[linked.at])
        sizes = catalog.table.select("width", "height")[rows].to_numpy()
        shapes, counts = np.unique(sizes[several], axis=0, return_counts=True)
        tiles = np.flatnonzero((sizes == shapes[counts.argmax()]).all(axis=1))
        plain, difference = _attach_plain(
            PlainTiles(catalog.thumbs, rows[tiles], shifts, scratch), tiles, component, config
        )
        component = merge_groups(len(rows), np.concatenate([_spanning(component), plain]))
        seen = merge_groups(len(rows), np.concatenate([_spanning(seen), plain]))
        named = link_by_names(catalog.table["path"].gather(rows).to_list(), seen)
        others = np.concatenate([plain, named])
        agreement = np.concatenate([1 - difference / 255, np.full(len(named), _BY_NAME)])
        component = merge_groups(len(rows), np.concatenate([_spanning(component), named]))
    moved = (component[pairs[:, 0]] == component[pairs[:, 1]]) & (overlay.overlap <= config.copy_overlap)
    return Overlaps(
        pairs=rows[np.concatenate([pairs[linked.at], others])],
        agreement=np.concatenate([linked.agreement, agreement]),
        guessed=np.arange(len(linked.at) + len(others)) >= len(linked.at),
        moved=np.sort(rows[pairs[moved]], axis=1),
    )


def _of_rows(film: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Return the first position in `rows` of the film of each row, int [n]."""
    _, first, inverse = np.unique(film[rows], return_index=True, return_inverse=True)
    of_rows: np.ndarray = first[inverse]
    return of_rows


def _attach_plain(
    matcher: PlainTiles, tiles: np.ndarray, component: np.ndarray, config: OverlapConfig
) -> tuple[np.ndarray, np.ndarray]:
    """Link small pieces that no points link to the source whose colours they continue.

    Each piece has one link, its best, so that it joins no two sources. Lone tiles of one colour come last.
    """
    links, differences = [np.zeros((0, 2), np.int64)], [np.zeros(0)]
    for _ in range(_ROUNDS):
        size = np.bincount(component, minlength=len(component))[component]
        pairs, difference = matcher.match(component[tiles], np.flatnonzero(size[tiles] <= config.piece))
        pairs = tiles[pairs]
        order = np.argsort(difference, kind="stable")
        best = order[np.unique(component[pairs[order, 0]], return_index=True)[1]]
        if not len(best):
            break
        links.append(pairs[best])
        differences.append(difference[best])
        component = merge_groups(len(component), np.concatenate([_spanning(component), pairs[best]]))
    size = np.bincount(component, minlength=len(component))[component]
    flat, difference = matcher.match_flat(component[tiles], size[tiles] > config.piece)
    return np.concatenate([*links, tiles[flat]]), np.concatenate([*differences, difference])


def _spanning(component: np.ndarray) -> np.ndarray:
    """Return links of each picture to the first of its component, int [n, 2]."""
    return np.stack([component, np.arange(len(component))], axis=1)


def _is_moved(pairs: ShiftedPairs, config: OverlapConfig) -> np.ndarray:
    """Tell which shifts leave an overlap of the right size, before it is looked at."""
    share = np.prod(1 - np.minimum(np.abs(pairs.shift) / _SIDE, 1), axis=1)
    moved: np.ndarray = (share >= config.min_overlap - _TOLERANCE) & (share <= config.max_overlap + _TOLERANCE)
    return moved


def _overlay_candidates(catalog: "Catalog", rows: np.ndarray, candidates: ShiftedPairs) -> Overlay:
    at = blocks(len(candidates), _PAIRS) or [np.zeros(0, np.int64)]
    overlays = parallel_map([partial(_overlay_block, catalog, rows, candidates.take(block)) for block in at])
    return join_overlays(list(overlays))


def _overlay_block(catalog: "Catalog", rows: np.ndarray, pairs: ShiftedPairs) -> Overlay:
    used, ends = np.unique(np.concatenate([pairs.first, pairs.second]), return_inverse=True)
    first, second = ends[: len(pairs)], ends[len(pairs) :]
    return overlay_thumbs(catalog.thumbs[rows[used]], first, second, pairs.shift)


def _is_likely(overlay: Overlay, config: OverlapConfig) -> np.ndarray:
    likely: np.ndarray = (
        (overlay.agreement >= config.min_thumb_agreement)
        & (overlay.scale <= config.max_thumb_scale)
        & (overlay.overlap >= config.min_overlap)
        & (overlay.overlap <= config.max_overlap)
    )
    return likely


@dataclass(frozen=True)
class _Linked:
    at: np.ndarray
    agreement: np.ndarray


def _confirm(
    look: Callable[[np.ndarray], Overlay],
    film: np.ndarray,
    pairs: np.ndarray,
    agreement: np.ndarray,
    config: OverlapConfig,
) -> _Linked:
    """Confirm pairs in the decoded pictures, until all pairs that are left are within one source.

    The best pairs of each picture are decoded first. Pairs that are less sure join no two sources of several pictures.
    """
    rank = np.minimum(rank_within(pairs[:, 0], agreement), rank_within(pairs[:, 1], agreement))
    component = film
    at, agreements = [np.zeros(0, np.int64)], [np.zeros(0)]
    for chosen in (rank < _FIRST, rank >= _FIRST):
        tried = np.flatnonzero(chosen & (component[pairs[:, 0]] != component[pairs[:, 1]]))
        found = look(tried)
        confirmed = np.flatnonzero(_is_confirmed(found, config))
        sure = ((found.agreement >= config.sure_agreement) & (found.windows >= config.sure_windows))[confirmed]
        component = merge_groups(len(component), np.concatenate([_spanning(component), pairs[tried[confirmed[sure]]]]))
        size = np.bincount(component, minlength=len(component))[component]
        small = (size[pairs[tried[confirmed]]] <= config.few).any(axis=1)
        confirmed = confirmed[sure | small]
        at.append(tried[confirmed])
        agreements.append(found.agreement[confirmed])
        component = merge_groups(len(component), np.concatenate([_spanning(component), pairs[tried[confirmed]]]))
    return _Linked(np.concatenate(at), np.concatenate(agreements))


def _is_confirmed(found: Overlay, config: OverlapConfig) -> np.ndarray:
    confirmed: np.ndarray = (
        (found.agreement >= np.where(found.windows < config.few_windows, config.sure_agreement, config.min_agreement))
        & (found.scale <= config.max_scale)
        & (found.texture >= config.min_texture)
        & (found.windows >= config.min_windows)
        & (found.isotropy >= config.min_isotropy)
    )
    return confirmed
