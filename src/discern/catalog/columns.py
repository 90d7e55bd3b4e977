"""Sightings as a table, which takes a third of the memory."""

from collections.abc import Iterable, Iterator

import numpy as np
import polars as pl

from discern.catalog.seeing import Sighting

SIGHTED = {name: pl.Int64() if name == "bytes" else pl.String() for name in Sighting._fields}
_AT_ONCE = 4096


def to_tables(batches: Iterable[list[Sighting]]) -> Iterator[pl.DataFrame]:
    """Put sightings into tables with the columns `SIGHTED`, some thousands in each, as they come."""
    some: list[Sighting] = []
    for batch in batches:
        some += batch
        if len(some) >= _AT_ONCE:
            yield to_table(some)
            some = []
    yield to_table(some)


def to_table(sightings: list[Sighting]) -> pl.DataFrame:
    """Put sightings into one table with the columns `SIGHTED`."""
    columns = zip(*sightings, strict=True) if sightings else [()] * len(SIGHTED)
    return pl.DataFrame({name: list(column) for name, column in zip(SIGHTED, columns, strict=True)}, SIGHTED)


def to_sightings(table: pl.DataFrame) -> list[Sighting]:
    """Take the sightings out of a table with the columns `SIGHTED`."""
    return [Sighting(*row) for row in table.iter_rows()]


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
