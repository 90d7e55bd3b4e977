"""Which pairs may be copies: an index proposes a bounded number per picture, nothing here decides."""

from collections.abc import Callable
from dataclasses import dataclass
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
from discern.parallel import parallel_map

if TYPE_CHECKING:
    from discern.store import Rows

_SMOOTHED = 64  # so many stay in a processor's cache
_SAMPLE = 20_000
_NEIGHBOURS = 4
_KEPT = 5
_SEEN_NEIGHBOURS = 2
_HEAD_COLUMNS = 1280
_DIRECTIONS = 96
_LEAST_AGREEMENT = 0.5
_LEAST_CONTRAST = 3.0
_EXACT_UP_TO = 8_000


@dataclass(frozen=True, kw_only=True)
class Candidates:
    """Pairs with a first guess of how one lies in the other.

    Args:
        wide: int [P], the picture that shows as much or more.
        narrow: int [P], the other picture.
        affine: float32 [P, 2, 3], from points of `narrow`'s frame to points of `wide`'s.
        agreement: float32 [P], of the discs at that guess, up to 1.
    """

    wide: np.ndarray
    narrow: np.ndarray
    affine: np.ndarray
    agreement: np.ndarray

    def __len__(self) -> int:
        return len(self.wide)

    def take(self, chosen: np.ndarray) -> Self:
        """Choose some, by an int or bool array."""
        return type(self)(
            wide=self.wide[chosen],
            narrow=self.narrow[chosen],
            affine=self.affine[chosen],
            agreement=self.agreement[chosen],
        )

    @classmethod
    def join(cls, parts: list[Self]) -> Self:
        """Put several together, in order."""
        return cls(
            wide=np.concatenate([p.wide for p in parts]),
            narrow=np.concatenate([p.narrow for p in parts]),
            affine=np.concatenate([p.affine for p in parts]),
            agreement=np.concatenate([p.agreement for p in parts]),
        )


class CandidateIndex:
    """Nearest neighbours by cosine: exact for thousands of rows, HNSW above (Malkov and Yashunin 2016).

    Rows are added by one thread, so the same rows always give the same graph; it refers to them where they lie.
    """

    def __init__(self, rows: np.ndarray) -> None:
        self._rows = rows
        self._graph = None
        self._search = Lock()  # one search takes all cores
        if len(rows) > _EXACT_UP_TO:
            from usearch.index import Index as Graph  # noqa: PLC0415 - only large sets need it

            self._graph = Graph(
                ndim=rows.shape[1],
                metric="ip",
                dtype="f32",
                connectivity=16,
                expansion_add=64,
                expansion_search=48,
                enable_key_lookups=False,
            )
            self._graph.add(np.arange(len(rows)), rows, threads=1, copy=False)

    def neighbours_of(self, own: np.ndarray, count: int) -> np.ndarray:
        """The `count` nearest other rows of some rows: int [n, <= count]."""
        return self.neighbours(self._rows[own], own, count)

    def neighbours(self, queries: np.ndarray, own: np.ndarray, count: int) -> np.ndarray:
        """The `count` nearest rows of each query, nearest first, leaving out its `own` row: int [n, <= count]."""
        count = min(count, len(self._rows) - 1)
        if self._graph is not None:
            with self._search:
                found = self._graph.search(queries, count + 1).keys.astype(np.int64)
            keep = np.argsort(found == own[:, None], axis=1, kind="stable")[:, :count]
            return np.take_along_axis(found, keep, 1)
        likeness = queries @ self._rows.T
        likeness[np.arange(len(own)), own] = -np.inf
        nearest = np.empty((len(own), count), np.int64)
        for rank in range(count):
            nearest[:, rank] = likeness.argmax(axis=1)
            likeness[np.arange(len(own)), nearest[:, rank]] = -np.inf
        return nearest


class CandidateFinder:
    """Proposes pairs among some pictures; what it proposes are rows of the catalog.

    Args:
        thumbs: uint8 [N, S, S, 3], whole pictures stretched to squares.
        rows: int [n], the pictures to compare.
        widths: int [n], of those pictures.
        heights: int [n], of those pictures.
        embeddings: [N, D] or None: what a backbone saw; its neighbours are proposed too.
        scratch: a folder for tables, as `scratch_array` takes it.

    Raises:
        StoreError: there is no room for the tables.
    """

    def __init__(
        self,
        thumbs: "Rows | np.ndarray",
        rows: np.ndarray,
        widths: np.ndarray,
        heights: np.ndarray,
        *,
        embeddings: "Rows | np.ndarray | None" = None,
        scratch: Path | None = None,
    ) -> None:
        self._thumbs, self._rows = thumbs, rows
        self._extents = half_extents(widths, heights)
        self._base = scratch_array((len(rows), RINGS, ORDERS), np.complex64, scratch)
        self._textured = np.empty(len(rows), bool)
        _do_all(self._look_at, len(rows))
        self._describer = InvariantDescriptor.fit(self._base[:: -(-len(rows) // _SAMPLE)])
        self._seen_alike = _seen_alike(embeddings, rows, scratch)
        self._described = scratch_array((len(rows), self._describer.length), np.float32, scratch)
        _do_all(self._describe, len(rows))
        self._index = CandidateIndex(self._described)

    def pieces(self) -> list[Callable[[], Candidates]]:
        """Pieces of work, which may be done in any order: at most `_KEPT` pairs for each picture as the wide one."""
        return [partial(self._propose, at) for at in blocks(len(self._rows))]

    def look_alikes(self, *, count: int = 200, rank: int = 40) -> Candidates:
        """Pair pictures, evenly drawn, with their `rank`-th neighbour: alike, but seldom copies so far down."""
        at = np.unique(np.linspace(0, len(self._rows) - 1, count).astype(np.int64))
        rank = min(rank, len(self._rows) // 2)
        narrow = self._index.neighbours_of(at, rank)[:, -1]
        agreement, mirrored, angle = self._describer.best_turn(self._base[at], self._base[narrow])
        affine = _placing(VIEWS[0], mirrored, angle, self._extents[at])
        return self._named(Candidates(wide=at, narrow=narrow, affine=affine, agreement=agreement))

    def _smooth(self, at: np.ndarray) -> np.ndarray:
        thumbs = self._thumbs[self._rows[at]]
        return np.concatenate([blur(brightness(thumbs[some]), 1.2) for some in blocks(len(at), _SMOOTHED)])

    def _look_at(self, at: np.ndarray) -> None:
        self._base[at], deviation = ring_spectra(self._smooth(at), self._extents[at], VIEWS[0])
        self._textured[at] = deviation >= _LEAST_CONTRAST

    def _describe(self, at: np.ndarray) -> None:
        self._described[at] = self._describer.describe(self._base[at])

    def _propose(self, at: np.ndarray) -> Candidates:
        """Search every view of some pictures."""
        smooth = self._smooth(at)
        parts = []
        for view in VIEWS:
            spectra, _ = ring_spectra(smooth, self._extents[at], view)
            near = self._index.neighbours(self._describer.describe(spectra), at, _NEIGHBOURS)
            near = np.concatenate([near, self._seen_alike[at]], axis=1)
            local, narrow = np.repeat(np.arange(len(at)), near.shape[1]), near.ravel()
            agreement, mirrored, angle = self._describer.best_turn(spectra[local], self._base[narrow])
            affine = _placing(view, mirrored, angle, self._extents[at[local]])
            parts.append(Candidates(wide=at[local], narrow=narrow, affine=affine, agreement=agreement))
        return self._named(_best_of_each(Candidates.join(parts)))

    def _named(self, pairs: Candidates) -> Candidates:
        pairs = pairs.take(self._textured[pairs.wide] & self._textured[pairs.narrow])
        wide, narrow = self._rows[pairs.wide], self._rows[pairs.narrow]
        return Candidates(wide=wide, narrow=narrow, affine=pairs.affine, agreement=pairs.agreement)


def _do_all(work: Callable[[np.ndarray], None], count: int) -> None:
    """Do something to `count` rows, some at a time on each core."""
    for _ in parallel_map([partial(work, at) for at in blocks(count)]):
        pass


def _seen_alike(embeddings: "Rows | np.ndarray | None", rows: np.ndarray, scratch: Path | None) -> np.ndarray:
    """The nearest other pictures as a backbone sees them: int32 [n, <= `_SEEN_NEIGHBOURS`], none without it."""
    if embeddings is None:
        return np.zeros((len(rows), 0), np.int32)
    index = CandidateIndex(_projected(embeddings, rows, scratch))
    found = [index.neighbours_of(at, _SEEN_NEIGHBOURS).astype(np.int32) for at in blocks(len(rows))]
    return np.concatenate(found)


def _projected(embeddings: "Rows | np.ndarray", rows: np.ndarray, scratch: Path | None) -> np.ndarray:
    """The head's mean on random directions, length 1 (Johnson and Lindenstrauss 1984): cosines stay."""
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


def _placing(view: np.ndarray, mirrored: np.ndarray, angle: np.ndarray, extents: np.ndarray) -> np.ndarray:
    cos, sin = np.cos(angle) * view[0], np.sin(angle) * view[0]
    flip = np.where(mirrored, -1, 1)
    x = np.stack([cos, -sin * flip, view[1] * extents[:, 0]], axis=1)
    y = np.stack([sin, cos * flip, view[2] * extents[:, 1]], axis=1)
    return np.stack([x, y], axis=1).astype(np.float32)


def _best_of_each(proposals: Candidates) -> Candidates:
    order = np.lexsort((proposals.narrow, -proposals.agreement, proposals.wide))
    ranked = proposals.take(order[proposals.agreement[order] >= _LEAST_AGREEMENT])
    pair = np.stack([ranked.wide, ranked.narrow], axis=1)
    _, first = np.unique(pair, axis=0, return_index=True)
    once = ranked.take(np.sort(first))
    starts = np.searchsorted(once.wide, once.wide)
    return once.take(np.arange(len(once)) - starts < _KEPT)
