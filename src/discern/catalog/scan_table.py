"""Functions that convert scanned files to compact tables and back."""

from collections.abc import Iterable, Iterator

import numpy as np
import polars as pl

from discern.catalog.scanned_file import ScannedFile

SCANNED = {name: pl.Int64() if name == "bytes" else pl.String() for name in ScannedFile._fields}
_ROWS_PER_TABLE = 4096


def to_tables(batches: Iterable[list[ScannedFile]]) -> Iterator[pl.DataFrame]:
    """Convert batches of scanned files to tables of a few thousand rows as they arrive."""
    pending: list[ScannedFile] = []
    for batch in batches:
        pending += batch
        if len(pending) >= _ROWS_PER_TABLE:
            yield to_table(pending)
            pending = []
    yield to_table(pending)


def to_table(files: list[ScannedFile]) -> pl.DataFrame:
    """Convert scanned files to a table with one row per file."""
    columns = zip(*files, strict=True) if files else [()] * len(SCANNED)
    return pl.DataFrame({name: list(column) for name, column in zip(SCANNED, columns, strict=True)}, SCANNED)


def to_scanned_files(table: pl.DataFrame) -> list[ScannedFile]:
    """Convert a table made by `to_table` back to scanned files."""
    return [ScannedFile(*row) for row in table.iter_rows()]


def facts_table(facts: np.ndarray) -> pl.DataFrame:
    """Convert an array of image properties to a table.

    The columns have the same names, with null for missing values.
    """
    return pl.DataFrame(
        {
            "pixels": _text(facts["pixels"]),
            "width": facts["width"],
            "height": facts["height"],
            "format": _text(facts["format"]),
            "mode": _text(facts["mode"]),
            "sharpness": pl.Series(facts["sharpness"]).fill_nan(None),
            "camera": _text(facts["camera"]).replace("", None),
            "peak": _number(facts["peak"]),
            "missing_rows": _number(facts["missing_rows"]),
            "taken": _number(facts["taken"]),
        }
    )


def _number(values: np.ndarray) -> pl.Series:
    """Convert an array of numbers to a column with null for -1."""
    return pl.Series(values).replace(-1, None)


def _text(values: np.ndarray) -> pl.Series:
    """Convert an array of byte strings to a text column."""
    return pl.Series(values.tolist(), dtype=pl.Binary).cast(pl.String)
