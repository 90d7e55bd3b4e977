"""Which proposed pairs are copies: they must agree more than an absolute level, and more than the set's look-alikes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from discern.grouping.near_copies.candidates import Candidates
from discern.grouping.near_copies.compare import CompareConfig, compare_pictures, compare_thumbs
from discern.progress import Progress, silent

if TYPE_CHECKING:
    from discern.catalog import Catalog

_ANYTHING = CompareConfig(first_look=-1, thumb=-1, texture=0, overlap=0.2, stretch=9, hue=9, light=9)
FEWEST_LOOK_ALIKES = 30
_NINE_TENTHS = 1.2816  # of a standard normal variable


@dataclass(frozen=True, kw_only=True)
class ConfirmConfig:
    """What a pair must reach to be called copies.

    Args:
        look: what it must reach as thumbnails.
        agreement: of windows at up to 128 pixels, at least.
        spreads: by how many of their own spreads it must lie above the set's look-alikes.
        highest: what is asked for at most, however alike the pictures of a set are.
        highest_thumb: the same for thumbnails, which are asked for half as many spreads.
    """

    look: CompareConfig = field(default_factory=CompareConfig)
    agreement: float = 0.89
    spreads: float = 5.0
    highest: float = 0.995
    highest_thumb: float = 0.9


def confirm(
    catalog: "Catalog",
    proposed: Sequence[Callable[[], Candidates]],
    look_alikes: Candidates,
    *,
    config: ConfirmConfig | None = None,
    progress: Progress = silent,
) -> tuple[Candidates, np.ndarray]:
    """Keep the pairs that are copies.

    Args:
        catalog: whose rows the pairs name.
        proposed: pieces of work, each gives some pairs; a pair may be proposed more than once.
        look_alikes: pairs of the same set that are alike and, by and large, no copies.
        config: what a pair must reach.
        progress: is told of pictures, then of pairs.

    Returns:
        one proposal for each confirmed pair, and its score [P] in [0, 1].
    """
    config = config or ConfirmConfig()
    likely, thumb = compare_thumbs(catalog, proposed, config.look, progress=progress)
    if not len(likely):
        return likely, np.zeros(0)
    alike, alike_thumb = compare_thumbs(catalog, [lambda: look_alikes], _ANYTHING)
    likely = likely.take(thumb >= level_of(alike_thumb, config.spreads / 2, config.highest_thumb))
    level = level_of(compare_pictures(catalog, alike, _ANYTHING), config.spreads, config.highest)
    scores = compare_pictures(catalog, likely, config.look, progress=progress)
    kept = scores >= max(config.agreement, level)
    return likely.take(kept), scores[kept]


def level_of(look_alikes: np.ndarray, spreads: float, highest: float) -> float:
    """The agreement that pictures of a set do not reach unless they are copies.

    Chest X-rays agree with each other better than holiday photographs ever do. Agreement is taken on Fisher's z scale
    ("Frequency distribution of the values of the correlation coefficient", 1915), where its spread does not shrink
    near 1; median and nine-tenths quantile, so that some copies among the look-alikes do no harm.

    Args:
        look_alikes: agreement of pairs that are alike and, by and large, no copies: [n]; too few tell nothing.
        spreads: how many of their spreads above their median the level lies.
        highest: the level is not above this.
    """
    if len(look_alikes) < FEWEST_LOOK_ALIKES:
        return -1.0
    middle, high = np.quantile(np.arctanh(np.clip(look_alikes, 0, 0.9999)), [0.5, 0.9])
    return min(float(np.tanh(middle + spreads * (high - middle) / _NINE_TENTHS)), highest)
