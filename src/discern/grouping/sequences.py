"""Functions that detect films and bursts among images with numbered file names.

Their frames resemble their neighbours more than chance allows. Consecutive numbers alone prove nothing: `n01440764_123`
and `n01440764_124` are unrelated photographs. Neighbouring frames of a film are closer than random pairs of the same
series, and closer than nearly all pairs of the set.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from discern.grouping.near_copies.scratch_arrays import blocks, scratch_array

if TYPE_CHECKING:
    from discern.catalog import Catalog

_NUMBER = re.compile(r"\d+")
_PART = re.compile(r"(train|val|test|dev|eval)", re.IGNORECASE)
_MAX_PAIRS = 4000
_CELLS = 16


@dataclass(frozen=True, kw_only=True)
class SequenceConfig:
    """Criteria that distinguish films from other series of numbered images.

    Args:
        background_quantile: neighbours are close if nearer than this quantile of the distances of random pairs.
        max_ratio: largest mean distance of neighbours, as a share of that of random pairs of their series.
        min_deviations: standard errors by which it must be smaller, over all series of one naming pattern.
        min_close_share: share of neighbours that must be close for the whole series to be linked.
        max_gap: largest step between numbers, as a multiple of the median step of the series.
    """

    background_quantile: float = 0.02
    max_ratio: float = 0.85
    min_deviations: float = 4.0
    min_close_share: float = 0.5
    max_gap: float = 8.0


@dataclass(frozen=True, kw_only=True)
class Series:
    """Series of numbered images with a common naming pattern.

    Args:
        pattern: name with `#` in place of its numbers.
        rows: rows of the catalog in the order of their numbers, int [n].
        numbers: their numbers, int [n], non-decreasing.
    """

    pattern: str
    rows: np.ndarray
    numbers: np.ndarray


def find_sequences(
    catalog: "Catalog", rows: np.ndarray, *, config: SequenceConfig | None = None, scratch: Path | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Find films among numbered images and link their consecutive frames.

    Args:
        catalog: pictures with names and thumbnails.
        rows: rows of the pictures to consider, int [n].
        config: criteria of a film.
        scratch: directory for temporary files, as in `scratch_array`.

    Returns:
        The linked rows, int [E, 2], and their similarity, float64 [E]: 1 for equal thumbnails.
    """
    config = config or SequenceConfig()
    series = find_series(catalog.table["path"].gather(rows).to_list(), rows)
    if not series:
        return np.zeros((0, 2), np.int64), np.zeros(0)
    distance = _Distance(catalog, rows, scratch)
    close = np.quantile(distance.background(series), config.background_quantile)
    pairs = [link for group in _by_pattern(series) for link in _links(group, distance, close, config)]
    linked = np.concatenate(pairs) if pairs else np.zeros((0, 2), np.int64)
    return linked, 1 - np.minimum(distance(linked), 1)


def find_series(paths: list[str], rows: Iterable[int]) -> list[Series]:
    """Group images into series by their numbered file names.

    Folders that name a part (train, test, ...) do not separate them. Of several numbers in a name, the one with the
    most distinct values is the position; the others separate series.

    Args:
        paths: paths of the pictures.
        rows: their rows in the catalog.
    """
    named: dict[tuple[str, ...], list[tuple[int, tuple[int, ...]]]] = defaultdict(list)
    for path, row in zip(paths, rows, strict=True):
        *folders, name = path.split("/")
        stem = name.rsplit(".", 1)[0]
        numbers = tuple(int(found) for found in _NUMBER.findall(stem) if len(found) < 16)
        if numbers and stem.isascii():
            pattern = _NUMBER.sub("#", stem)
            parents = tuple(folder for folder in folders if not _PART.match(folder))
            named[(*parents, pattern, str(len(numbers)))].append((int(row), numbers))
    return [series for key, members in sorted(named.items()) for series in _split(key[-2], members)]


def _split(pattern: str, members: list[tuple[int, tuple[int, ...]]]) -> Iterator[Series]:
    numbers = np.array([found for _, found in members], np.int64)
    values = [len(np.unique(column)) for column in numbers.T]
    counter = max(range(len(values)), key=lambda at: (values[at], at))
    by_others: dict[tuple[int, ...], list[tuple[int, int]]] = defaultdict(list)
    for row, found in members:
        by_others[(*found[:counter], *found[counter + 1 :])].append((found[counter], row))
    for _, counted in sorted(by_others.items()):
        if len(counted) > 2:
            positions, rows = np.array(sorted(counted), np.int64).T
            yield Series(pattern=pattern, rows=rows, numbers=positions)


def _by_pattern(series: list[Series]) -> list[list[Series]]:
    patterns: dict[str, list[Series]] = defaultdict(list)
    for one in series:
        patterns[one.pattern].append(one)
    return list(patterns.values())


class _Distance:
    """Distance between images, computed as the mean absolute difference of their thumbnails."""

    def __init__(self, catalog: "Catalog", rows: np.ndarray, scratch: Path | None) -> None:
        self._position = np.full(len(catalog.table), -1, np.int64)
        self._position[rows] = np.arange(len(rows))
        self._reduced = scratch_array((len(rows), _CELLS * _CELLS * 3), np.uint8, scratch)
        for at in blocks(len(rows)):
            self._reduced[at] = _reduce(catalog.thumbs[rows[at]])

    def __call__(self, pairs: np.ndarray) -> np.ndarray:
        """Compute the distance of each pair of images."""
        return np.concatenate([np.zeros(0), *(self._of_block(pairs[at]) for at in blocks(len(pairs)))])

    def _of_block(self, pairs: np.ndarray) -> np.ndarray:
        ends = self._reduced[self._position[pairs]].astype(np.int16)
        distance: np.ndarray = np.abs(ends[:, 0] - ends[:, 1]).mean(axis=1) / 255
        return distance

    def background(self, series: list[Series]) -> np.ndarray:
        """Compute the distances of random pairs of images, from different series where possible."""
        rows = np.flatnonzero(self._position >= 0)
        pairs = np.random.default_rng(0).choice(rows, (_MAX_PAIRS, 2))
        member = np.full(len(self._position), -1, np.int64)
        for number, one in enumerate(series):
            member[one.rows] = number
        unrelated = (member[pairs[:, 0]] != member[pairs[:, 1]]) | (member[pairs[:, 0]] < 0)
        unrelated &= pairs[:, 0] != pairs[:, 1]
        return self(pairs[unrelated] if unrelated.sum() >= _MAX_PAIRS // 20 else pairs[pairs[:, 0] != pairs[:, 1]])


def _reduce(thumbs: np.ndarray) -> np.ndarray:
    """Downsample square thumbnails to 16 x 16 cells."""
    count, side = thumbs.shape[:2]
    cell = side // _CELLS
    rows = np.add.reduce([thumbs[:, offset::cell].astype(np.uint16) for offset in range(cell)])
    cells = np.add.reduce([rows[:, :, offset::cell] for offset in range(cell)])
    reduced: np.ndarray = (cells.astype(np.float32) / cell**2).round().astype(np.uint8).reshape(count, -1)
    return reduced


def _links(group: list[Series], distance: _Distance, close: float, config: SequenceConfig) -> Iterator[np.ndarray]:
    """Link the frames of films among the series with one naming pattern."""
    rng = np.random.default_rng(0)
    neighbours = [np.stack([one.rows[:-1], one.rows[1:]], axis=1) for one in group]
    randoms = [_random_pairs(one.rows, min(len(one.rows), _MAX_PAIRS // 4), rng) for one in group]
    observed, expected = [distance(pairs) for pairs in neighbours], [distance(pairs) for pairs in randoms]
    ratios = [near.mean() / max(random.mean(), 1e-9) for near, random in zip(observed, expected, strict=True)]
    if not _is_ordered(np.concatenate(observed), np.concatenate(expected), config):
        return
    for one, pairs, distances, ratio in zip(group, neighbours, observed, ratios, strict=True):
        steps = np.diff(one.numbers)
        reachable = steps <= config.max_gap * max(float(np.median(steps)), 1.0)
        whole = (distances <= close).mean() >= config.min_close_share and ratio <= 1
        yield pairs[reachable & ((distances <= close) | whole)]


def _is_ordered(observed: np.ndarray, expected: np.ndarray, config: SequenceConfig) -> bool:
    error = np.sqrt(observed.var() / len(observed) + expected.var() / len(expected)) + 1e-9
    nearer = observed.mean() <= config.max_ratio * expected.mean()
    return bool(nearer and (expected.mean() - observed.mean()) / error >= config.min_deviations)


def _random_pairs(rows: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    first = rng.integers(0, len(rows), count)
    second = (first + rng.integers(1, len(rows), count)) % len(rows)
    return np.stack([rows[first], rows[second]], axis=1)
