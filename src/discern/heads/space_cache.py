"""Cache of feature spaces, so that several fits on the same pictures rotate them once."""

from collections.abc import Callable, Hashable, Mapping, MutableMapping

import numpy as np

from discern.heads.feature_space import FeatureSpace
from discern.parallel import parallel_map

Spaces = MutableMapping[Hashable, FeatureSpace]


class SpaceCache:
    """Cache of the feature spaces of the pictures used last.

    Spaces depend on neither labels nor folds. Those of other pictures are dropped, so that memory stays that of one
    set of pictures.
    """

    def __init__(self) -> None:
        self._key = b""
        self._spaces: Spaces = {}

    def of(self, rows: np.ndarray) -> Spaces:
        """Return the spaces of the pictures in these rows, to which fits add those that they need."""
        if (key := rows.tobytes()) != self._key:
            self._key, self._spaces = key, {}
        return self._spaces


def complete(spaces: Spaces, builders: Mapping[Hashable, Callable[[], FeatureSpace]]) -> None:
    """Build the spaces that are missing, in parallel."""
    missing = {key: build for key, build in builders.items() if key not in spaces}
    spaces.update(zip(missing, parallel_map(list(missing.values())), strict=True))
