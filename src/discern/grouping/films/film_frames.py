"""Function that selects the pictures that belong to a film or burst."""

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

if TYPE_CHECKING:
    from discern.grouping.groups import Groups

_FEWEST_FRAMES = 3


def film_frames(groups: "Groups", edges: pl.DataFrame) -> np.ndarray:
    """Return a boolean mask of the pictures in groups that contain consecutive frames of a film.

    Args:
        groups: groups of the pictures.
        edges: edges as returned by `find_edges`.
    """
    linked = edges.filter(pl.col("kind") == "sequence").select("first", "second").to_numpy().ravel()
    films = np.zeros(len(groups.sizes), bool)
    films[groups.group[linked.astype(np.int64)]] = True
    frames: np.ndarray = (films & (groups.sizes >= _FEWEST_FRAMES))[groups.group]
    return frames
