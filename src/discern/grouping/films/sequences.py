"""Functions that detect films and bursts among images with numbers or times.

Consecutive numbers alone prove nothing: `n01440764_123` and `n01440764_124` are unrelated photographs. Neighbouring
frames of a film are closer than random pairs of the same series, and show the same scene: they are nearly alike, or one
can be aligned with the other. Where they do not, one film ends and the next begins.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from discern.grouping.films.bursts import link_bursts
from discern.grouping.films.colour_overlap import overlap_colours
from discern.grouping.films.frame_distance import FrameDistance
from discern.grouping.films.same_scene import agree_moved
from discern.grouping.films.series import Series, find_series
from discern.grouping.films.timelines import capture_series, find_timelines
from discern.grouping.groups import merge_groups

if TYPE_CHECKING:
    from discern.catalog import Catalog

_MOST_RANDOM_PAIRS = 1000
_SAMPLE = 100
_NEARLY_ALL = 0.9
_REACH = 3
_BRIDGED = np.array([(before, after) for before in range(_REACH) for after in range(_REACH) if before + after])


@dataclass(frozen=True, kw_only=True)
class SequenceConfig:
    """Criteria that distinguish films from other series of numbered images, and one film from the next.

    `background_quantile`, `max_ratio`, `min_deviations`, `shortest` and `max_gap` are not tuned; the others are chosen
    on the tuning half of benchmarks/film_borders.py. Agreement is that of `agree_moved`.

    Args:
        background_quantile: neighbours are close if nearer than this quantile of the distances of random pairs.
        max_ratio: largest mean distance of neighbours, as a share of that of random pairs of their series.
        min_deviations: standard errors by which it must be smaller, over a series or all of one naming pattern.
        shortest: fewest neighbours of a series that is judged by itself.
        sure_share: neighbours nearer than this share of close are linked without being aligned.
        turning_share: the same where most neighbours are close but cannot be aligned, as on a turntable.
        min_close_share: share of neighbours that are close in such a series.
        min_agreement: least agreement of neighbours that show one scene.
        close_agreement: the same for close neighbours.
        turned_agreement: the same between which the camera has turned or come nearer.
        sure_agreement: the same where the order of the series proves nothing, or numbers are missing.
        camera_agreement: agreement of neighbours in a film whose scene stands still while the camera moves.
        min_aligned_share: share of neighbours that reach it in such a film.
        max_hue: largest difference in colour of neighbours that show one scene.
        covered_share: in such a film, distance as a share of close up to which neighbours are linked by their colours,
            as where somebody walks through.
        min_overlap: least overlap of their colours.
        max_gap: step between numbers, as a multiple of the median step of the series, from which numbers are missing.
    """

    background_quantile: float = 0.02
    max_ratio: float = 0.85
    min_deviations: float = 4.0
    shortest: int = 10
    sure_share: float = 0.5
    turning_share: float = 1.3
    min_close_share: float = 0.5
    min_agreement: float = 0.6
    close_agreement: float = 0.4
    turned_agreement: float = 0.6
    sure_agreement: float = 0.8
    camera_agreement: float = 0.9
    min_aligned_share: float = 0.6
    max_hue: float = 0.12
    covered_share: float = 1.5
    min_overlap: float = 0.95
    max_gap: float = 8.0


def find_sequences(
    catalog: "Catalog", rows: np.ndarray, *, config: SequenceConfig | None = None, scratch: Path | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Find films and bursts among images with numbers or times, and link their consecutive frames.

    Args:
        catalog: pictures with names, times of capture and thumbnails.
        rows: rows of the pictures to consider, int [n].
        config: criteria of a film.
        scratch: directory for temporary files, as in `scratch_array`.

    Returns:
        The linked rows, int [E, 2], and their similarity, float64 [E]: 1 for equal thumbnails.
    """
    config = config or SequenceConfig()
    paths = catalog.table["path"].gather(rows).to_list()
    captured, timelines = capture_series(catalog, rows), find_timelines(catalog, rows)
    series = [*find_series(paths, rows), *captured]
    if not series and not timelines:
        return np.zeros((0, 2), np.int64), np.zeros(0)
    distance = FrameDistance(catalog, rows, scratch)
    unrelated = distance.unrelated_pairs(series)
    middle = np.median(distance(unrelated))
    found = find_series(paths, rows, evidence=lambda pairs: float(np.maximum(middle - distance(pairs), 0).sum()))
    linker = _Linker(catalog, distance, unrelated, config)
    pairs = [links for group in _by_pattern([*found, *captured]) for links in linker.link(group)]
    linked = np.concatenate([np.zeros((0, 2), np.int64), *pairs])
    film = merge_groups(len(catalog), linked)
    bursts = link_bursts(catalog, timelines, agreement=linker.agreement, unrelated=unrelated, film=film)
    linked = np.unique(np.sort(np.concatenate([linked, bursts]), axis=1), axis=0)
    return linked, 1 - np.minimum(distance(linked), 1)


def _by_pattern(series: list[Series]) -> list[list[Series]]:
    patterns: dict[str, list[Series]] = defaultdict(list)
    for one in series:
        patterns[one.pattern].append(one)
    return list(patterns.values())


class _Linker:
    """Linker of the frames of films, cut where neighbours do not agree."""

    def __init__(
        self, catalog: "Catalog", distance: FrameDistance, unrelated: np.ndarray, config: SequenceConfig
    ) -> None:
        self._catalog, self._distance, self._unrelated, self._config = catalog, distance, unrelated, config
        self._known: dict[tuple[int, int, bool], float] = {}
        self._close = float(np.quantile(distance(unrelated), config.background_quantile))

    def link(self, group: list[Series]) -> Iterator[np.ndarray]:
        """Yield the links of each series with one naming pattern."""
        rng = np.random.default_rng(0)
        observed = [self._distance(one.neighbours) for one in group]
        expected = [self._distance(_random_pairs(one.rows, rng)) for one in group]
        all_ordered = self._is_ordered(np.concatenate(observed), np.concatenate(expected))
        if all_ordered:  # all at once, since a call for each short series takes longer
            self.agreement(np.concatenate([_sample(one.neighbours) for one in group]))
        for one, near, random in zip(group, observed, expected, strict=True):
            long_enough = len(near) >= self._config.shortest
            yield self._link(one, near, ordered=all_ordered or (long_enough and self._is_ordered(near, random)))

    def _is_ordered(self, observed: np.ndarray, expected: np.ndarray) -> bool:
        error = np.sqrt(observed.var() / len(observed) + expected.var() / len(expected)) + 1e-9
        nearer = observed.mean() <= self._config.max_ratio * expected.mean()
        return bool(nearer and (expected.mean() - observed.mean()) / error >= self._config.min_deviations)

    def _link(self, series: Series, distances: np.ndarray, *, ordered: bool) -> np.ndarray:
        config, pairs = self._config, series.neighbours
        if not ordered:
            return self._link_bursts(series)
        steps = np.diff(series.numbers)
        complete = steps <= config.max_gap * max(float(np.median(steps)), 1.0)
        aligned = self._is_aligned(pairs)
        linked = complete & (
            distances <= config.sure_share * self._close
            if aligned
            else self._is_near(distances, np.zeros_like(steps) if series.timed else steps)
        )
        rest = np.flatnonzero(~linked)
        least = np.where(distances[rest] <= self._close, config.close_agreement, config.min_agreement)
        least = np.where(complete[rest], least, config.sure_agreement)
        linked[rest[self.agreement(pairs[rest]) >= least]] = True
        if aligned:
            rest = np.flatnonzero(~linked & complete & (distances <= config.covered_share * self._close))
            linked[rest[overlap_colours(self._catalog, pairs[rest]) >= config.min_overlap]] = True
        bridges = self._bridges(series.rows, linked, complete)
        rest = np.flatnonzero(~linked & complete)
        linked[rest[self.agreement(pairs[rest], turned=True) >= config.turned_agreement]] = True
        return np.concatenate([pairs[linked], bridges])

    def _link_bursts(self, series: Series) -> np.ndarray:
        """Link the bursts of a series whose order as a whole proves nothing.

        Their neighbours agree more often than random pairs of the series, or of the set if nearly all of the series is
        one scene. Two pictures alone may be copies, which are found without their numbers.
        """
        pairs = series.neighbours
        if len(pairs) < self._config.shortest:
            return pairs[:0]
        agree = self._agree_surely(pairs)
        agree &= np.r_[False, agree[:-1]] | np.r_[agree[1:], False]
        if not agree.any():
            return pairs[:0]
        one_scene = agree.mean() >= _NEARLY_ALL
        randoms = self._unrelated[:_SAMPLE] if one_scene else _random_pairs(series.rows, np.random.default_rng(0))
        chance = (1 + self._agree_surely(randoms).sum()) / (1 + len(randoms))
        surplus = agree.sum() - chance * len(pairs)
        enough = bool(surplus >= self._config.min_deviations * np.sqrt(chance * len(pairs)))
        return pairs[agree] if enough else pairs[:0]

    def _agree_surely(self, pairs: np.ndarray) -> np.ndarray:
        sure: np.ndarray = self.agreement(pairs) >= self._config.sure_agreement
        return sure

    def _is_near(self, distances: np.ndarray, steps: np.ndarray) -> np.ndarray:
        """Tell which neighbours are near enough to be linked in a series that cannot be aligned."""
        config = self._config
        near: np.ndarray = distances <= self._close
        if near.mean() >= config.min_close_share:
            pace = distances / np.maximum(steps, 1)
            near |= (steps > np.median(steps)) & (pace <= np.quantile(pace[near], 0.9))
            near |= distances <= config.turning_share * self._close
        return near

    def _is_aligned(self, pairs: np.ndarray) -> bool:
        """Tell whether most neighbours can be aligned well, so that those that cannot show different scenes."""
        config = self._config
        return bool(np.mean(self.agreement(_sample(pairs)) >= config.camera_agreement) >= config.min_aligned_share)

    def _bridges(self, rows: np.ndarray, linked: np.ndarray, complete: np.ndarray) -> np.ndarray:
        """Link frames shortly before and after a cut that surely show one scene.

        The frames between them were blurred or covered, or the camera has come back.
        """
        cuts = np.flatnonzero(~linked & complete)[:, None]
        at = np.stack([(cuts - _BRIDGED[:, 0]).ravel(), (cuts + 1 + _BRIDGED[:, 1]).ravel()], axis=1)
        at = np.unique(at[(at[:, 0] >= 0) & (at[:, 1] < len(rows))], axis=0)
        pairs: np.ndarray = rows[at]
        sure = self._distance(pairs) <= self._config.sure_share * self._close
        sure[~sure] = self.agreement(pairs[~sure]) >= self._config.sure_agreement
        return pairs[sure]

    def agreement(self, pairs: np.ndarray, *, turned: bool = False) -> np.ndarray:
        """Measure the agreement of pairs of pictures, unless it is known (see `agree_moved`)."""
        keys = [(first, second, turned) for first, second in pairs.tolist()]
        new = np.array([key[:2] for key in dict.fromkeys(keys) if key not in self._known], np.int64).reshape(-1, 2)
        if len(new):
            found = agree_moved(self._catalog, new, max_hue=self._config.max_hue, turned=turned)
            for (first, second), agreement in zip(new.tolist(), found.tolist(), strict=True):
                self._known[first, second, turned] = agreement
        return np.array([self._known[key] for key in keys])


def _sample(pairs: np.ndarray) -> np.ndarray:
    return pairs[:: -(-len(pairs) // _SAMPLE)]


def _random_pairs(rows: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    count = min(len(rows), _MOST_RANDOM_PAIRS)
    first = rng.integers(0, len(rows), count)
    second = (first + rng.integers(1, len(rows), count)) % len(rows)
    return np.stack([rows[first], rows[second]], axis=1)
