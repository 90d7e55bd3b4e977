"""Data quality checks that find unreadable files and wrong file name suffixes."""

from collections.abc import Iterator
from pathlib import PurePosixPath

import numpy as np
import polars as pl

from discern.checking.findings import CheckInput, Finding
from discern.picture import FORMATS


def unreadable(data: CheckInput) -> Iterator[Finding]:
    """Find files that cannot be decoded as images, except ignored files."""
    for row in np.flatnonzero(~data.catalog.readable).tolist():
        message = data.catalog.table["message"][row] or "It cannot be opened."
        why = f"{message} It is not used. Replace or delete it."
        yield Finding(check="unreadable", rows=(row,), score=1.0, action="drop", why=why)


def wrong_suffix(data: CheckInput) -> Iterator[Finding]:
    """Find images whose file name suffix is missing or does not match their format."""
    known = {suffix for suffixes in FORMATS.values() for suffix in suffixes}
    for row in _mismatches(data):
        content, suffix = data.catalog.table["format"][row], PurePosixPath(data.paths[row]).suffix.lower()
        name = f"the name ends in '{suffix}'" if suffix else "the name has no suffix"
        why = f"The content is {content}, but {name}. Discern reads it all the same; rename it for other tools."
        yield Finding(check="wrong_suffix", rows=(row,), score=1.0 if suffix in known else 0.5, action="keep", why=why)


def _mismatches(data: CheckInput) -> list[int]:
    """Return the rows whose file name suffix does not match the image format."""
    path = pl.col("path").str.to_lowercase()
    matches = [
        (pl.col("format") == name) & pl.any_horizontal(path.str.ends_with(suffix) for suffix in suffixes)
        for name, suffixes in FORMATS.items()
    ]
    table = data.catalog.table.with_row_index("row").filter(pl.Series(data.catalog.readable))
    return table.filter(pl.col("format").is_not_null() & ~pl.any_horizontal(matches))["row"].to_list()
