"""Functions that build prediction tables with one row per image."""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from discern.bundle import Manifest, Prediction
from discern.catalog.spreadsheet import FORMULA, GUARD
from discern.errors import PictureError, UsageError
from discern.inference.error_status import error_json

OUTPUT_FORMATS = (".parquet", ".csv", ".jsonl")
AT, MARK, LINE = "at", "mark", "line"
"""Columns of unfinished output only: the path within the source, the size and time of its file (see `ResumePlan`), and
the line of JSON."""
INTERNAL = (AT, MARK, LINE)

PROBABILITY = "p:"
"""Prefix of the columns of probabilities; the label follows."""

_BOM = b"\xef\xbb\xbf"  # without it, Excel does not recognise UTF-8
# Labels may be numbers, and stay as they are in other tables; no spreadsheet runs these.
_PLAIN = r"^(?:[+-]?\d+(?:\.\d+)?|-)$"


def output_format(out: Path) -> str:
    """Return the output format that corresponds to a file suffix.

    Raises:
        UsageError: the format is not one of `OUTPUT_FORMATS`.
    """
    if out.suffix.lower() not in OUTPUT_FORMATS:
        raise UsageError(f"Unsupported output format: {out.name}.", hint=f"Use {_either(OUTPUT_FORMATS)}.")
    return out.suffix.lower()


def _either(suffixes: Sequence[str]) -> str:
    return f"{', '.join(suffixes[:-1])} or {suffixes[-1]}"


def schema(manifest: Manifest, kind: str) -> dict[str, pl.DataType]:
    """Return the names and data types of the columns in a prediction table."""
    columns: dict[str, pl.DataType] = {AT: pl.String(), MARK: pl.String()}
    if kind == ".jsonl":
        columns[LINE] = pl.String()
    columns |= {
        "path": pl.String(),
        "label": pl.String(),
        "decision": pl.String(),
        "confidence": pl.Float32(),
        "unknown_score": pl.Float32(),
        "set": pl.List(pl.String()),
        "looks_like": pl.String(),
        "message": pl.String(),
    }
    if manifest.names:
        columns |= dict.fromkeys(("name", "spoken", "route"), pl.String())
    if manifest.ordered:
        columns["order_value"] = pl.Float64()
    columns |= {PROBABILITY + label: pl.Float32() for label in manifest.labels}
    return columns | dict.fromkeys(("error", "error_message"), pl.String())


def row(
    at: str, path: str, answer: Prediction | PictureError, columns: Iterable[str], *, mark: str = ""
) -> dict[str, Any]:
    """Build the prediction table row for one image.

    Args:
        at: path within the source.
        path: absolute path.
        answer: the prediction, or the error.
        columns: columns of `schema`.
        mark: size and time of its file, as `ResumePlan` notes them.
    """
    if isinstance(answer, PictureError):
        values: dict[str, Any] = {"error": answer.code, "error_message": str(answer)}
        plain: dict[str, Any] = {"path": path} | error_json(answer)
    else:
        plain = {"path": path} | answer.to_json()
        values = plain | {PROBABILITY + label: value for label, value in plain["probabilities"].items()}
    found = values | {AT: at, MARK: mark, "path": path}
    if LINE in columns:
        found[LINE] = json.dumps(plain, allow_nan=False)
    return {name: found.get(name) for name in columns}


def join_parts(parts: Sequence[Path], whole: Path, kind: str) -> None:
    """Concatenate partial prediction tables into one output file.

    Args:
        parts: Parquet files with the columns of `schema`; a few thousand rows are in memory at a time.
        whole: output file.
        kind: output format, from `output_format`.

    Raises:
        OSError: the file cannot be written.
        PolarsError: a part cannot be read.
    """
    if kind == ".parquet":
        pl.scan_parquet(list(parts)).drop(INTERNAL, strict=False).sink_parquet(whole)
        return
    with whole.open("wb") as file:
        for number, part in enumerate(parts):
            table = pl.read_parquet(part)
            if kind == ".jsonl":
                file.write("".join(f"{line}\n" for line in table[LINE]).encode())
            else:
                file.write(_BOM if number == 0 else b"")
                file.write(
                    _for_spreadsheets(table.drop(INTERNAL, strict=False)).write_csv(include_header=number == 0).encode()
                )


def _for_spreadsheets(table: pl.DataFrame) -> pl.DataFrame:
    """Escape spreadsheet formulas and encode list columns as JSON."""
    sets = [None if labels is None else json.dumps(labels, ensure_ascii=False) for labels in table["set"].to_list()]
    table = table.with_columns(pl.Series("set", sets, pl.String))
    return table.with_columns(_guarded(name) for name, kind in table.schema.items() if kind == pl.String())


def _guarded(name: str) -> pl.Expr:
    cell = pl.col(name)
    runs = cell.str.contains(FORMULA) & ~cell.str.contains(_PLAIN)
    return pl.when(runs).then(pl.lit(GUARD) + cell).otherwise(cell).alias(name)
