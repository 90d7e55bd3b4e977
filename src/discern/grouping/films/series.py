"""Functions that order images by the numbers and times in their file names, and by their times of capture."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from discern.grouping.films.numbered_names import NumberedName, take_apart

_FEWEST = 3
_GAIN = 1.2  # of evidence, for an order that tells nothing about missing numbers; not tuned
_WIDEST = 2**62  # between the first and last number of a series, which is counted in 64 bits

Numbered = list[tuple[tuple[int, ...], int]]


@dataclass(frozen=True, kw_only=True)
class Series:
    """Series of numbered images with a common naming pattern.

    Args:
        pattern: name with `#` in place of its numbers, and `@` in place of a time.
        rows: rows of the catalog in the order of their numbers, int [n].
        numbers: their numbers, or times in milliseconds, int [n], non-decreasing.
        timed: the numbers are times, which tell nothing about the frames between two pictures.
    """

    pattern: str
    rows: np.ndarray
    numbers: np.ndarray
    timed: bool = False

    @property
    def neighbours(self) -> np.ndarray:
        """Return the pairs of consecutive rows, int [n - 1, 2]."""
        return np.stack([self.rows[:-1], self.rows[1:]], axis=1)


Evidence = Callable[[np.ndarray], float]
"""Function that measures how much nearer the pairs of an order are than chance, from int [E, 2]."""


def find_series(paths: list[str], rows: Iterable[int], *, evidence: Evidence | None = None) -> list[Series]:
    """Group images into series by their numbered file names.

    Folders that name a part (train, test, ...) do not separate them. Of several numbers in a name, one is the position
    and the others separate series, or all are the position, as in a time of day. A date with a time is one number. The
    order with most evidence is chosen; without evidence, the number with the most distinct values is the position.

    Args:
        paths: paths of the pictures.
        rows: their rows in the catalog.
        evidence: measures the neighbours of an order; None to look at the names alone.
    """
    named: dict[tuple[tuple[str, ...], str, int, bool], list[tuple[NumberedName, int]]] = defaultdict(list)
    for name, row in zip(take_apart(paths), rows, strict=True):
        if name:
            named[name.folder, name.pattern, len(name.numbers), name.time is not None].append((name, int(row)))
    found = []
    for (_, pattern, _, timed), members in sorted(named.items(), key=lambda item: item[0]):
        numbered = [(((name.time,) if name.time is not None else ()) + name.numbers, row) for name, row in members]
        if len(numbered) >= _FEWEST:
            found += _order(pattern, numbered, evidence, timed=timed)
    return found


def _order(pattern: str, members: Numbered, evidence: Evidence | None, *, timed: bool) -> list[Series]:
    """Return the series of the most plausible order of images with one naming pattern."""
    values = [len(set(column)) for column in zip(*(numbers for numbers, _ in members), strict=True)]
    counters = sorted(range(len(values)), key=lambda at: (-values[at], -at))
    if sum(value > 1 for value in values) < 2:
        return _count_by(pattern, members, counters[0], timed=timed and not counters[0])
    if evidence is None:
        return _count_by_all(pattern, members, timed=True) if timed else _count_by(pattern, members, counters[0])
    orders = [_count_by(pattern, members, at, timed=timed and not at) for at in counters if values[at] > 1]
    best, order = max(((_total(evidence, order), order) for order in orders), key=lambda pair: pair[0])
    joined = _count_by_all(pattern, members, timed=timed)
    return joined if _total(evidence, joined) > (1 if timed else _GAIN) * best else order


def _total(evidence: Evidence, order: list[Series]) -> float:
    return sum(evidence(series.neighbours) for series in order)


def _count_by(pattern: str, members: Numbered, counter: int, *, timed: bool = False) -> list[Series]:
    """Order the images by one of their numbers, in one series for each value of the others."""
    by_others: dict[tuple[int, ...], list[tuple[int, int]]] = defaultdict(list)
    for numbers, row in members:
        by_others[(*numbers[:counter], *numbers[counter + 1 :])].append((numbers[counter], row))
    counts = [sorted(counted) for _, counted in sorted(by_others.items()) if len(counted) >= _FEWEST]
    return [_series(pattern, counted, timed=timed) for counted in counts]


def _count_by_all(pattern: str, members: Numbered, *, timed: bool) -> list[Series]:
    """Order the images by all of their numbers, the first of them first; only a time tells how far apart they are."""
    ordered = sorted(members)
    counted = [(numbers[0] if timed else at, row) for at, (numbers, row) in enumerate(ordered)]
    return [_series(pattern, counted, timed=timed)]


def _series(pattern: str, counted: list[tuple[int, int]], *, timed: bool) -> Series:
    """Create a series of positions and rows; too large positions are counted from the first, or numbered."""
    positions, rows = zip(*counted, strict=True)
    if positions[-1] >= _WIDEST:
        wide = positions[-1] - positions[0] >= _WIDEST
        positions = tuple(range(len(rows))) if wide else tuple(number - positions[0] for number in positions)
    return Series(pattern=pattern, rows=np.array(rows, np.int64), numbers=np.array(positions, np.int64), timed=timed)
