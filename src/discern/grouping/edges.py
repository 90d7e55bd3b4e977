"""Functions that detect pairs of pictures that are not independent: copies, film frames and overlaps."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from discern.grouping.films.declared_groups import keep_apart
from discern.grouping.films.sequences import find_sequences
from discern.grouping.groups import merge_groups
from discern.grouping.near_copies.candidates import CandidateFinder
from discern.grouping.near_copies.confirm import confirm
from discern.grouping.overlaps.overlap_finder import OverlapConfig, Overlaps, find_overlaps
from discern.grouping.overlaps.tile_names import join_named_grids
from discern.progress import Progress, silent

if TYPE_CHECKING:
    from discern.catalog import Catalog
    from discern.store import Rows

_MIN_SIDE = 32
# X-rays of one anatomy agree up to .87 where none of them overlap (benchmarks/copies.py --packs xrays).
_ALIKE = OverlapConfig(min_agreement=OverlapConfig.sure_agreement)
_SCHEMA = {"first": pl.Int32(), "second": pl.Int32(), "kind": pl.String(), "score": pl.Float64()}


def find_edges(
    catalog: "Catalog",
    *,
    embeddings: "Rows | np.ndarray | None" = None,
    scratch: Path | None = None,
    progress: Progress = silent,
) -> pl.DataFrame:
    """Find pairs of images that are copies, neighbouring film frames or overlapping parts of one source.

    An index proposes a bounded number of candidate pairs for each picture, and each near copy is confirmed by aligning
    one picture with the other. Pictures with a side below 32 pixels are compared for exact copies only. Film frames are
    guessed from their numbers, so they join no two declared groups; copies and overlaps that are seen are linked
    whatever is declared.

    Args:
        catalog: N pictures; unreadable ones are skipped.
        embeddings: embeddings of the pictures, [N, D], which propose more candidates; or None.
        scratch: directory for temporary files of 3 KB per picture; None for the system's default.
        progress: called with the stage, pictures or pairs done and in all.

    Returns:
        Table sorted by its columns `first` (i32, the smaller row), `second` (i32), `kind` ("exact", "near",
        "sequence", "overlap") and `score` (f64 in [0, 1]). Of n exact copies, each but the first is paired with the
        first, and only the first is compared with other pictures. The pictures of one source that overlap are linked
        directly or indirectly.

    Raises:
        StoreError: `scratch` cannot be written.
    """
    exact = _exact(catalog)
    rows = _comparable(catalog, exact)
    films, closeness = link_films(catalog, scratch=scratch)
    parts = [exact, _table(films[:, 0], films[:, 1], "sequence", closeness)]
    if len(rows) > 1:
        size = catalog.table.select("width", "height")[rows].to_numpy()
        film = merge_groups(len(catalog.table), films)
        finder = CandidateFinder(
            catalog.thumbs, rows, size[:, 0], size[:, 1], film=film, embeddings=embeddings, scratch=scratch
        )
        overlaps = find_overlaps(
            catalog,
            rows,
            film=film,
            config=_ALIKE if finder.is_crowded else None,
            scratch=scratch,
            progress=progress,
        )
        links, agreement = _keep_sources_apart(overlaps, catalog)
        parts.append(_table(links[:, 0], links[:, 1], "overlap", agreement))
        pairs, scores = confirm(catalog, finder.jobs(), finder.reference, progress=progress)
        copies = ~_are_among(pairs.wide, pairs.narrow, overlaps.moved)
        parts.append(_table(pairs.wide[copies], pairs.narrow[copies], "near", scores[copies]))
    return pl.concat(parts).sort("first", "second", "kind")


def link_films(catalog: "Catalog", *, scratch: Path | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Link the frames of films and bursts, unless that joins declared groups or grids of tiles (see `find_sequences`).

    The last tile of one source is often as plain as the first of the next, and no film goes on from grid to grid.
    """
    films, closeness = find_sequences(catalog, np.flatnonzero(catalog.readable), scratch=scratch)
    apart = ~join_named_grids(catalog.table["path"].to_list(), films)
    films, closeness = films[apart], closeness[apart]
    kept = keep_apart(films, closeness, catalog.table["group"].to_list())
    return films[kept], closeness[kept]


def _keep_sources_apart(overlaps: Overlaps, catalog: "Catalog") -> tuple[np.ndarray, np.ndarray]:
    """Drop the overlaps that are guessed and would join declared groups; those that are seen join them."""
    certainty = np.where(overlaps.guessed, 0, 1) + overlaps.agreement
    kept = keep_apart(overlaps.pairs, certainty, catalog.table["group"].to_list()) | ~overlaps.guessed
    return overlaps.pairs[kept], overlaps.agreement[kept]


def _are_among(first: np.ndarray, second: np.ndarray, pairs: np.ndarray) -> np.ndarray:
    """Tell which pairs are among others, whose lower row comes first."""
    keys = [
        (low.astype(np.int64) << 32) | high
        for low, high in ((np.minimum(first, second), np.maximum(first, second)), (pairs[:, 0], pairs[:, 1]))
    ]
    return np.isin(*keys)


def _exact(catalog: "Catalog") -> pl.DataFrame:
    table = catalog.table.select("pixels", "error", row=pl.int_range(pl.len()))
    table = table.filter(pl.col("error").is_null() & pl.col("pixels").is_not_null())
    table = table.with_columns(first=pl.col("row").first().over("pixels")).filter(pl.col("first") < pl.col("row"))
    return _table(table["first"].to_numpy(), table["row"].to_numpy(), "exact", np.ones(len(table)))


def _comparable(catalog: "Catalog", exact: pl.DataFrame) -> np.ndarray:
    large = catalog.table.select(pl.min_horizontal("width", "height").fill_null(0) >= _MIN_SIDE).to_series()
    comparable = large.to_numpy() & catalog.readable
    comparable[exact["second"].to_numpy()] = False
    return np.flatnonzero(comparable)


def _table(first: np.ndarray, second: np.ndarray, kind: str, score: np.ndarray) -> pl.DataFrame:
    low, high = np.minimum(first, second), np.maximum(first, second)
    return pl.DataFrame({"first": low, "second": high, "kind": [kind] * len(low), "score": score}, schema=_SCHEMA)
