"""Which proposed pairs are copies: they must agree more than an absolute level, and more than the set's look-alikes."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from discern.grouping.looking import LookConfig, compare_thumbs, look_closer
from discern.grouping.proposing import Proposals
from discern.progress import Progress, silent

if TYPE_CHECKING:
    from discern.catalog import Catalog

_ANYTHING = LookConfig(first_look=-1, thumb=-1, texture=0, overlap=0.2, stretch=9, hue=9, light=9)
_FEWEST_LOOK_ALIKES = 30


@dataclass(frozen=True, kw_only=True)
class ConfirmConfig:
    """What a pair must reach to be called copies.

    Args:
        look: what it must reach as thumbnails.
        agreement: of windows at up to 128 pixels, at least.
        spreads: by how many of their own spreads it must lie above the set's look-alikes.
        highest: what is asked for at most, however alike the pictures of a set are.
    """

    look: LookConfig = field(default_factory=LookConfig)
    agreement: float = 0.89
    spreads: float = 4.5
    highest: float = 0.995


def confirm(
    catalog: "Catalog",
    proposals: Proposals,
    look_alikes: Proposals,
    *,
    config: ConfirmConfig | None = None,
    progress: Progress = silent,
) -> tuple[Proposals, np.ndarray]:
    """Keep the pairs that are copies.

    Args:
        catalog: whose rows the pairs name.
        proposals: any number of pairs; a pair may be proposed more than once.
        look_alikes: pairs of the same set that are alike and, by and large, no copies.
        config: what a pair must reach.
        progress: is told of pairs.

    Returns:
        one proposal for each confirmed pair, and its score [P] in [0, 1].
    """
    config = config or ConfirmConfig()
    likely = compare_thumbs(catalog, proposals, config.look, progress=progress)
    if not len(likely):
        return likely, np.zeros(0)
    asked = max(config.agreement, min(level_of(catalog, look_alikes, config), config.highest))
    scores = look_closer(catalog, likely, config.look, progress=progress)
    kept = scores >= asked
    return likely.take(kept), scores[kept]


def level_of(catalog: "Catalog", look_alikes: Proposals, config: ConfirmConfig) -> float:
    """The agreement that pictures of this set do not reach unless they are copies: in [-1, 1].

    Chest X-rays agree with each other better than holiday photographs ever do. The look-alikes' agreement is taken on
    Fisher's z scale ("Frequency distribution of the values of the correlation coefficient", 1915), where its spread
    does not shrink near 1; median and nine-tenths quantile, so that some copies among them do no harm.
    """
    seen = compare_thumbs(catalog, look_alikes, _ANYTHING)
    if len(seen) < _FEWEST_LOOK_ALIKES:
        return -1.0
    agreement = look_closer(catalog, seen, _ANYTHING)
    middle, high = np.quantile(np.arctanh(np.clip(agreement, 0, 0.9999)), [0.5, 0.9])
    return float(np.tanh(middle + config.spreads * (high - middle) / 1.2816))
