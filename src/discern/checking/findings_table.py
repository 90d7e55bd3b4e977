"""Table of the findings of a run, with the paths of their pictures."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from discern.checking.findings import Finding

if TYPE_CHECKING:
    from discern.catalog import Catalog

COLUMNS: dict[str, pl.DataType] = {
    "check": pl.String(),
    "paths": pl.List(pl.String()),
    "score": pl.Float64(),
    "action": pl.String(),
    "value": pl.String(),
    "why": pl.String(),
}


def tabulate_findings(catalog: "Catalog", findings: Sequence[Finding]) -> pl.DataFrame:
    """Return the findings as a table with one row each, in their order.

    Args:
        catalog: the catalog of the findings' rows.
        findings: result of `find_issues`.

    Returns:
        `check`, `paths` (the picture that a proposed fix is for comes first), `score`, `action`, `value` and `why`.
    """
    paths = catalog.table["path"].to_list()
    rows = [
        (each.check, [paths[row] for row in each.rows], float(each.score), each.action, each.value, each.why)
        for each in findings
    ]
    return pl.DataFrame(rows, schema=COLUMNS, orient="row")


def read_findings(path: Path) -> pl.DataFrame:
    """Read a table of findings.

    Raises:
        ValueError: the file has other columns.
        OSError: the file cannot be read.
    """
    table = pl.read_parquet(path)
    if dict(table.schema) != COLUMNS:
        raise ValueError("the columns are not those of findings")
    return table
