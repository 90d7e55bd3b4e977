"""Function that links the pictures of bursts: taken shortly one after another, and of one scene.

A short time alone proves nothing: a scanner, a conveyor belt or a download makes a picture of another thing a second.
Pictures that were taken shortly one after another are linked if they agree more than pictures of the same folder that
were not.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from discern.grouping.films.numbered_names import folders_of
from discern.grouping.films.series import Series

if TYPE_CHECKING:
    from discern.catalog import Catalog

_REACH = 3
_MOST_AT_ONCE = 30
_FAR = 20
_DRAWN, _ENOUGH = 500, 100


@dataclass(frozen=True, kw_only=True)
class BurstConfig:
    """Criteria of a burst, chosen on the tuning half of benchmarks/burst_links.py.

    Args:
        longest_pause: milliseconds between pictures that may be of one burst.
        levels: levels of agreement to choose from, see `agree_moved`.
        max_false: largest expected share of false links.
    """

    longest_pause: int = 60_000
    levels: tuple[float, ...] = (0.5, 0.6, 0.7, 0.8, 0.9)
    max_false: float = 0.05


def link_bursts(
    catalog: "Catalog",
    timelines: list[Series],
    *,
    agreement: Callable[[np.ndarray], np.ndarray],
    unrelated: np.ndarray,
    film: np.ndarray,
    config: BurstConfig | None = None,
) -> np.ndarray:
    """Link pictures of one scene that were taken shortly one after another.

    Each picture is compared with the next three, since several cameras may have been at work. Where more than thirty
    pictures have the same time, it is not that of their capture.

    Args:
        catalog: pictures with names.
        timelines: pictures in the order of their times.
        agreement: measures the agreement of pairs, int [E, 2].
        unrelated: pairs of unrelated pictures, int [P, 2], where a timeline has too few.
        film: film of each row of the catalog; pictures of one film are linked already.
        config: criteria of a burst.

    Returns:
        The linked rows, int [E, 2].
    """
    config = config or BurstConfig()
    linked = [np.zeros((0, 2), np.int64)]
    for timeline in timelines:
        pairs = _near_in_time(timeline, config.longest_pause)
        pairs = pairs[film[pairs[:, 0]] != film[pairs[:, 1]]]
        if len(pairs):
            drawn = _far_in_time(catalog, timeline, config.longest_pause)
            drawn = drawn if len(drawn) >= _ENOUGH else np.concatenate([drawn, unrelated[:_DRAWN]])
            linked.append(pairs[_agree_more(agreement(pairs), agreement(drawn), config)])
    return np.concatenate(linked)


def _near_in_time(timeline: Series, longest_pause: int) -> np.ndarray:
    times = timeline.numbers
    _, inverse, count = np.unique(times, return_inverse=True, return_counts=True)
    usable = count[inverse] <= _MOST_AT_ONCE
    pairs = [np.zeros((0, 2), np.int64)]
    for reach in range(1, _REACH + 1):
        near = (times[reach:] - times[:-reach] <= longest_pause) & usable[reach:] & usable[:-reach]
        pairs.append(np.stack([timeline.rows[:-reach][near], timeline.rows[reach:][near]], axis=1))
    return np.concatenate(pairs)


def _far_in_time(catalog: "Catalog", timeline: Series, longest_pause: int) -> np.ndarray:
    """Draw pairs of pictures of the same folder that were not taken shortly one after another."""
    rng = np.random.default_rng(0)
    paths = catalog.table["path"].gather(timeline.rows).to_list()
    numbers: dict[tuple[str, ...], int] = {}
    folder = np.array([numbers.setdefault(folders_of(path), len(numbers)) for path in paths])
    order = np.argsort(folder, kind="stable")
    size = np.bincount(folder)
    start = np.r_[0, np.cumsum(size)[:-1]]
    first = rng.integers(0, len(paths), 4 * _DRAWN)
    second = order[start[folder[first]] + rng.integers(0, 2**31, len(first)) % size[folder[first]]]
    far = (np.abs(timeline.numbers[first] - timeline.numbers[second]) > longest_pause) | (np.abs(first - second) > _FAR)
    pairs = np.stack([timeline.rows[first], timeline.rows[second]], axis=1)[far]
    return np.unique(np.sort(pairs, axis=1), axis=0)[:_DRAWN] if len(pairs) <= _DRAWN else pairs[:_DRAWN]


def _agree_more(near: np.ndarray, far: np.ndarray, config: BurstConfig) -> np.ndarray:
    """Tell which of the near pairs agree so much that few far ones do."""
    for level in config.levels:
        found: np.ndarray = near >= level
        chance = (1 + (far >= level).sum()) / (1 + len(far))
        if found.any() and chance * len(near) <= config.max_false * found.sum():
            return found
    return np.zeros(len(near), bool)
