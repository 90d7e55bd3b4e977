"""Functions that confirm near-duplicate images among candidate pairs."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from discern.grouping.near_copies.candidates import MIN_LOOK_ALIKES, Candidates
from discern.grouping.near_copies.compare import CompareConfig, compare_pictures, compare_thumbs
from discern.progress import Progress, silent

if TYPE_CHECKING:
    from discern.catalog import Catalog

_ACCEPT_ALL = CompareConfig(
    min_correlation=-1,
    min_agreement=-1,
    min_texture=0,
    min_overlap=0.2,
    max_anisotropy=9,
    max_hue_difference=9,
    max_light_difference=9,
)
_QUANTILE_90 = 1.2816  # of the standard normal distribution
_FIRST_OF = 4
_MARGIN_OF_FIRST = 3.0  # standard deviations; about three standard errors of the level of 50 look-alikes; not tuned


@dataclass(frozen=True, kw_only=True)
class ConfirmConfig:
    """Thresholds for confirming near-duplicate images.

    They are chosen on development seeds of benchmarks/copies.py.

    Args:
        compare: thresholds of the comparison of thumbnails.
        min_agreement: smallest mean correlation in windows, at up to 128 pixels.
        min_deviations: standard deviations by which a pair must exceed the look-alikes; half as many for thumbnails.
        max_level: upper bound of the level that the look-alikes set.
        max_thumb_level: upper bound of that level for thumbnails.
    """

    compare: CompareConfig = field(default_factory=CompareConfig)
    min_agreement: float = 0.89
    min_deviations: float = 5.0
    max_level: float = 0.995
    max_thumb_level: float = 0.9


def confirm(
    catalog: "Catalog",
    jobs: Sequence[Callable[[], Candidates]],
    look_alikes: Candidates,
    *,
    config: ConfirmConfig | None = None,
    progress: Progress = silent,
) -> tuple[Candidates, np.ndarray]:
    """Select the confirmed near-duplicate images among candidate pairs.

    Args:
        catalog: pictures of the pairs.
        jobs: jobs that each return candidate pairs; a pair may be returned more than once.
        look_alikes: similar pairs of the same set, few of which are copies.
        config: thresholds of the confirmation.
        progress: called with the stage, pictures or pairs done and in all.

    Returns:
        The confirmed pairs, each once, and their scores, [P] in [0, 1].
    """
    config = config or ConfirmConfig()
    likely, thumb = compare_thumbs(catalog, jobs, config.compare, progress=progress)
    if not len(likely):
        return likely, np.zeros(0)
    alike, alike_thumb = compare_thumbs(catalog, [lambda: look_alikes], _ACCEPT_ALL)
    likely = likely.take(thumb >= look_alike_level(alike_thumb, config.min_deviations / 2, config.max_thumb_level))
    scores = compare_pictures(catalog, likely, config.compare, progress=progress)
    level = config.min_agreement
    # The look-alikes are pictures to be decoded: they are needed only where their level can decide.
    if ((scores >= level) & (scores < config.max_level)).any():
        level = max(level, _picture_level(catalog, alike, config))
    confirmed = scores >= level
    return likely.take(confirmed), scores[confirmed]


def _picture_level(catalog: "Catalog", alike: Candidates, config: ConfirmConfig) -> float:
    """Estimate the threshold for decoded pictures from the look-alikes.

    Most sets have look-alikes far below the least agreement of copies, of which a quarter is enough to tell.
    """
    is_first = np.arange(len(alike)) % _FIRST_OF == 0
    first = compare_pictures(catalog, alike.take(is_first), _ACCEPT_ALL)
    margin = config.min_deviations + _MARGIN_OF_FIRST
    if len(first) >= MIN_LOOK_ALIKES and look_alike_level(first, margin, config.max_level) < config.min_agreement:
        return config.min_agreement
    others = compare_pictures(catalog, alike.take(~is_first), _ACCEPT_ALL)
    return look_alike_level(np.concatenate([first, others]), config.min_deviations, config.max_level)


def look_alike_level(look_alikes: np.ndarray, deviations: float, highest: float) -> float:
    """Estimate the threshold for near-duplicates from pairs of similar but different images.

    Chest X-rays agree with each other better than holiday photographs ever do. The level is computed on Fisher's z
    scale ("Frequency distribution of the values of the correlation coefficient", 1915), where the deviation does not
    shrink near 1, from the median and the 90 % quantile, which are robust to some copies among the look-alikes.

    Args:
        look_alikes: agreement of similar pairs, few of which are copies: [n].
        deviations: number of standard deviations of the level above the median.
        highest: upper bound of the level.

    Returns:
        The threshold; -1 for too few look-alikes.
    """
    if len(look_alikes) < MIN_LOOK_ALIKES:
        return -1.0
    median, high = np.quantile(np.arctanh(np.clip(look_alikes, 0, 0.9999)), [0.5, 0.9])
    return min(float(np.tanh(median + deviations * (high - median) / _QUANTILE_90)), highest)
