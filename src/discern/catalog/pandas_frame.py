"""Conversion of tables to pandas, which is an optional dependency."""

import importlib
from typing import TYPE_CHECKING

import polars as pl

from discern.errors import UsageError

if TYPE_CHECKING:
    import pandas


def to_pandas(table: pl.DataFrame) -> "pandas.DataFrame":
    """Return a table as a pandas data frame, without the need for pyarrow.

    Texts are objects, with None where there is none; numbers are NumPy's, with NaN where one is missing.

    Raises:
        UsageError: pandas is not installed.
    """
    try:
        module = importlib.import_module("pandas")
    except ImportError as error:
        raise UsageError(
            f"pandas cannot be imported: {error}.",
            hint="Install it: pip install pandas. The table itself, a polars data frame, works without it.",
        ) from error
    columns = {column.name: column.to_numpy() if column.dtype.is_numeric() else column.to_list() for column in table}
    frame: pandas.DataFrame = module.DataFrame(columns)
    return frame
