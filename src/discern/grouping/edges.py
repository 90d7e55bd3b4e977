"""Pairs of pictures that are not independent: exact copies, near copies, neighbours in a sequence."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from discern.grouping.groups import merge_groups
from discern.grouping.near_copies.candidates import CandidateFinder, Candidates
from discern.grouping.near_copies.confirm import FEWEST_LOOK_ALIKES, confirm
from discern.grouping.sequences import find_sequences
from discern.progress import Progress, silent

if TYPE_CHECKING:
    from discern.catalog import Catalog
    from discern.store import Rows

_SMALLEST_SIDE = 32
_SCHEMA = {"first": pl.Int32(), "second": pl.Int32(), "kind": pl.String(), "score": pl.Float64()}


def find_edges(
    catalog: "Catalog",
    *,
    embeddings: "Rows | np.ndarray | None" = None,
    scratch: Path | None = None,
    progress: Progress = silent,
) -> pl.DataFrame:
    """Find the pairs of pictures that are not independent.

    An index proposes a bounded number of pairs for each picture; what is called a near copy was confirmed by laying
    one picture onto the other. Pictures below 32 pixels on a side are compared for exact copies only.

    Args:
        catalog: N pictures; unreadable ones are passed over.
        embeddings: [N, D] or None: what a backbone saw, to propose more pairs.
        scratch: a folder with room for 3 KB a picture while this works; None: the system's own.
        progress: is told of pictures and pairs.

    Returns:
        a table sorted by its columns `first` (i32, the smaller row), `second` (i32), `kind` ("exact", "near",
        "sequence") and `score` (f64 in [0, 1]). Of n exact copies, each but the first is paired with the first, and
        the first alone is compared with other pictures.

    Raises:
        StoreError: `scratch` cannot be written.
    """
    exact = _exact(catalog)
    rows = _comparable(catalog, exact)
    films, closeness = find_sequences(catalog, np.flatnonzero(catalog.readable), scratch=scratch)
    parts = [exact, _table(films[:, 0], films[:, 1], "sequence", closeness)]
    if len(rows) > 1:
        size = catalog.table.select("width", "height")[rows].to_numpy()
        proposer = CandidateFinder(catalog.thumbs, rows, size[:, 0], size[:, 1], embeddings=embeddings, scratch=scratch)
        film = merge_groups(len(catalog.table), films)
        proposed = [partial(_between_films, piece, film) for piece in proposer.pieces()]
        pairs, scores = confirm(catalog, proposed, _no_copies(proposer.look_alikes(), film), progress=progress)
        parts.append(_table(pairs.wide, pairs.narrow, "near", scores))
    return pl.concat(parts).sort("first", "second", "kind")


def _between_films(piece: Callable[[], Candidates], film: np.ndarray) -> Candidates:
    """Leave out pairs within one film: they are linked already, and there are many."""
    pairs = piece()
    return pairs.take(film[pairs.wide] != film[pairs.narrow])


def _no_copies(look_alikes: Candidates, film: np.ndarray) -> Candidates:
    """Leave out frames of one film, which are nearly copies, where enough others are left to say how alike others are.

    Else a set that is half films would ask of a copied photograph to agree as well as neighbouring frames do.
    """
    others = _between_films(lambda: look_alikes, film)
    return others if len(others) >= FEWEST_LOOK_ALIKES else look_alikes


def _exact(catalog: "Catalog") -> pl.DataFrame:
    table = catalog.table.select("pixels", "error", row=pl.int_range(pl.len()))
    table = table.filter(pl.col("error").is_null() & pl.col("pixels").is_not_null())
    table = table.with_columns(first=pl.col("row").first().over("pixels")).filter(pl.col("first") < pl.col("row"))
    return _table(table["first"].to_numpy(), table["row"].to_numpy(), "exact", np.ones(len(table)))


def _comparable(catalog: "Catalog", exact: pl.DataFrame) -> np.ndarray:
    large = catalog.table.select(pl.min_horizontal("width", "height").fill_null(0) >= _SMALLEST_SIDE).to_series()
    chosen = large.to_numpy() & catalog.readable
    chosen[exact["second"].to_numpy()] = False
    return np.flatnonzero(chosen)


def _table(first: np.ndarray, second: np.ndarray, kind: str, score: np.ndarray) -> pl.DataFrame:
    low, high = np.minimum(first, second), np.maximum(first, second)
    return pl.DataFrame({"first": low, "second": high, "kind": [kind] * len(low), "score": score}, schema=_SCHEMA)
