"""Edges become groups that must not be torn apart, and that do not grow by chaining."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

if TYPE_CHECKING:
    from discern.catalog import Catalog


@dataclass(frozen=True, kw_only=True)
class Groups:
    """Which pictures belong together.

    Args:
        group: int64 [N], dense numbers from 0 in the order of first appearance; an unreadable row has its own.
        straddling: the near pairs whose ends are in two groups, with the columns of `find_edges`.
    """

    group: np.ndarray
    straddling: pl.DataFrame

    @property
    def sizes(self) -> np.ndarray:
        """How many pictures each group has: int64 [G]."""
        return np.bincount(self.group)


def form_groups(catalog: "Catalog", edges: pl.DataFrame) -> Groups:
    """Group pictures that are not independent.

    Declared groups, exact copies and neighbours in a sequence hold together whatever comes. These blocks then gather
    around representatives: the block with the most near pairs takes those that pair with it, and what it took takes
    nothing itself. So every member has a confirmed pair with its group's representative, and groups do not chain.

    Args:
        catalog: N pictures; `group` is what was declared.
        edges: as `find_edges` gives them.
    """
    count = len(catalog.table)
    declared = (
        catalog.table.select(pl.col("group"), row=pl.int_range(pl.len())).filter(catalog.readable).drop_nulls("group")
    )
    same = declared.select(second="row", first=pl.col("row").first().over("group"))
    firm = edges.filter(pl.col("kind") != "near")
    links = np.concatenate([_ends(same), _ends(firm)])
    block = merge_groups(count, links)
    near = edges.filter(pl.col("kind") == "near")
    leader = _gathered(block[_ends(near)], count)[block]
    _, first, dense = np.unique(leader, return_index=True, return_inverse=True)
    rank = np.empty(len(first), np.int64)
    rank[np.argsort(first, kind="stable")] = np.arange(len(first))
    group = rank[dense]
    ends = group[_ends(edges)]
    return Groups(group=group, straddling=edges.filter(pl.Series(ends[:, 0] != ends[:, 1], dtype=pl.Boolean)))


def _ends(edges: pl.DataFrame) -> np.ndarray:
    return edges.select("first", "second").to_numpy().astype(np.int64).reshape(-1, 2)


def merge_groups(count: int, links: np.ndarray) -> np.ndarray:
    """Connect rows 0..count-1 by links [E, 2]: for each the smallest row that it hangs together with, int64 [count]."""
    above = list(range(count))

    def root(row: int) -> int:
        while above[row] != row:
            above[row] = row = above[above[row]]
        return row

    for first, second in links.tolist():
        low, high = sorted((root(first), root(second)))
        above[high] = low
    return np.array([root(row) for row in range(count)], np.int64)


def _gathered(pairs: np.ndarray, count: int) -> np.ndarray:
    """Stars over pairs of blocks [E, 2]: for each of `count` blocks the one that leads it, int64 [count]."""
    pairs = np.unique(np.sort(pairs[pairs[:, 0] != pairs[:, 1]], axis=1), axis=0)
    beside: dict[int, list[int]] = {}
    for first, second in pairs.tolist():
        beside.setdefault(first, []).append(second)
        beside.setdefault(second, []).append(first)
    leader = np.arange(count)
    taken: set[int] = set()
    for block in sorted(beside, key=lambda b: (-len(beside[b]), b)):
        if block not in taken:
            members = [block, *(other for other in beside[block] if other not in taken)]
            taken.update(members)
            leader[members] = block
    return leader
