"""Data quality checks that find unreadable and incomplete files, wrong file name suffixes and value ranges."""

from collections.abc import Iterator
from pathlib import PurePosixPath

import numpy as np
import polars as pl

from discern.checking.findings import CheckInput, Finding
from discern.picture import FORMATS
from discern.picture.sixteen_bits import FULL_RANGE, choose_white


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


def incomplete(data: CheckInput) -> Iterator[Finding]:
    """Find images whose file ends before its end marker, and that were read all the same."""
    for row, missing in _numbers(data, "missing_rows"):
        height = max(1, data.catalog.table["height"][row])
        if missing:
            why = f"The file ends early: of the last {missing} rows, some or all are missing and were filled in."
        else:
            why = "The file lacks its end marker, but the whole picture is there."
        why += " It is used; copy or download it again for other tools."
        yield Finding(check="incomplete", rows=(row,), score=min(1.0, missing / height), action="keep", why=why)


def narrow_range(data: CheckInput) -> Iterator[Finding]:
    """Find images of 16 bits per channel that use a sliver of them, where others use all."""
    peaks = _numbers(data, "peak")
    white = choose_white(peak for _, peak in peaks)
    for row, peak in peaks:
        own = choose_white([peak])
        if own < white == FULL_RANGE:
            why = (
                f"Its values use {own.bit_length()} of 16 bits, while other pictures use all of them: a model sees it "
                f"nearly black. Multiply its values by {(FULL_RANGE + 1) // (own + 1)}, or keep such pictures apart."
            )
            yield Finding(check="narrow_range", rows=(row,), score=1 - own / white, action="keep", why=why)


def _numbers(data: CheckInput, column: str) -> list[tuple[int, int]]:
    """Return the readable rows with a number in a column, and the numbers."""
    numbers = data.catalog.table[column].to_list()
    return [(row, numbers[row]) for row in np.flatnonzero(data.catalog.readable).tolist() if numbers[row] is not None]


def _mismatches(data: CheckInput) -> list[int]:
    """Return the rows whose file name suffix does not match the image format."""
    path = pl.col("path").str.to_lowercase()
    matches = [
        (pl.col("format") == name) & pl.any_horizontal(path.str.ends_with(suffix) for suffix in suffixes)
        for name, suffixes in FORMATS.items()
    ]
    table = data.catalog.table.with_row_index("row").filter(pl.Series(data.catalog.readable))
    return table.filter(pl.col("format").is_not_null() & ~pl.any_horizontal(matches))["row"].to_list()
