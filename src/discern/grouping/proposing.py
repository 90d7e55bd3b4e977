"""Which pairs may be copies: an index proposes a bounded number per picture, nothing here decides."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

from discern.cores import one_core_each
from discern.grouping.polar import ORDERS, RINGS, VIEWS, Describer, blur, brightness, half_extents, ring_spectra
from discern.progress import Progress, silent

if TYPE_CHECKING:
    from discern.store import Rows

_CHUNK = 1024
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
class Proposals:
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


class Index:
    """Nearest neighbours by cosine: exact for thousands of rows, HNSW above (Malkov and Yashunin 2016).

    Rows are added by one thread, so the same rows always give the same graph.
    """

    def __init__(self, rows: np.ndarray) -> None:
        self._rows = rows
        self._graph = None
        if len(rows) > _EXACT_UP_TO:
            from usearch.index import Index as Graph  # noqa: PLC0415 - only large sets need it

            self._graph = Graph(ndim=rows.shape[1], metric="ip", dtype="f32", connectivity=16, expansion_add=64)
            self._graph.expansion_search = 48
            self._graph.add(np.arange(len(rows)), rows, threads=1)

    def neighbours_of(self, own: np.ndarray, count: int) -> np.ndarray:
        """The `count` nearest other rows of some rows: int [n, <= count]."""
        return self.neighbours(self._rows[own], own, count)

    def neighbours(self, queries: np.ndarray, own: np.ndarray, count: int) -> np.ndarray:
        """The `count` nearest rows of each query, nearest first, leaving out its `own` row: int [n, <= count]."""
        count = min(count, len(self._rows) - 1)
        if self._graph is not None:
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


class Proposer:
    """Proposes pairs among some pictures; what it proposes are rows of the catalog.

    Args:
        thumbs: uint8 [N, S, S, 3], whole pictures stretched to squares.
        rows: int [n], the pictures to compare.
        widths: int [n], of those pictures.
        heights: int [n], of those pictures.
        embeddings: [N, D] or None: what a backbone saw; its neighbours are proposed too.
    """

    def __init__(
        self,
        thumbs: "Rows | np.ndarray",
        rows: np.ndarray,
        widths: np.ndarray,
        heights: np.ndarray,
        *,
        embeddings: "Rows | np.ndarray | None" = None,
    ) -> None:
        self._thumbs, self._rows = thumbs, rows
        self._extents = half_extents(widths, heights)
        self._base = np.empty((len(rows), RINGS, ORDERS), np.complex64)
        self._textured = np.empty(len(rows), bool)
        for at, smooth in self._chunks():
            self._base[at], deviation = ring_spectra(smooth, self._extents[at], VIEWS[0])
            self._textured[at] = deviation >= _LEAST_CONTRAST
        self._describer = Describer.fit(self._base[:: -(-len(rows) // _SAMPLE)])
        starts = range(0, len(rows), _CHUNK)
        described = [self._describer.describe(self._base[start : start + _CHUNK]) for start in starts]
        self._described = np.concatenate(described)
        self._index = Index(self._described)
        self._seen = None if embeddings is None else Index(_projected(embeddings, rows))

    def propose(self, progress: Progress = silent) -> Proposals:
        """Search every view of every picture: at most `_KEPT` pairs for each picture as the wide one."""
        found = []
        with one_core_each():
            for at, smooth in self._chunks():
                found.append(self._propose_some(at, smooth))
                progress("propose copies", int(at[-1]) + 1, len(self._rows))
        return self._named(Proposals.join(found))

    def look_alikes(self, *, count: int = 200, rank: int = 40) -> Proposals:
        """Pair pictures, evenly drawn, with their `rank`-th neighbour: alike, but seldom copies so far down."""
        at = np.unique(np.linspace(0, len(self._rows) - 1, count).astype(np.int64))
        rank = min(rank, len(self._rows) // 2)
        narrow = self._index.neighbours(self._described[at], at, rank)[:, -1]
        agreement, mirrored, angle = self._describer.best_turn(self._base[at], self._base[narrow])
        affine = _placing(VIEWS[0], mirrored, angle, self._extents[at])
        return self._named(Proposals(wide=at, narrow=narrow, affine=affine, agreement=agreement))

    def _chunks(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        for start in range(0, len(self._rows), _CHUNK):
            at = np.arange(start, min(start + _CHUNK, len(self._rows)))
            thumbs = self._thumbs[self._rows[at]]
            few = [thumbs[first : first + _SMOOTHED] for first in range(0, len(thumbs), _SMOOTHED)]
            yield at, np.concatenate([blur(brightness(some), 1.2) for some in few])

    def _propose_some(self, at: np.ndarray, smooth: np.ndarray) -> Proposals:
        seen_alike = None if self._seen is None else self._seen.neighbours_of(at, _SEEN_NEIGHBOURS)
        parts = []
        for view in VIEWS:
            spectra, _ = ring_spectra(smooth, self._extents[at], view)
            near = self._index.neighbours(self._describer.describe(spectra), at, _NEIGHBOURS)
            if seen_alike is not None:
                near = np.concatenate([near, seen_alike], axis=1)
            local, narrow = np.repeat(np.arange(len(at)), near.shape[1]), near.ravel()
            agreement, mirrored, angle = self._describer.best_turn(spectra[local], self._base[narrow])
            affine = _placing(view, mirrored, angle, self._extents[at[local]])
            parts.append(Proposals(wide=at[local], narrow=narrow, affine=affine, agreement=agreement))
        return _best_of_each(Proposals.join(parts))

    def _named(self, pairs: Proposals) -> Proposals:
        pairs = pairs.take(self._textured[pairs.wide] & self._textured[pairs.narrow])
        wide, narrow = self._rows[pairs.wide], self._rows[pairs.narrow]
        return Proposals(wide=wide, narrow=narrow, affine=pairs.affine, agreement=pairs.agreement)


def _projected(embeddings: "Rows | np.ndarray", rows: np.ndarray) -> np.ndarray:
    """The head's mean on random directions, length 1 (Johnson and Lindenstrauss 1984): cosines stay."""
    columns = min(_HEAD_COLUMNS, embeddings.shape[1])
    directions = np.random.default_rng(0).standard_normal((columns, _DIRECTIONS)).astype(np.float32)
    projected = np.empty((len(rows), _DIRECTIONS), np.float32)
    for start in range(0, len(rows), _CHUNK):
        some = embeddings[rows[start : start + _CHUNK]][:, :columns]
        projected[start : start + len(some)] = some @ directions
    projected -= projected.mean(axis=0)
    unit: np.ndarray = projected / np.maximum(np.linalg.norm(projected, axis=1, keepdims=True), 1e-9)
    return unit


def _placing(view: np.ndarray, mirrored: np.ndarray, angle: np.ndarray, extents: np.ndarray) -> np.ndarray:
    cos, sin = np.cos(angle) * view[0], np.sin(angle) * view[0]
    flip = np.where(mirrored, -1, 1)
    x = np.stack([cos, -sin * flip, view[1] * extents[:, 0]], axis=1)
    y = np.stack([sin, cos * flip, view[2] * extents[:, 1]], axis=1)
    return np.stack([x, y], axis=1).astype(np.float32)


def _best_of_each(proposals: Proposals) -> Proposals:
    order = np.lexsort((proposals.narrow, -proposals.agreement, proposals.wide))
    ranked = proposals.take(order[proposals.agreement[order] >= _LEAST_AGREEMENT])
    pair = np.stack([ranked.wide, ranked.narrow], axis=1)
    _, first = np.unique(pair, axis=0, return_index=True)
    once = ranked.take(np.sort(first))
    starts = np.searchsorted(once.wide, once.wide)
    return once.take(np.arange(len(once)) - starts < _KEPT)
