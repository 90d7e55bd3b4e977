"""Checks of files as files: what cannot be opened, and what is not what its name says."""

from collections.abc import Iterator
from pathlib import PurePosixPath

import numpy as np
import polars as pl

from discern.checking.findings import CheckInput, Finding
from discern.picture import FORMATS


def unreadable(evidence: CheckInput) -> Iterator[Finding]:
    """Files that are not ignored and no picture that can be opened."""
    for row in np.flatnonzero(~evidence.catalog.readable).tolist():
        message = evidence.catalog.table["message"][row] or "It cannot be opened."
        why = f"{message} It is used for nothing; replace or delete it."
        yield Finding(check="unreadable", rows=(row,), score=1.0, action="drop", why=why)


def wrong_suffix(evidence: CheckInput) -> Iterator[Finding]:
    """Pictures whose name says another format than their content, or none."""
    known = {suffix for suffixes in FORMATS.values() for suffix in suffixes}
    for row in _unusual(evidence):
        content, suffix = evidence.catalog.table["format"][row], PurePosixPath(evidence.paths[row]).suffix.lower()
        name = f"the name ends in '{suffix}'" if suffix else "the name has no suffix"
        why = f"The content is {content}, but {name}. It is read all the same; rename it for the sake of other tools."
        yield Finding(check="wrong_suffix", rows=(row,), score=1.0 if suffix in known else 0.5, action="keep", why=why)


def _unusual(evidence: CheckInput) -> list[int]:
    """Rows of pictures whose path does not end as their format's usually do."""
    path = pl.col("path").str.to_lowercase()
    usual = [
        (pl.col("format") == name) & pl.any_horizontal(path.str.ends_with(suffix) for suffix in suffixes)
        for name, suffixes in FORMATS.items()
    ]
    table = evidence.catalog.table.with_row_index("row").filter(pl.Series(evidence.catalog.readable))
    return table.filter(pl.col("format").is_not_null() & ~pl.any_horizontal(usual))["row"].to_list()
