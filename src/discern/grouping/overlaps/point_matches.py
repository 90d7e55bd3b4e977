"""Functions that find pictures with several matching points at one shift.

Points that look alike are found by their descriptors. Two pictures that show parts of one source match at several
points, all moved by the same shift; other pictures match at single points and random shifts.
"""

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Self

import numpy as np

from discern.grouping.near_copies.scratch_arrays import blocks
from discern.grouping.neighbour_graph import build_graph, order_nearby
from discern.grouping.overlaps.interest_points import InterestPoints
from discern.parallel import parallel_map

if TYPE_CHECKING:
    from usearch.index import Index

_LEAST_COSINE = 0.88  # 0.8 found no more neighbours among tiles, and ten times as many matches (benchmarks/tiles.py)
_NEIGHBOURS = 3  # of one point; 6 found no more
_TOLERANCE = 1.5  # pixels of a thumbnail between the shifts of points that agree
_LEAST_POINTS = 2
_MOST_PAIRS = 12  # per picture; a tile has 8 neighbours
_LAGS = 24
_EXACT_UP_TO = 80_000  # points; the graph is faster from 40,000, but misses matches (benchmarks/neighbour_order.py)
_ROWS, _COLUMNS = 512, 2048
_MANY = 16  # matches of one point in a block, above which only the best are kept


@dataclass(frozen=True, kw_only=True)
class ShiftedPairs:
    """Pairs of pictures that may show parts of one source.

    Args:
        first: position of one picture, int [P].
        second: position of the other, greater than `first`, int [P].
        shift: columns and rows to add to a place in the second thumbnail for that in the first, float32 [P, 2].
        points: number of points that agree, int [P].
        weight: sum of the similarities of those points, float32 [P].
    """

    first: np.ndarray
    second: np.ndarray
    shift: np.ndarray
    points: np.ndarray
    weight: np.ndarray

    def __len__(self) -> int:
        return len(self.first)

    def take(self, at: np.ndarray) -> Self:
        """Select pairs by an index array or a mask."""
        return type(self)(**{name: values[at] for name, values in vars(self).items()})


def match_points(points: InterestPoints, count: int) -> ShiftedPairs:
    """Find pairs of pictures with several matching points at one shift.

    Args:
        points: points of all pictures.
        count: number of pictures.

    Returns:
        At most 12 pairs for each picture, those of most weight.
    """
    one, other, cosine = _search_all(points) if len(points) <= _EXACT_UP_TO else _search_graph(points)
    one, other, cosine = _nearest_of_each(one, other, cosine)
    first, second = points.picture[one], points.picture[other]
    pairs = _vote(first, second, points.place[one] - points.place[other], cosine, count)
    return pairs.take(_best_of_each(pairs))


Matches = tuple[np.ndarray, np.ndarray, np.ndarray]


def _search_all(points: InterestPoints) -> Matches:
    """Compare all points of different pictures; the first of two comes earlier."""
    at = blocks(len(points), _ROWS) or [np.zeros(0, np.int64)]
    found = list(parallel_map([partial(_search_rows, points, rows) for rows in at]))
    return tuple(np.concatenate(values) for values in zip(*found, strict=True))  # type: ignore[return-value]


def _search_rows(points: InterestPoints, rows: np.ndarray) -> Matches:
    vectors = points.descriptor
    parts = [(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.float32))]
    queries, last = vectors[rows], int(points.picture[rows].max(initial=0))
    least = np.full((len(rows), 1), _LEAST_COSINE, np.float32)
    buffer = np.empty(len(rows) * _COLUMNS, np.float32)  # allocating it for each block takes longer than filling it
    for start in range(int(rows.min(initial=len(vectors))), len(vectors), _COLUMNS):
        keys = vectors[start : start + _COLUMNS]
        width = len(keys)
        cosine = buffer[: len(rows) * width]
        block = cosine.reshape(len(rows), width)
        np.matmul(queries, keys.T, out=block)
        at = np.flatnonzero(block >= least)
        if len(at) > _MANY * len(rows):  # frames of films match in all their points
            raised = np.partition(block, -_MANY, axis=1)[:, -_MANY, None]
            least = np.maximum(least, raised) if width >= _MANY else least
            at = at[cosine[at] >= np.broadcast_to(least, block.shape).ravel()[at]]
        one, other = rows[at // width], start + at % width
        if int(points.picture[start]) <= last:
            apart = points.picture[other] > points.picture[one]
            one, other, at = one[apart], other[apart], at[apart]
        parts.append((one, other, cosine[at]))
    one, other, cosine = (np.concatenate(values) for values in zip(*parts, strict=True))
    return _nearest_of_each(one, other, cosine)


def build_point_graph(descriptors: np.ndarray, order: np.ndarray) -> "Index":
    """Build a graph of the descriptors of points, float32 [n, D] of unit length, which are added in an order.

    More links, or more rows considered, find more neighbours in proportion to the time they take.
    """
    return build_graph(descriptors, dtype="i8", connectivity=8, expansion_add=24, expansion_search=12, order=order)


def _search_graph(points: InterestPoints) -> Matches:
    """Search the nearest points in an HNSW graph, in the order in which they are near each other in memory."""
    vectors, order = points.descriptor, order_nearby(points.descriptor)
    graph = build_point_graph(vectors, order)
    parts = []
    for block in blocks(len(vectors), 4096):
        rows = order[block]
        queries = vectors[rows]
        other = graph.search(queries, _NEIGHBOURS + 1).keys.astype(np.int64)
        cosine = np.einsum("nd,nkd->nk", queries, vectors[other])
        found = (cosine >= _LEAST_COSINE) & (points.picture[other] != points.picture[rows][:, None])
        at, rank = np.nonzero(found)
        ends = np.sort(np.stack([rows[at], other[at, rank]], axis=1), axis=1)
        parts.append((ends[:, 0], ends[:, 1], cosine[at, rank]))
    one, other, cosine = (np.concatenate(values) for values in zip(*parts, strict=True))
    _, unique = np.unique(one * np.int64(len(points)) + other, return_index=True)
    return one[unique], other[unique], cosine[unique]


def _nearest_of_each(one: np.ndarray, other: np.ndarray, cosine: np.ndarray) -> Matches:
    """Keep the matches that are among the nearest of either of their points."""
    kept = rank_within(one, cosine) < _NEIGHBOURS
    kept |= rank_within(other, cosine) < _NEIGHBOURS
    return one[kept], other[kept], cosine[kept]


def rank_within(group: np.ndarray, score: np.ndarray) -> np.ndarray:
    """Return the rank of each score among those of its group, int [n], 0 for the highest.

    Args:
        group: group of each score, int [n].
        score: scores below 2, [n].
    """
    order = np.argsort(group - score.astype(np.float64) / 4)  # one key is sorted twice as fast as two
    grouped = group[order]
    at = np.arange(len(order))
    first = np.r_[True, grouped[1:] != grouped[:-1]][: len(order)]
    rank = np.empty(len(order), np.int64)
    rank[order] = at - np.maximum.accumulate(np.where(first, at, 0))
    return rank


def _vote(first: np.ndarray, second: np.ndarray, shift: np.ndarray, cosine: np.ndarray, count: int) -> ShiftedPairs:
    """Return the shift of each pair of pictures that most points agree on, if several do.

    A pair with more than 24 matches on one side of a match compares the match with those 24 only.
    """
    pair = first.astype(np.int64) * count + second
    order = np.argsort(pair, kind="stable")
    pair, shift, cosine = pair[order], shift[order], cosine[order]
    several = np.zeros(len(pair), bool)
    several[1:] = pair[1:] == pair[:-1]
    several[:-1] |= several[1:]
    pair, shift, cosine = pair[several], shift[several], cosine[several]
    votes, weight, total = np.ones(len(pair), np.int64), cosine.copy(), shift * cosine[:, None]
    for lag in range(1, min(_LAGS, len(pair))):
        agree = (pair[lag:] == pair[:-lag]) & (((shift[lag:] - shift[:-lag]) ** 2).sum(axis=1) <= _TOLERANCE**2)
        at = np.flatnonzero(agree)
        if not len(at):
            continue
        for to, source in ((at, at + lag), (at + lag, at)):
            votes[to] += 1
            weight[to] += cosine[source]
            total[to] += shift[source] * cosine[source, None]
    order = np.lexsort((-weight, pair))
    pair, best = pair[order], np.unique(pair[order], return_index=True)[1]
    at = order[best]
    pairs = ShiftedPairs(
        first=pair[best] // count,
        second=pair[best] % count,
        shift=(total[at] / weight[at, None]).astype(np.float32),
        points=votes[at],
        weight=weight[at],
    )
    return pairs.take(pairs.points >= _LEAST_POINTS)


def _best_of_each(pairs: ShiftedPairs) -> np.ndarray:
    """Tell which pairs are among the 12 of most weight of either picture."""
    weight = pairs.weight / max(float(pairs.weight.max(initial=0)), 1)
    best: np.ndarray = np.minimum(rank_within(pairs.first, weight), rank_within(pairs.second, weight)) < _MOST_PAIRS
    return best
