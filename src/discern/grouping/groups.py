"""Functions that group dependent images, so that a split keeps each group together."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

if TYPE_CHECKING:
    from discern.catalog import Catalog


@dataclass(frozen=True, kw_only=True)
class Groups:
    """Assignment of images to groups that a split keeps together.

    Args:
        group: group of each picture, int64 [N], numbered from 0 in order of appearance; unreadable rows are singletons.
        cross_pairs: near pairs whose ends are in different groups, with the columns of `find_edges`.
    """

    group: np.ndarray
    cross_pairs: pl.DataFrame

    @property
    def sizes(self) -> np.ndarray:
        """Return the number of images in each group.

        The result is int64 [G].
        """
        return np.bincount(self.group)


def form_groups(catalog: "Catalog", edges: pl.DataFrame) -> Groups:
    """Group dependent images, so that a split keeps each group together.

    Declared groups, exact copies, neighbouring frames and overlapping parts of one source are always merged into
    blocks. The blocks are then joined in stars: the block with the most near pairs becomes the centre of those that
    pair with it, and these become no centres themselves. So every member has a confirmed pair with the centre of its
    group, and groups do not chain.

    Args:
        catalog: N pictures; its column `group` holds the declared groups.
        edges: edges as returned by `find_edges`.
    """
    count = len(catalog.table)
    declared = (
        catalog.table.select(pl.col("group"), row=pl.int_range(pl.len())).filter(catalog.readable).drop_nulls("group")
    )
    same = declared.select(second="row", first=pl.col("row").first().over("group"))
    fixed = edges.filter(pl.col("kind") != "near")
    links = np.concatenate([_ends(same), _ends(fixed)])
    block = merge_groups(count, links)
    near = edges.filter(pl.col("kind") == "near")
    centre = _join_stars(block[_ends(near)], count)[block]
    _, first, dense = np.unique(centre, return_index=True, return_inverse=True)
    rank = np.empty(len(first), np.int64)
    rank[np.argsort(first, kind="stable")] = np.arange(len(first))
    group = rank[dense]
    ends = group[_ends(edges)]
    return Groups(group=group, cross_pairs=edges.filter(pl.Series(ends[:, 0] != ends[:, 1], dtype=pl.Boolean)))


def _ends(edges: pl.DataFrame) -> np.ndarray:
    return edges.select("first", "second").to_numpy().astype(np.int64).reshape(-1, 2)


def merge_groups(count: int, links: np.ndarray) -> np.ndarray:
    """Label each row with the smallest row that it is linked to, directly or indirectly.

    The links are int [E, 2]; the result is int64 [count].
    """
    above = list(range(count))

    def root(row: int) -> int:
        while above[row] != row:
            above[row] = row = above[above[row]]
        return row

    for first, second in links.tolist():
        low, high = sorted((root(first), root(second)))
        above[high] = low
    return np.array([root(row) for row in range(count)], np.int64)


def _join_stars(pairs: np.ndarray, count: int) -> np.ndarray:
    """Cluster linked blocks greedily into stars and return the centre of each block."""
    pairs = np.unique(np.sort(pairs[pairs[:, 0] != pairs[:, 1]], axis=1), axis=0)
    neighbours: dict[int, list[int]] = {}
    for first, second in pairs.tolist():
        neighbours.setdefault(first, []).append(second)
        neighbours.setdefault(second, []).append(first)
    centre = np.arange(count)
    assigned: set[int] = set()
    for block in sorted(neighbours, key=lambda b: (-len(neighbours[b]), b)):
        if block not in assigned:
            members = [block, *(other for other in neighbours[block] if other not in assigned)]
            assigned.update(members)
            centre[members] = block
    return centre
