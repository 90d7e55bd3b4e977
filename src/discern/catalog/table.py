"""The catalog: which pictures there are, as one table that does not change."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import polars as pl

from discern.catalog.naming import order_labels, to_name
from discern.catalog.reading import archive_of, items_at
from discern.errors import CatalogError
from discern.picture import Limits
from discern.store import Rows

COLUMNS: dict[str, pl.DataType] = {
    "path": pl.String(),
    "bytes": pl.Int64(),
    "content": pl.String(),
    "pixels": pl.String(),
    "label": pl.String(),
    "group": pl.String(),
    "part": pl.String(),
    "width": pl.Int32(),
    "height": pl.Int32(),
    "format": pl.String(),
    "mode": pl.String(),
    "error": pl.String(),
    "message": pl.String(),
}
_SAID_BY_FINGERPRINT = ["path", "content", "label", "part", "group"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Catalog:
    """Pictures, one per row, sorted by path.

    Attributes:
        root: the folder that paths are relative to.
        table: one row per file, unreadable ones too. Null where not known or not said:
            `path` (text, unique, "/" between folders, "a.zip!/b.jpg" inside archives),
            `bytes`, `content` (sha256 of the bytes, hex), `pixels` (hash of what is seen, hex),
            `label`, `group` (as declared), `part` ("train", "validation", "test", as given),
            `width`, `height` (upright), `format`, `mode`,
            `error` (an error's code) and `message` where the file is no usable picture.
        thumbs: uint8 [N, 64, 64, 3]; black for unreadable rows.
    """

    root: Path
    table: pl.DataFrame
    thumbs: Rows | np.ndarray

    def __post_init__(self) -> None:
        if dict(self.table.schema) != COLUMNS:
            raise CatalogError(f"Not the columns of a catalog: {', '.join(self.table.columns)}.")
        if len(self.thumbs) != len(self.table):
            raise CatalogError(f"{len(self.thumbs)} thumbnails for {len(self.table)} files.")

    def __len__(self) -> int:
        return len(self.table)

    @cached_property
    def readable(self) -> np.ndarray:
        """Which rows are pictures that can be used: bool [N]."""
        return self.table["error"].is_null().to_numpy()

    @cached_property
    def labels(self) -> tuple[str, ...]:
        """The labels of readable pictures, alphabetically, numbers by value."""
        return order_labels(self.table.filter(self.readable)["label"].drop_nulls().unique().to_list())

    @cached_property
    def label_index(self) -> np.ndarray:
        """Each row's place in `labels`: int64 [N], -1 for rows that are unreadable or have no label."""
        places = pl.Series("labels", self.labels, pl.String)
        found = self.table["label"].replace_strict(places, range(len(places)), default=-1, return_dtype=pl.Int64)
        return np.where(self.readable, found.fill_null(-1).to_numpy(), -1)

    @cached_property
    def fingerprint(self) -> str:
        """Names exactly these files with these labels, parts and groups: sha256 in hex."""
        digest = hashlib.sha256()
        for row in self.table.select(_SAID_BY_FINGERPRINT).sort("path").iter_rows():
            digest.update(json.dumps(row).encode() + b"\n")
        return digest.hexdigest()

    def file(self, row: int) -> Path | None:
        """Give the file itself, or None for a member of an archive."""
        path: str = self.table["path"][row]
        return None if archive_of(self.root, path) else self.root / to_name(path)

    def read(self, rows: Sequence[int] | np.ndarray) -> Iterator[tuple[int, bytes]]:
        """Yield (row, bytes of the file) in the order in which the storage is best read.

        Raises:
            PictureError: a file cannot be read.
            CatalogError: it is not the one that was catalogued.
        """
        table = self.table[np.asarray(rows, np.int64)]
        expected = dict(zip(table["path"], zip(map(int, rows), table["content"], strict=True), strict=True))
        limits = Limits(max_bytes=max(Limits().max_bytes, *table["bytes"].drop_nulls(), 0))
        for item in items_at(self.root, table["path"].to_list(), limits=limits):
            if item.path not in expected:
                continue
            row, content = expected[item.path]
            data = item.load()
            if content is None or hashlib.sha256(data).hexdigest() == content:
                del expected[item.path]
                yield row, data
        for path in expected:
            raise CatalogError(f"{path} has changed since it was looked at.", hint="Begin a new run.")

    def read_one(self, row: int) -> bytes:
        """Read one file; errors as `read`."""
        return next(self.read([row]))[1]
