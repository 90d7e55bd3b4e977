"""Pairs of dependent pictures that a run has found, for itself and for other runs on the same pictures."""

import polars as pl

from discern.catalog import Catalog
from discern.errors import DataError
from discern.flow.run import Run

EDGES = "edges.parquet"


def load_edges(run: Run, pictures: int) -> pl.DataFrame:
    """Load the pairs of dependent pictures that a run has found.

    Raises:
        RunError: the file cannot be read, or is not of so many pictures.
    """
    with run.reading(EDGES) as path:
        edges = pl.read_parquet(path).select("first", "second", "kind", "score")
        ends = edges.select("first", "second").to_numpy()
        if (ends < 0).any() or (ends >= pictures).any():
            raise ValueError("the pairs are not of these pictures")
        return edges


def read_edges(other: Run, catalog: Catalog) -> pl.DataFrame:
    """Load the pairs that another run has found on the same pictures.

    Raises:
        DataError: the other run has other pictures, labels or groups.
        RunError: its file cannot be read.
    """
    if (other.facts.get("data") or {}).get("fingerprint") != catalog.fingerprint:
        raise DataError(
            f"The pictures, labels or groups have changed since the run at {other.folder}, whose groups are used.",
            hint="Start again, so that all runs read the same pictures.",
        )
    return load_edges(other, len(catalog))
