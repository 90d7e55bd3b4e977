"""Edges are found once, and kept by all that they depend on."""

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from discern.grouping.edges import find_edges
from discern.progress import Progress, silent
from discern.store import Shelf

if TYPE_CHECKING:
    from discern.catalog import Catalog
    from discern.store import Rows

# Raised whenever other edges would be found between the same pictures.
_RULES = 2
_KINDS = ("exact", "near", "sequence")
_EDGE = np.dtype([("first", "<i4"), ("second", "<i4"), ("kind", "u1"), ("score", "<f8")])


def find_edges_cached(
    catalog: "Catalog",
    *,
    embeddings: "Rows | np.ndarray | None" = None,
    seen_by: str = "",
    cache: Path,
    progress: Progress = silent,
) -> pl.DataFrame:
    """`find_edges`, or what it found before between the same pictures.

    Args:
        catalog: N pictures.
        embeddings: [N, D] or None: what a backbone saw.
        seen_by: names the backbone and recipe behind `embeddings`.
        cache: the folder where computed things are kept.
        progress: is told of pictures and pairs, when there is something to do.

    Raises:
        StoreError: the cache cannot be written.
    """
    said = json.dumps([_RULES, catalog.fingerprint, catalog.table["path"].to_list(), seen_by])
    key = hashlib.sha256(said.encode()).hexdigest()
    kept = _Kept(Shelf(cache, "edges", _EDGE), key)
    edges = kept.read()
    if edges is None:
        cache.mkdir(parents=True, exist_ok=True)
        edges = find_edges(catalog, embeddings=embeddings, scratch=cache, progress=progress)
        kept.write(edges)
    return edges


class _Kept:
    """A table of edges as rows of a shelf; one more row, the first, says how many there are."""

    def __init__(self, shelf: Shelf, key: str) -> None:
        self._shelf, self._key = shelf, key

    def read(self) -> pl.DataFrame | None:
        if self._names(1)[0] not in self._shelf:
            return None
        names = self._names(1 + int(self._shelf.rows(self._names(1))[0]["first"]))
        if self._shelf.missing(names):
            return None
        rows = self._shelf.rows(names)[1:]
        kinds = np.array(_KINDS)[rows["kind"]].astype(object)
        columns = {"first": rows["first"], "second": rows["second"], "kind": kinds, "score": rows["score"]}
        return pl.DataFrame(columns, schema_overrides={"kind": pl.String()})

    def write(self, edges: pl.DataFrame) -> None:
        rows = np.zeros(1 + len(edges), _EDGE)
        rows["first"][0] = len(edges)
        for name in ("first", "second", "score"):
            rows[name][1:] = edges[name].to_numpy()
        rows["kind"][1:] = [_KINDS.index(kind) for kind in edges["kind"]]
        self._shelf.put(self._names(len(rows)), rows)

    def _names(self, count: int) -> list[str]:
        return [hashlib.sha256(f"{self._key} {number}".encode()).hexdigest() for number in range(count)]
