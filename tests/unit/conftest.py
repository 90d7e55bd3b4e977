"""Builds catalogs and groups without any file."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from discern.catalog import COLUMNS, Catalog
from discern.grouping import Groups


def edges_of(rows: Sequence[tuple[int, int, str, float]] = ()) -> pl.DataFrame:
    schema = {"first": pl.Int32, "second": pl.Int32, "kind": pl.String, "score": pl.Float64}
    return pl.DataFrame(list(rows), schema=schema, orient="row")


def groups_of(group: Sequence[int], cross_pairs: Sequence[tuple[int, int]] = ()) -> Groups:
    pairs = edges_of([(*sorted(pair), "near", 0.9) for pair in cross_pairs])
    return Groups(group=np.asarray(group, np.int64), cross_pairs=pairs)


def catalog_of(
    labels: Sequence[str | None], *, root: Path = Path(), thumbs: np.ndarray | None = None, **columns: list
) -> Catalog:
    """One row per label; other columns as given, else plausible."""
    count = len(labels)
    facts = {
        "path": [f"{label}/{row:05d}.png" for row, label in enumerate(labels)],
        "bytes": [100] * count,
        "content": [f"c{row}" for row in range(count)],
        "pixels": [f"p{row}" for row in range(count)],
        "label": list(labels),
        "width": [64] * count,
        "height": [64] * count,
        "format": ["PNG"] * count,
        "mode": ["RGB"] * count,
    } | columns
    table = pl.DataFrame({name: facts.get(name, [None] * count) for name in COLUMNS}, schema=COLUMNS)
    return Catalog(root=root, table=table, thumbs=np.zeros((count, 64, 64, 3), np.uint8) if thumbs is None else thumbs)


@pytest.fixture
def make_catalog() -> Callable[..., Catalog]:
    return catalog_of


@pytest.fixture
def make_groups() -> Callable[..., Groups]:
    return groups_of


@pytest.fixture
def make_edges() -> Callable[..., pl.DataFrame]:
    return edges_of
