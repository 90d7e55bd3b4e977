"""Data quality check that finds pictures which show overlapping parts of one source."""

from collections.abc import Iterator

import numpy as np
import polars as pl

from discern.checking.findings import CheckInput, Finding
from discern.grouping.overlaps.tile_names import TileNames, find_named_grids, find_telling_names

_DECLARE = "in a 'group' column or in fixes.csv"
_FEWEST_NAMED = 8
_LEAST_NAMED = 0.5  # share of pictures on named grids, for a set of tiles that adjoin; not tuned


def overlap(data: CheckInput) -> Iterator[Finding]:
    """Find tiles and panned frames that show overlapping parts of one source, as one finding.

    Tiles whose names tell places on a grid, but which do not overlap, are one finding too; their split stays as it is.
    """
    edges = data.edges.filter(pl.col("kind") == "overlap").sort("score", descending=True)
    if len(edges):
        yield _describe_overlaps(data, edges)
    elif found := _find_adjoining(data):
        yield _describe_grids(data, *found)


def _describe_overlaps(data: CheckInput, edges: pl.DataFrame) -> Finding:
    group = np.asarray(data.groups.group)
    linked = np.unique(group[edges.select("first", "second").to_numpy()])
    rows = np.flatnonzero(np.isin(group, linked))
    first, second = edges.row(0)[:2]
    sources = "one source" if len(linked) == 1 else f"{len(linked)} sources"
    share = len(rows) / max(1, int(data.catalog.readable.sum()))
    why = (
        f"{len(rows)} pictures show overlapping parts of {sources}, such as tiles of a slide or frames of a panning "
        f"camera: {data.paths[first]} and {data.paths[second]}. A split keeps each source together, as far as it was "
        "detected."
    )
    if data.catalog.table["group"][rows.tolist()].null_count():
        names = find_telling_names(data.paths, _alone_unless(group, rows))
        why += f" {_remedy(names)}"
    return Finding(check="overlap", rows=tuple(rows.tolist()), score=min(1.0, share), action="keep", why=why)


def _alone_unless(group: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Return the groups of some pictures, with all others in groups of their own."""
    alone = np.arange(len(group)) + int(group.max(initial=0)) + 1
    alone[rows] = group[rows]
    return np.unique(alone, return_inverse=True)[1]


def _remedy(names: TileNames | None) -> str:
    if names is None:
        return f"If you know which pictures have one source, declare it {_DECLARE}, or with --group-by."
    return f"Their names tell the source: declare it with --group-by '{names.pattern}', {_DECLARE}."


def _find_adjoining(data: CheckInput) -> tuple[TileNames, np.ndarray] | None:
    found = find_named_grids(data.paths) if data.catalog.table["group"].is_null().all() else None
    if found is None or found[1].sum() < max(_FEWEST_NAMED, _LEAST_NAMED * len(data.paths)):
        return None
    return found


def _describe_grids(data: CheckInput, names: TileNames, gridded: np.ndarray) -> Finding:
    rows = np.flatnonzero(gridded)
    sources = {names.source[row] for row in rows.tolist()}
    count = "one source" if len(sources) == 1 else f"{len(sources)} sources"
    why = (
        f"The names of {len(rows)} pictures, such as {data.paths[rows[0]]}, tell places on the grids of {count}. The "
        "pictures do not overlap, so the split separates tiles of one source. If they are tiles, group them with "
        f"--group-by '{names.pattern}', {_DECLARE}."
    )
    return Finding(check="overlap", rows=tuple(rows.tolist()), score=0.5, action="keep", why=why)
