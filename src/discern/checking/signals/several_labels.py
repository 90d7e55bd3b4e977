"""Functions that find pictures under several labels at once in a data set that looks multi-label."""

from typing import TYPE_CHECKING, NamedTuple

import polars as pl

from discern.catalog.label_text import show_label
from discern.catalog.multi_label import MULTI_LABEL, REMEDY, looks_multi_label
from discern.errors import DataError

if TYPE_CHECKING:
    from discern.catalog import Catalog


class SeveralLabels(NamedTuple):
    """Pictures of a data set that looks multi-label.

    Attributes:
        rows: rows of the pictures under several labels.
        message: sentence that says how many there are, with an example.
    """

    rows: tuple[int, ...]
    message: str


def find_several_labels(catalog: "Catalog") -> SeveralLabels | None:
    """Find the pictures under several labels if there are too many for mistakes, or return None.

    A picture is under several labels if files of the same content are.
    """
    labelled = catalog.table.with_row_index("row").filter((catalog.label_index >= 0) & catalog.readable)
    contents = labelled.group_by("content", maintain_order=True).agg("row", "path", "label")
    several = contents.filter(pl.col("label").list.n_unique() > 1)
    if not looks_multi_label(len(several), len(contents)):
        return None
    pairs = dict(zip(several["label"][0], several["path"][0], strict=True))
    places = " and ".join(f"{path} ('{show_label(label)}')" for label, path in list(pairs.items())[:2])
    return SeveralLabels(
        rows=tuple(sorted(several["row"].explode().to_list())),
        message=f"{MULTI_LABEL}: {len(several):,} of {len(contents):,} different pictures are under several labels, "
        f"such as {places}.",
    )


def require_single_labels(catalog: "Catalog") -> None:
    """Raise DataError if the pictures look multi-label."""
    if found := find_several_labels(catalog):
        raise DataError(found.message, hint=f"{REMEDY} Correct mistakes with the fixes.csv of check.")
