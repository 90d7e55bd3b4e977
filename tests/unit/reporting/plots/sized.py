"""Catalogs whose pictures have given sizes, without pictures on disk."""

from pathlib import Path

import numpy as np
import polars as pl

from discern.catalog import COLUMNS, Catalog
from discern.picture import THUMB


def sized_catalog(rows: list[dict]) -> Catalog:
    """A catalog with one row for each mapping of columns to values."""
    filled = [{"path": f"{number:05}.jpg", "content": "0" * 64} | row for number, row in enumerate(rows)]
    table = pl.DataFrame([dict.fromkeys(COLUMNS) | row for row in filled], schema=COLUMNS)
    return Catalog(root=Path("/pictures"), table=table, thumbs=np.zeros((len(rows), THUMB, THUMB, 3), np.uint8))


def picture(label: str | None, *, size: int = 1000, width: int = 60, height: int = 40, part: str | None = None) -> dict:
    return {"label": label, "bytes": size, "width": width, "height": height, "part": part}


UNREADABLE = {"label": "cat", "bytes": 7, "error": "not_a_picture", "message": "It is text."}
