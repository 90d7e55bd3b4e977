"""Functions that order images by the numbers in their file names."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

_NUMBER = re.compile(r"\d+")
_PART = re.compile(r"(train|val|test|dev|eval)", re.IGNORECASE)
_FEWEST = 3
_LONGEST_NUMBER = 18  # digits that fit in 64 bits; longer ones are parts of hashes
_GAIN = 1.2  # of evidence, for an order that tells nothing about missing numbers; not tuned

Numbered = list[tuple[tuple[int, ...], int]]


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

    @property
    def neighbours(self) -> np.ndarray:
        """Return the pairs of consecutive rows, int [n - 1, 2]."""
        return np.stack([self.rows[:-1], self.rows[1:]], axis=1)


Evidence = Callable[[np.ndarray], float]
"""Function that measures how much nearer the pairs of an order are than chance, from int [E, 2]."""


def find_series(paths: list[str], rows: Iterable[int], *, evidence: Evidence | None = None) -> list[Series]:
    """Group images into series by their numbered file names.

    Folders that name a part (train, test, ...) do not separate them. Of several numbers in a name, one is the position
    and the others separate series, or all are the position, as in a time of day. The order with most evidence is
    chosen; without evidence, the number with the most distinct values is the position.

    Args:
        paths: paths of the pictures.
        rows: their rows in the catalog.
        evidence: measures the neighbours of an order; None to look at the names alone.
    """
    named: dict[tuple[str, ...], Numbered] = defaultdict(list)
    for path, row in zip(paths, rows, strict=True):
        *folders, name = path.split("/")
        stem = name.rsplit(".", 1)[0]
        numbers = tuple(int(found) for found in _NUMBER.findall(stem) if len(found) <= _LONGEST_NUMBER)
        if numbers:
            pattern = _NUMBER.sub("#", stem)
            parents = tuple(folder for folder in folders if not _PART.match(folder))
            named[(*parents, pattern, str(len(numbers)))].append((numbers, int(row)))
    return [series for key, members in sorted(named.items()) for series in _order(key[-2], members, evidence)]


def _order(pattern: str, members: Numbered, evidence: Evidence | None) -> list[Series]:
    """Return the series of the most plausible order of images with one naming pattern."""
    values = [len(set(column)) for column in zip(*(numbers for numbers, _ in members), strict=True)]
    counters = sorted(range(len(values)), key=lambda at: (-values[at], -at))
    if evidence is None or sum(value > 1 for value in values) < 2:
        return _count_by(pattern, members, counters[0])
    orders = [_count_by(pattern, members, at) for at in counters if values[at] > 1]
    best, order = max(((_total(evidence, order), order) for order in orders), key=lambda pair: pair[0])
    joined = _count_by_all(pattern, members)
    return joined if _total(evidence, joined) > _GAIN * best else order


def _total(evidence: Evidence, order: list[Series]) -> float:
    return sum(evidence(series.neighbours) for series in order)


def _count_by(pattern: str, members: Numbered, counter: int) -> list[Series]:
    """Order the images by one of their numbers, in one series for each value of the others."""
    by_others: dict[tuple[int, ...], list[tuple[int, int]]] = defaultdict(list)
    for numbers, row in members:
        by_others[(*numbers[:counter], *numbers[counter + 1 :])].append((numbers[counter], row))
    return [
        Series(pattern=pattern, rows=rows, numbers=positions)
        for _, counted in sorted(by_others.items())
        if len(counted) >= _FEWEST
        for positions, rows in [np.array(sorted(counted), np.int64).T]
    ]


def _count_by_all(pattern: str, members: Numbered) -> list[Series]:
    """Order the images by all of their numbers, the first of them first."""
    if len(members) < _FEWEST:
        return []
    rows = np.array([row for _, row in sorted(members)], np.int64)
    return [Series(pattern=pattern, rows=rows, numbers=np.arange(len(rows)))]
