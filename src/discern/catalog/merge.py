"""Sightings as a table, which takes a third of the memory."""

from collections.abc import Iterable, Iterator

import numpy as np
import polars as pl

from discern.catalog.scanned_file import ScannedFile

SCANNED = {name: pl.Int64() if name == "bytes" else pl.String() for name in ScannedFile._fields}
_AT_ONCE = 4096


def to_tables(batches: Iterable[list[ScannedFile]]) -> Iterator[pl.DataFrame]:
    """Put sightings into tables with the columns `SCANNED`, some thousands in each, as they come."""
    some: list[ScannedFile] = []
    for batch in batches:
        some += batch
        if len(some) >= _AT_ONCE:
            yield to_table(some)
            some = []
    yield to_table(some)


def to_table(sightings: list[ScannedFile]) -> pl.DataFrame:
    """Put sightings into one table with the columns `SCANNED`."""
    columns = zip(*sightings, strict=True) if sightings else [()] * len(SCANNED)
    return pl.DataFrame({name: list(column) for name, column in zip(SCANNED, columns, strict=True)}, SCANNED)


def to_scanned_files(table: pl.DataFrame) -> list[ScannedFile]:
    """Take the sightings out of a table with the columns `SCANNED`."""
    return [ScannedFile(*row) for row in table.iter_rows()]


def facts_table(facts: np.ndarray) -> pl.DataFrame:
    """Facts, structured [n] as `picture.looking.FACTS`, in columns of the same names; null where nothing is said."""
    return pl.DataFrame(
        {
            "pixels": _text(facts["pixels"]),
            "width": facts["width"],
            "height": facts["height"],
            "format": _text(facts["format"]),
            "mode": _text(facts["mode"]),
            "sharpness": pl.Series(facts["sharpness"]).fill_nan(None),
            "camera": _text(facts["camera"]).replace("", None),
        }
    )


def _text(values: np.ndarray) -> pl.Series:
    """Bytes "S" [n] as text; numpy's own text would take four bytes for each character."""
    return pl.Series(values.tolist(), dtype=pl.Binary).cast(pl.String)
