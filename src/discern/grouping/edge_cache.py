"""Functions that cache the pairs of near-duplicate images found in a catalog."""

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from discern.grouping.edges import find_edges
from discern.progress import Progress, silent
from discern.store import Shelf, private_folder

if TYPE_CHECKING:
    from discern.catalog import Catalog
    from discern.store import Rows

_VERSION = 9  # incremented whenever the edges between the same pictures would change
_KINDS = ("exact", "near", "sequence", "overlap")
_EDGE = np.dtype([("first", "<i4"), ("second", "<i4"), ("kind", "u1"), ("score", "<f8")])


def find_edges_cached(
    catalog: "Catalog",
    *,
    embeddings: "Rows | np.ndarray | None" = None,
    embeddings_key: str = "",
    cache: Path,
    progress: Progress = silent,
) -> pl.DataFrame:
    """Find pairs of dependent pictures, with caching (see `find_edges`).

    Args:
        catalog: N pictures.
        embeddings: embeddings of the pictures, [N, D], or None.
        embeddings_key: identifies the backbone and recipe of `embeddings`.
        cache: directory of the cache.
        progress: called with the stage, pictures or pairs done and in all, unless the edges are cached.

    Raises:
        StoreError: the cache cannot be written.
    """
    shelf = Shelf(cache, "edges", _EDGE)
    cached = _CachedEdges(shelf, _key(catalog, embeddings_key))
    edges = cached.read()
    if edges is None:
        edges = find_edges(catalog, embeddings=embeddings, scratch=private_folder(cache), progress=progress)
        cached.write(edges)
    return edges


def _key(catalog: "Catalog", embeddings_key: str) -> str:
    times = catalog.table["taken"].drop_nulls().to_list()
    source = json.dumps([_VERSION, catalog.fingerprint, catalog.table["path"].to_list(), embeddings_key, *times])
    return hashlib.sha256(source.encode()).hexdigest()


class _CachedEdges:
    """Stored result of one search for image pairs, preceded by the number of pairs."""

    def __init__(self, shelf: Shelf, key: str) -> None:
        self._shelf, self._key = shelf, key

    def read(self) -> pl.DataFrame | None:
        if self._keys(1)[0] not in self._shelf:
            return None
        keys = self._keys(1 + int(self._shelf.rows(self._keys(1))[0]["first"]))
        if self._shelf.missing(keys):
            return None
        rows = self._shelf.rows(keys)[1:]
        kinds = np.array(_KINDS)[rows["kind"]].astype(object)
        columns = {"first": rows["first"], "second": rows["second"], "kind": kinds, "score": rows["score"]}
        return pl.DataFrame(columns, schema_overrides={"kind": pl.String()})

    def write(self, edges: pl.DataFrame) -> None:
        rows = np.zeros(1 + len(edges), _EDGE)
        rows["first"][0] = len(edges)
        for name in ("first", "second", "score"):
            rows[name][1:] = edges[name].to_numpy()
        rows["kind"][1:] = [_KINDS.index(kind) for kind in edges["kind"]]
        self._shelf.put(self._keys(len(rows)), rows)

    def _keys(self, count: int) -> list[str]:
        return [hashlib.sha256(f"{self._key} {number}".encode()).hexdigest() for number in range(count)]
