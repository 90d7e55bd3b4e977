"""Answers as a table: one row a picture, one column for each thing that is said of it."""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from discern.bundle import Manifest, Prediction
from discern.errors import PictureError, UsageError
from discern.inference.error_status import error_json

OUTPUT_FORMATS = (".parquet", ".csv", ".jsonl")
AT, MARK, LINE = "at", "mark", "line"
"""Columns that are kept on the way alone: the path within the source, the mark of its file (see `resuming`), and the
line of JSON."""
ON_THE_WAY = (AT, MARK, LINE)

PROBABILITY = "p:"
"""Stands before a label in the name of the column of its probability."""

_BOM = b"\xef\xbb\xbf"  # without it Excel takes UTF-8 for something else
# Spreadsheets run cells that begin like this (OWASP, "CSV injection"), unless they are plain numbers or a dash alone.
_FORMULA = r"^(?:\./)*[=+\-@\t\r]"
_PLAIN = r"^(?:[+-]?\d+(?:\.\d+)?|-)$"


def output_format(out: Path) -> str:
    """The form of a file of answers, told by its suffix.

    Raises:
        UsageError: it is none of `OUTPUT_FORMATS`.
    """
    if out.suffix.lower() not in OUTPUT_FORMATS:
        raise UsageError(
            f"{out} is of no form that answers are written in.", hint=f"Name it {', '.join(OUTPUT_FORMATS)}."
        )
    return out.suffix.lower()


def schema(manifest: Manifest, kind: str) -> dict[str, pl.DataType]:
    """The columns of a bundle's answers, and those on the way."""
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
    """One picture's row.

    Args:
        at: the picture's path within its source.
        path: the same, absolute.
        answer: what came of it.
        columns: of `schema`.
        mark: of its file.
    """
    if isinstance(answer, PictureError):
        said: dict[str, Any] = {"error": answer.code, "error_message": str(answer)}
        plain: dict[str, Any] = {"path": path} | error_json(answer)
    else:
        plain = {"path": path} | answer.to_json()
        said = plain | {PROBABILITY + label: value for label, value in plain["probabilities"].items()}
    found = said | {AT: at, MARK: mark, "path": path}
    if LINE in columns:
        found[LINE] = json.dumps(plain, allow_nan=False)
    return {name: found.get(name) for name in columns}


def join_parts(parts: Sequence[Path], whole: Path, kind: str) -> None:
    """Write one file out of many that are Parquet with the columns of `schema`; a few thousand rows at a time.

    Raises:
        OSError: it cannot be written.
        PolarsError: a part cannot be read.
    """
    if kind == ".parquet":
        pl.scan_parquet(list(parts)).drop(ON_THE_WAY, strict=False).sink_parquet(whole)
        return
    with whole.open("wb") as file:
        for number, part in enumerate(parts):
            table = pl.read_parquet(part)
            if kind == ".jsonl":
                file.write("".join(f"{line}\n" for line in table[LINE]).encode())
            else:
                file.write(_BOM if number == 0 else b"")
                file.write(
                    _for_spreadsheets(table.drop(ON_THE_WAY, strict=False))
                    .write_csv(include_header=number == 0)
                    .encode()
                )


def _for_spreadsheets(table: pl.DataFrame) -> pl.DataFrame:
    """Text that no spreadsheet runs, and lists as JSON."""
    sets = [None if labels is None else json.dumps(labels, ensure_ascii=False) for labels in table["set"].to_list()]
    table = table.with_columns(pl.Series("set", sets, pl.String))
    return table.with_columns(_guarded(name) for name, kind in table.schema.items() if kind == pl.String())


def _guarded(name: str) -> pl.Expr:
    cell = pl.col(name)
    runs = cell.str.contains(_FORMULA) & ~cell.str.contains(_PLAIN)
    return pl.when(runs).then(pl.lit("./") + cell).otherwise(cell).alias(name)
