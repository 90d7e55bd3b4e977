"""Functions that write a review sheet of predictions that were not accepted."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import polars as pl
from PIL import Image

from discern.bundle import Model
from discern.catalog import Item
from discern.catalog.formats.read_items import read_items
from discern.errors import PictureError, UsageError
from discern.flow.predict.answer_table import AT, LINE, PROBABILITY
from discern.picture import fit, open_picture
from discern.reporting.sheet import THUMB_SIDE, ReviewSheet, SheetEntry, write_sheet_page, write_sheet_picture

MOST = 200
_CANDIDATES = 3
_WRITERS = {".html": write_sheet_page, ".png": write_sheet_picture}


def sheet_format(sheet: Path) -> str:
    """Return the review sheet format that corresponds to a file suffix.

    Raises:
        UsageError: the format is not supported.
    """
    if sheet.suffix.lower() not in _WRITERS:
        raise UsageError(f"Unsupported format of a review sheet: {sheet.name}.", hint=f"Use {' or '.join(_WRITERS)}.")
    return sheet.suffix.lower()


def write_sheet(path: Path, kind: str, parts: Sequence[Path], root: Path, *, model: Model, answers: Path) -> None:
    """Write a review sheet of the least confident predictions that were not accepted.

    Args:
        path: output file, of any name.
        kind: format, from `sheet_format`.
        parts: the predictions, Parquet files with the columns of `answer_table.schema`.
        root: folder that paths within the source are relative to.
        model: the model that predicted.
        answers: file of all predictions.

    Raises:
        UnreadableFile: the sheet cannot be written.
    """
    table = pl.scan_parquet(list(parts))
    uncertain = table.filter(pl.col("decision") != "accept")
    chosen = uncertain.select(pl.exclude(LINE)).bottom_k(MOST, by="confidence").collect()
    counts = dict(table.group_by("decision").len().collect().iter_rows())
    sheet = ReviewSheet(
        title=model.manifest.name,
        table=answers.name,
        pictures=sum(count for decision, count in counts.items() if decision is not None),
        review=counts.get("review", 0),
        unknown=counts.get("unknown", 0),
        unusable=counts.get(None, 0),
        names={label: model.manifest.label_names.name(label) for label in model.labels},
        entries=list(_entries(chosen.sort("confidence", AT), root, model)),
    )
    _WRITERS[kind](path, sheet)


def _entries(chosen: pl.DataFrame, root: Path, model: Model) -> Iterator[SheetEntry]:
    items = read_items(root, chosen[AT].to_list(), limits=model.limits)
    thumbs = {item.path: _thumb(item, model) for item in items}
    for row in chosen.iter_rows(named=True):
        ranked = sorted(((row[PROBABILITY + label], label) for label in model.labels), reverse=True)
        yield SheetEntry(
            path=row[AT],
            decision=row["decision"],
            message=row["message"],
            candidates=[(label, share) for share, label in ranked[:_CANDIDATES]],
            thumb=thumbs.get(row[AT]),
        )


def _thumb(item: Item, model: Model) -> Image.Image | None:
    try:
        return fit(open_picture(item.load(), min_side=THUMB_SIDE, limits=model.limits), THUMB_SIDE)
    except PictureError:
        return None
