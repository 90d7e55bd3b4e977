"""Card with which a notebook shows a catalog."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import polars as pl
from PIL import Image

from discern.display.html_card import HtmlCard
from discern.display.picture_uri import jpeg_uri
from discern.store import Rows

_MOST_PICTURES, _MOST_CLASSES = 10, 12
_SIDE = 64


def catalog_card(
    root: Path,
    table: pl.DataFrame,
    thumbs: Rows | np.ndarray,
    *,
    classes: Mapping[str, int],
    others: Mapping[str, int],
    notes: Sequence[str],
) -> HtmlCard:
    """Build the card of a catalog: the number of pictures by class and part, and a few thumbnails.

    Args:
        root: folder of the pictures.
        table: table of the catalog.
        thumbs: its thumbnails; black ones are not shown.
        classes: number of pictures of each class.
        others: number of other files by what they are; zeros are not shown.
        notes: sentences for the user.
    """
    readable = np.flatnonzero(table["error"].is_null().to_numpy())
    parts = table[readable]["part"].drop_nulls().value_counts(sort=True)
    named = ", ".join(f"{part} {number:,}" for part, number in parts.iter_rows())
    card = HtmlCard("Discern · pictures", root.name or str(root)).facts(
        [
            ("pictures", f"{len(readable):,}"),
            *([("given parts", named)] if named else []),
            *((name, f"{number:,}") for name, number in others.items() if number),
            ("folder", root),
        ]
    )
    most = max(classes.values(), default=1) or 1
    shown = list(classes.items())[:_MOST_CLASSES]
    card.bars([(label, number / most, f"{number:,}") for label, number in shown])
    if len(classes) > len(shown):
        card.text(f"and {len(classes) - len(shown):,} more classes")
    card.pictures(_thumbnails(table, thumbs, readable), side=_SIDE)
    for note in notes:
        card.text(note)
    return card


def _thumbnails(table: pl.DataFrame, thumbs: Rows | np.ndarray, rows: np.ndarray) -> list[tuple[str, str]]:
    """Return thumbnails spread over the rows, which are in the order of their folders."""
    chosen = rows[np.linspace(0, len(rows) - 1, min(_MOST_PICTURES, len(rows))).round().astype(int)]
    columns = table[chosen].select("path", "label", "width", "height")
    shown = []
    for row, (path, label, width, height) in zip(chosen.tolist(), columns.iter_rows(), strict=True):
        pixels = np.asarray(thumbs[row])
        if pixels.any():
            side = max(width, height)
            size = (max(8, round(_SIDE * width / side)), max(8, round(_SIDE * height / side)))
            picture = Image.fromarray(pixels).resize(size, Image.Resampling.BICUBIC)
            shown.append((jpeg_uri(picture, quality=80, subsampling=0), label or path.rpartition("/")[2]))
    return shown
