"""Films and bursts: numbered pictures whose neighbours are closer than chance.

Numbers alone say nothing: `n01440764_123` and `n01440764_124` are two photographs. In a film order means something, so
pictures that follow each other are closer than pictures of the same series drawn at random, and closer than all but
few pairs of the set.
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
_DRAWN = 4000
_SHRUNK = 16


@dataclass(frozen=True, kw_only=True)
class SequenceConfig:
    """When a numbered series is a film.

    Args:
        share: of random pairs of the set, those as close as neighbours should be.
        nearer: neighbours' mean distance at most this times that of random pairs of their series.
        surely: by how many standard errors it must be smaller, over all series of one naming pattern.
        agreeing: share of neighbours that must be close; then the whole series is linked.
        gap: longest step in numbers, as a multiple of the series' median step.
    """

    share: float = 0.02
    nearer: float = 0.85
    surely: float = 4.0
    agreeing: float = 0.5
    gap: float = 8.0


@dataclass(frozen=True, kw_only=True)
class Series:
    """Pictures whose names differ in one number only.

    Args:
        pattern: the name with `#` for its numbers.
        rows: int [n], in the order of the number.
        numbers: int [n], rising or equal.
    """

    pattern: str
    rows: np.ndarray
    numbers: np.ndarray


def find_sequences(
    catalog: "Catalog", rows: np.ndarray, *, config: SequenceConfig | None = None, scratch: Path | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Link each frame of a film with the next.

    Args:
        catalog: whose names and thumbnails are read.
        rows: int [n], the pictures to look at.
        config: when a series is a film.
        scratch: a folder for tables, as `scratch_array` takes it.

    Returns:
        int [E, 2], the linked rows, and float64 [E], how close they are: 1 for equal thumbnails.
    """
    config = config or SequenceConfig()
    series = find_series(catalog.table["path"].gather(rows).to_list(), rows)
    if not series:
        return np.zeros((0, 2), np.int64), np.zeros(0)
    distance = _Distance(catalog, rows, scratch)
    near = np.quantile(distance.background(series), config.share)
    pairs = [link for films in _by_pattern(series) for link in _links(films, distance, near, config)]
    linked = np.concatenate(pairs) if pairs else np.zeros((0, 2), np.int64)
    return linked, 1 - np.minimum(distance(linked), 1)


def find_series(paths: list[str], rows: Iterable[int]) -> list[Series]:
    """Sort numbered names into series; folders that name a part (train, test, ...) do not separate them.

    Of several numbers in a name the one that takes most values counts along the series, the others tell series apart.

    Args:
        paths: of the pictures.
        rows: their numbers in the catalog.
    """
    named: dict[tuple[str, ...], list[tuple[int, tuple[int, ...]]]] = defaultdict(list)
    for path, row in zip(paths, rows, strict=True):
        *folders, name = path.split("/")
        stem = name.rsplit(".", 1)[0]
        numbers = tuple(int(found) for found in _NUMBER.findall(stem) if len(found) < 16)
        if numbers and stem.isascii():
            pattern = _NUMBER.sub("#", stem)
            place = tuple(folder for folder in folders if not _PART.match(folder))
            named[(*place, pattern, str(len(numbers)))].append((int(row), numbers))
    return [series for key, members in sorted(named.items()) for series in _split(key[-2], members)]


def _split(pattern: str, members: list[tuple[int, tuple[int, ...]]]) -> Iterator[Series]:
    numbers = np.array([found for _, found in members], np.int64)
    values = [len(np.unique(column)) for column in numbers.T]
    counting = max(range(len(values)), key=lambda place: (values[place], place))
    apart: dict[tuple[int, ...], list[tuple[int, int]]] = defaultdict(list)
    for row, found in members:
        apart[(*found[:counting], *found[counting + 1 :])].append((found[counting], row))
    for _, ordered in sorted(apart.items()):
        if len(ordered) > 2:
            count, rows = np.array(sorted(ordered), np.int64).T
            yield Series(pattern=pattern, rows=rows, numbers=count)


def _by_pattern(series: list[Series]) -> list[list[Series]]:
    patterns: dict[str, list[Series]] = defaultdict(list)
    for one in series:
        patterns[one.pattern].append(one)
    return list(patterns.values())


class _Distance:
    """Mean absolute difference of shrunk thumbnails, 0-1."""

    def __init__(self, catalog: "Catalog", rows: np.ndarray, scratch: Path | None) -> None:
        self._place = np.full(len(catalog.table), -1, np.int64)
        self._place[rows] = np.arange(len(rows))
        self._shrunk = scratch_array((len(rows), _SHRUNK * _SHRUNK * 3), np.uint8, scratch)
        for at in blocks(len(rows)):
            self._shrunk[at] = _shrunk(catalog.thumbs[rows[at]])

    def __call__(self, pairs: np.ndarray) -> np.ndarray:
        """Of rows [E, 2]: float64 [E]."""
        return np.concatenate([np.zeros(0), *(self._some(pairs[at]) for at in blocks(len(pairs)))])

    def _some(self, pairs: np.ndarray) -> np.ndarray:
        ends = self._shrunk[self._place[pairs]].astype(np.int16)
        distance: np.ndarray = np.abs(ends[:, 0] - ends[:, 1]).mean(axis=1) / 255
        return distance

    def background(self, series: list[Series]) -> np.ndarray:
        """Distances of random pairs that are not of one series, or of any where there are no others."""
        rows = np.flatnonzero(self._place >= 0)
        pairs = np.random.default_rng(0).choice(rows, (_DRAWN, 2))
        member = np.full(len(self._place), -1, np.int64)
        for number, one in enumerate(series):
            member[one.rows] = number
        apart = (member[pairs[:, 0]] != member[pairs[:, 1]]) | (member[pairs[:, 0]] < 0)
        apart &= pairs[:, 0] != pairs[:, 1]
        return self(pairs[apart] if apart.sum() >= _DRAWN // 20 else pairs[pairs[:, 0] != pairs[:, 1]])


def _shrunk(thumbs: np.ndarray) -> np.ndarray:
    """Means of cells of square thumbnails uint8 [n, S, S, 3]: uint8 [n, 768]."""
    count, side = thumbs.shape[:2]
    cell = side // _SHRUNK
    rows = np.add.reduce([thumbs[:, offset::cell].astype(np.uint16) for offset in range(cell)])
    cells = np.add.reduce([rows[:, :, offset::cell] for offset in range(cell)])
    shrunk: np.ndarray = (cells.astype(np.float32) / cell**2).round().astype(np.uint8).reshape(count, -1)
    return shrunk


def _links(films: list[Series], distance: _Distance, near: float, config: SequenceConfig) -> Iterator[np.ndarray]:
    rng = np.random.default_rng(0)
    following = [np.stack([one.rows[:-1], one.rows[1:]], axis=1) for one in films]
    anyhow = [_random_pairs(one.rows, min(len(one.rows), _DRAWN // 4), rng) for one in films]
    next_to, drawn = [distance(pairs) for pairs in following], [distance(pairs) for pairs in anyhow]
    ratios = [one.mean() / max(other.mean(), 1e-9) for one, other in zip(next_to, drawn, strict=True)]
    if not _ordered(np.concatenate(next_to), np.concatenate(drawn), config):
        return
    for one, pairs, close, ratio in zip(films, following, next_to, ratios, strict=True):
        steps = np.diff(one.numbers)
        reachable = steps <= config.gap * max(float(np.median(steps)), 1.0)
        whole = (close <= near).mean() >= config.agreeing and ratio <= 1
        yield pairs[reachable & ((close <= near) | whole)]


def _ordered(next_to: np.ndarray, drawn: np.ndarray, config: SequenceConfig) -> bool:
    error = np.sqrt(next_to.var() / len(next_to) + drawn.var() / len(drawn)) + 1e-9
    nearer = next_to.mean() <= config.nearer * drawn.mean()
    return bool(nearer and (drawn.mean() - next_to.mean()) / error >= config.surely)


def _random_pairs(rows: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    first = rng.integers(0, len(rows), count)
    second = (first + rng.integers(1, len(rows), count)) % len(rows)
    return np.stack([rows[first], rows[second]], axis=1)
