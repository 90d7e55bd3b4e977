"""Functions that find candidate pairs of near-duplicate images by nearest-neighbour search."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Self

import numpy as np

from discern.grouping.near_copies.rotation_invariants import (
    ORDERS,
    RINGS,
    VIEWS,
    InvariantDescriptor,
    blur,
    brightness,
    half_extents,
    ring_spectra,
)
from discern.grouping.near_copies.scratch_arrays import blocks, scratch_array
from discern.grouping.near_copies.squash import QUARTERS, aspects_vary, shapes_differ, true_maps
from discern.grouping.neighbour_graph import build_graph
from discern.parallel import parallel_map

if TYPE_CHECKING:
    from discern.store import Rows

_BLUR_BLOCK = 64  # thumbnails that fit in the processor's cache
_SAMPLE = 20_000
_NEIGHBOURS = 4
_PAIRS_PER_PICTURE = 5
# Agreement of the last pair kept from which on look-alikes crowd a picture. benchmarks/copies.py: 0.87 or more for 90 %
# of the X-rays (seed 1), below 0.79 for 90 % of trashnet and clothing_small, whose CPU time is not to rise.
_CROWDED = 0.85
# Least median agreement of look-alikes in such sets: X-rays 0.78, packs of photographs up to 0.53.
_LOOK_ALIKE = 0.65
MIN_LOOK_ALIKES = 30
"""Fewest look-alikes from which the agreement of different pictures is estimated."""
_EMBEDDING_NEIGHBOURS = 2
_HEAD_COLUMNS = 1280
_DIRECTIONS = 96
_MIN_AGREEMENT = 0.5
_MIN_CONTRAST = 3.0
_SQUARE_VIEWS = 7  # whole and light crops: a change of aspect ratio is rarely followed by a deep crop
_EXACT_UP_TO = 8_000


@dataclass(frozen=True, kw_only=True)
class Candidates:
    """Candidate pairs of near-duplicate images, with initial affine maps.

    Args:
        wide: the picture of each pair that shows as much or more, int [P].
        narrow: the other picture, int [P].
        affine: map from the frame of `narrow` to that of `wide`, float32 [P, 2, 3].
        agreement: correlation of the discs under that map, float32 [P], up to 1.
    """

    wide: np.ndarray
    narrow: np.ndarray
    affine: np.ndarray
    agreement: np.ndarray

    def __len__(self) -> int:
        return len(self.wide)

    def take(self, at: np.ndarray) -> Self:
        """Select candidate pairs by an index array or a mask."""
        return type(self)(
            wide=self.wide[at], narrow=self.narrow[at], affine=self.affine[at], agreement=self.agreement[at]
        )

    @classmethod
    def join(cls, parts: list[Self]) -> Self:
        """Concatenate several sets of candidate pairs."""
        return cls(
            wide=np.concatenate([p.wide for p in parts]),
            narrow=np.concatenate([p.narrow for p in parts]),
            affine=np.concatenate([p.affine for p in parts]),
            agreement=np.concatenate([p.agreement for p in parts]),
        )


class CandidateIndex:
    """Nearest-neighbour index of image descriptors by cosine similarity.

    The search is exact up to 8,000 rows, and uses HNSW above (Malkov and Yashunin 2016). Rows are added by a single
    thread, so that the same rows always give the same graph; they are not copied.
    """

    def __init__(self, rows: np.ndarray) -> None:
        self._rows = rows
        self._graph = None
        self._search = Lock()  # one search uses all cores
        if len(rows) > _EXACT_UP_TO:
            self._graph = build_graph(
                rows, dtype="f32", connectivity=16, expansion_add=64, expansion_search=48, copy=False
            )

    def neighbours_of(self, own: np.ndarray, count: int) -> np.ndarray:
        """Find the nearest neighbours of indexed rows.

        The result is int [n, <= count].
        """
        return self.neighbours(self._rows[own], own, count)

    def neighbours(self, queries: np.ndarray, own: np.ndarray, count: int) -> np.ndarray:
        """Find the nearest neighbours of each query, except its own row, nearest first.

        The result is int [n, <= count].
        """
        count = min(count, len(self._rows) - 1)
        if self._graph is not None:
            with self._search:
                found = self._graph.search(queries, count + 1).keys.astype(np.int64)
            keep = np.argsort(found == own[:, None], axis=1, kind="stable")[:, :count]
            return np.take_along_axis(found, keep, 1)
        similarity = queries @ self._rows.T
        similarity[np.arange(len(own)), own] = -np.inf
        nearest = np.empty((len(own), count), np.int64)
        for rank in range(count):
            nearest[:, rank] = similarity.argmax(axis=1)
            similarity[np.arange(len(own)), nearest[:, rank]] = -np.inf
        return nearest


class CandidateFinder:
    """Finder of candidate pairs of near-duplicate images in a catalog.

    Pairs are found by discs of the true frames and, where aspect ratios vary, by those of the square frames as well
    (see `discern.grouping.near_copies.squash`). They are given as rows of the catalog. Frames of one film, which are
    linked already, are not paired, and they count as look-alikes only if too few other pairs are found.

    Args:
        thumbs: whole pictures stretched to squares, uint8 [N, S, S, 3].
        rows: rows of the pictures to compare, int [n].
        widths: widths of those pictures in pixels, int [n].
        heights: heights of those pictures in pixels, int [n].
        film: film of each picture of the catalog, int [N]; None if each is a film of its own.
        embeddings: embeddings [N, D], whose nearest neighbours are candidates too; or None.
        scratch: directory for temporary files, as in `scratch_array`.

    Raises:
        StoreError: the temporary files cannot be written.
    """

    def __init__(
        self,
        thumbs: "Rows | np.ndarray",
        rows: np.ndarray,
        widths: np.ndarray,
        heights: np.ndarray,
        *,
        film: np.ndarray | None = None,
        embeddings: "Rows | np.ndarray | None" = None,
        scratch: Path | None = None,
    ) -> None:
        self._thumbs, self._rows = thumbs, rows
        self._film = np.arange(len(thumbs)) if film is None else film
        self._extents = half_extents(widths, heights)
        self._true = _DiscIndex(self._extents, scratch)
        self._square = _DiscIndex(np.ones_like(self._extents), scratch) if aspects_vary(self._extents) else None
        _for_each_block(self._add, len(rows))
        self._embedding_neighbours = _embedding_neighbours(embeddings, rows, scratch)
        for index in self._indexes():
            index.build()
        found = self.look_alikes()
        others = self._drop_pairs_within_films(found)
        self.reference = others if len(others) >= MIN_LOOK_ALIKES else found
        """Pairs of similar pictures, few of which are copies."""
        alike = self.reference.agreement
        self.is_crowded = bool(len(alike)) and bool(np.median(alike) >= _LOOK_ALIKE)
        """Whether different pictures of the set look much alike, as X-rays of one anatomy do."""
        self._crowded = _CROWDED if self.is_crowded else np.inf

    def jobs(self) -> list[Callable[[], Candidates]]:
        """Return independent jobs that each search for candidate pairs.

        A job returns at most 5 pairs in each kind of frame for each of its pictures as the wide one, or all nearest
        neighbours of its views if 5 agree strongly in a set of look-alikes: discs of X-rays of one anatomy may agree
        better than those of an X-ray and its crop.
        """
        return [partial(self._propose, at) for at in blocks(len(self._rows))]

    def look_alikes(self, *, count: int = 200, rank: int = 40) -> Candidates:
        """Sample pairs of similar images that are rarely copies, as reference pairs.

        `count` evenly spaced pictures are paired with their `rank`-th neighbour.
        """
        at = np.unique(np.linspace(0, len(self._rows) - 1, count).astype(np.int64))
        return self._to_rows(self._true.pair(at, min(rank, len(self._rows) // 2)))

    def _indexes(self) -> "list[_DiscIndex]":
        return [index for index in (self._true, self._square) if index is not None]

    def _smooth(self, at: np.ndarray) -> np.ndarray:
        thumbs = self._thumbs[self._rows[at]]
        return np.concatenate([blur(brightness(thumbs[block]), 1.2) for block in blocks(len(at), _BLUR_BLOCK)])

    def _add(self, at: np.ndarray) -> None:
        smooth = self._smooth(at)
        for index in self._indexes():
            index.add(at, smooth)

    def _propose(self, at: np.ndarray) -> Candidates:
        """Propose candidate pairs from the nearest neighbours of every view of the images."""
        smooth, besides = self._smooth(at), self._embedding_neighbours[at]
        found = [self._true.propose(at, smooth, VIEWS, besides, crowded=self._crowded)]
        if self._square is not None:
            views = VIEWS[:_SQUARE_VIEWS]
            squashed = self._square.propose(at, smooth, views, besides, crowded=self._crowded, aspects=self._extents)
            frames = self._extents[squashed.wide], self._extents[squashed.narrow]
            found.append(replace(squashed, affine=true_maps(squashed.affine, *frames)))
        return self._drop_pairs_within_films(self._to_rows(Candidates.join(found)))

    def _drop_pairs_within_films(self, pairs: Candidates) -> Candidates:
        return pairs.take(self._film[pairs.wide] != self._film[pairs.narrow])

    def _to_rows(self, pairs: Candidates) -> Candidates:
        """Convert the positions of pairs to catalog rows."""
        return replace(pairs, wide=self._rows[pairs.wide], narrow=self._rows[pairs.narrow])


class _DiscIndex:
    """Nearest-neighbour index of the largest disc of each image, in one kind of frame.

    Args:
        extents: half extents of the n pictures in that frame, float32 [n, 2].
        scratch: directory for temporary files, as in `scratch_array`.
    """

    def __init__(self, extents: np.ndarray, scratch: Path | None) -> None:
        self._extents, self._scratch = extents, scratch
        self._base = scratch_array((len(extents), RINGS, ORDERS), np.complex64, scratch)
        self._textured = np.empty(len(extents), bool)

    def add(self, at: np.ndarray, smooth: np.ndarray) -> None:
        """Set the spectra of the images at positions `at` from their smoothed brightness."""
        self._base[at], deviation = ring_spectra(smooth, self._extents[at], VIEWS[0])
        self._textured[at] = deviation >= _MIN_CONTRAST

    def build(self) -> None:
        """Build the index after all images have been added."""
        count = len(self._base)
        self._descriptor = InvariantDescriptor.fit(self._base[:: -(-count // _SAMPLE)])
        self._described = scratch_array((count, self._descriptor.length), np.float32, self._scratch)
        _for_each_block(self._describe, count)
        self._index = CandidateIndex(self._described)

    def pair(self, at: np.ndarray, rank: int) -> Candidates:
        """Pair images with their `rank`-th neighbour."""
        narrow = self._index.neighbours_of(at, rank)[:, -1]
        agreement, mirrored, angle = self._descriptor.best_rotation(self._base[at], self._base[narrow])
        affine = _initial_maps(VIEWS[0], mirrored, angle, self._extents[at])
        return self._with_texture(Candidates(wide=at, narrow=narrow, affine=affine, agreement=agreement))

    def propose(
        self,
        at: np.ndarray,
        smooth: np.ndarray,
        views: np.ndarray,
        besides: np.ndarray,
        *,
        crowded: float,
        aspects: np.ndarray | None = None,
    ) -> Candidates:
        """Propose the best pairs of each image with the nearest neighbours of its views.

        Args:
            at: positions of the wide images, int [n].
            smooth: their smoothed brightness, float32 [n, S, S].
            views: views of the wide images, float32 [V, 3].
            besides: further candidates for the narrow ones, int [n, k].
            crowded: agreement of the last pair from which on an image keeps all its pairs.
            aspects: half extents of all images in the true frame, to keep only those pairs of different aspect ratios
                that need no rotation but by quarter turns; None to keep all.
        """
        parts = []
        for view in views:
            spectra, _ = ring_spectra(smooth, self._extents[at], view)
            near = self._index.neighbours(self._descriptor.describe(spectra), at, _NEIGHBOURS)
            near = np.concatenate([near, besides], axis=1)
            local, narrow = np.repeat(np.arange(len(at)), near.shape[1]), near.ravel()
            if aspects is None:
                agreement, mirrored, angle = self._descriptor.best_rotation(spectra[local], self._base[narrow])
            else:
                differ = shapes_differ(aspects[at[local]], aspects[narrow])
                local, narrow = local[differ], narrow[differ]
                pairs = spectra[local], self._base[narrow]
                agreement, mirrored, angle = self._descriptor.best_rotation(*pairs, rotations=QUARTERS)
                agreement[~shapes_differ(aspects[at[local]], aspects[narrow], angle)] = -1
            affine = _initial_maps(view, mirrored, angle, self._extents[at[local]])
            parts.append(Candidates(wide=at[local], narrow=narrow, affine=affine, agreement=agreement))
        joined = Candidates.join(parts)
        likely = joined.take(joined.agreement >= _MIN_AGREEMENT)
        return self._with_texture(best_of_each(likely, _PAIRS_PER_PICTURE, crowded=crowded))

    def _describe(self, at: np.ndarray) -> None:
        self._described[at] = self._descriptor.describe(self._base[at])

    def _with_texture(self, pairs: Candidates) -> Candidates:
        return pairs.take(self._textured[pairs.wide] & self._textured[pairs.narrow])


def _for_each_block(work: Callable[[np.ndarray], None], count: int) -> None:
    """Apply a function to blocks of rows on all CPU cores."""
    for _ in parallel_map([partial(work, at) for at in blocks(count)]):
        pass


def _embedding_neighbours(embeddings: "Rows | np.ndarray | None", rows: np.ndarray, scratch: Path | None) -> np.ndarray:
    """Find the two nearest neighbours of each image by its embedding.

    The result is int32 [n, <= 2], or [n, 0] without embeddings.
    """
    if embeddings is None:
        return np.zeros((len(rows), 0), np.int32)
    index = CandidateIndex(_project(embeddings, rows, scratch))
    found = [index.neighbours_of(at, _EMBEDDING_NEIGHBOURS).astype(np.int32) for at in blocks(len(rows))]
    return np.concatenate(found)


def _project(embeddings: "Rows | np.ndarray", rows: np.ndarray, scratch: Path | None) -> np.ndarray:
    """Reduce embeddings by a random projection that preserves cosines (Johnson and Lindenstrauss 1984)."""
    columns = min(_HEAD_COLUMNS, embeddings.shape[1])
    directions = np.random.default_rng(0).standard_normal((columns, _DIRECTIONS)).astype(np.float32)
    projected = scratch_array((len(rows), _DIRECTIONS), np.float32, scratch)
    for at in blocks(len(rows)):
        projected[at] = embeddings[rows[at]][:, :columns] @ directions
    mean = projected.mean(axis=0)
    for at in blocks(len(rows)):
        centred = projected[at] - mean
        projected[at] = centred / np.maximum(np.linalg.norm(centred, axis=1, keepdims=True), 1e-9)
    return projected


def _initial_maps(view: np.ndarray, mirrored: np.ndarray, angle: np.ndarray, extents: np.ndarray) -> np.ndarray:
    """Compute initial affine maps from rotation, mirroring and zoom."""
    cos, sin = np.cos(angle) * view[0], np.sin(angle) * view[0]
    flip = np.where(mirrored, -1, 1)
    x = np.stack([cos, -sin * flip, view[1] * extents[:, 0]], axis=1)
    y = np.stack([sin, cos * flip, view[2] * extents[:, 1]], axis=1)
    return np.stack([x, y], axis=1).astype(np.float32)


def best_of_each(pairs: Candidates, count: int, *, crowded: float = np.inf) -> Candidates:
    """Keep the best affine map of each pair and the best pairs of each image, by their agreement.

    Args:
        pairs: candidate pairs, in which a pair may occur with several maps.
        count: number of pairs kept of each wide picture.
        crowded: agreement of the last of them from which on the others are kept as well.
    """
    ranked = pairs.take(np.lexsort((pairs.narrow, -pairs.agreement, pairs.wide)))
    _, first = np.unique(np.stack([ranked.wide, ranked.narrow], axis=1), axis=0, return_index=True)
    unique = ranked.take(np.sort(first))
    starts = np.searchsorted(unique.wide, unique.wide)
    last = np.minimum(starts + count, len(unique)) - 1
    is_crowded = (unique.wide[last] == unique.wide) & (unique.agreement[last] >= crowded)
    return unique.take((np.arange(len(unique)) - starts < count) | is_crowded)
