"""The catalog: which pictures there are, as one table that does not change."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Self

import numpy as np
import polars as pl

from discern.atomic import atomic_write
from discern.catalog.formats.read_items import archive_of, read_items
from discern.catalog.path_text import order_labels, to_name, to_text
from discern.catalog.picture_cache import PictureCache
from discern.errors import CatalogError, UsageError
from discern.picture import THUMB, Limits
from discern.picture.picture_facts import decode_facts
from discern.store import Rows

FORMAT = 2
NUMERIC = "numeric"
OTHER = "_other"
"""The label of pictures that show none of the classes."""

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
    "sharpness": pl.Float32(),
    "camera": pl.String(),
    "error": pl.String(),
    "message": pl.String(),
}
# What catalogs of format 1 do not have.
_SINCE_2 = ("sharpness", "camera")
_METADATA = "discern"
_SHA256 = "^[0-9a-f]{64}$"
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
            `sharpness` (in (0, 1], see `picture.sharpness`), `camera` (maker and model),
            `error` (an error's code) and `message` where the file is no usable picture.
        thumbs: uint8 [N, 64, 64, 3]; black for unreadable rows.
        order: the labels in an order that means something; empty where none was given.
    """

    root: Path
    table: pl.DataFrame
    thumbs: Rows | np.ndarray
    order: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if dict(self.table.schema) != COLUMNS:
            raise CatalogError(
                f"Not the columns of a catalog: {', '.join(self.table.columns)}.",
                hint="Remove it, and the pictures are looked at again.",
            )
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
        """The labels of readable pictures but `OTHER`, in the order given, else alphabetically, numbers by value."""
        return self.order or self._found_labels()

    def _found_labels(self) -> tuple[str, ...]:
        found = self.table.filter(self.readable)["label"].drop_nulls().unique().to_list()
        return order_labels([label for label in found if label != OTHER])

    @cached_property
    def negative(self) -> np.ndarray:
        """Which rows are pictures of none of the classes: bool [N]."""
        return np.asarray(self.readable & (self.table["label"] == OTHER).fill_null(value=False).to_numpy())

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

    def ordered(self, order: Sequence[str]) -> Self:
        """The same pictures with labels whose order means something.

        Args:
            order: every label once, or `["numeric"]`: all labels are numbers, ordered by value.

        Raises:
            UsageError: it names other labels than there are, or one is no number.
        """
        labels = self._found_labels()
        wanted = _by_value(labels) if list(order) == [NUMERIC] and NUMERIC not in labels else tuple(order)
        if sorted(wanted) != sorted(labels):
            raise UsageError(
                f"The order {', '.join(wanted)} is not one of the labels {', '.join(labels)}.",
                hint="Name every label once, the least first, such as --ordered green,ripe,overripe.",
            )
        return replace(self, order=wanted)

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
        for item in read_items(self.root, table["path"].to_list(), limits=limits):
            if item.path not in expected:
                continue
            row, content = expected[item.path]
            data = item.load()
            if content is None or hashlib.sha256(data).hexdigest() == content:
                del expected[item.path]
                yield row, data
        for path in expected:
            raise CatalogError(f"{path} has changed since it was looked at.", hint="Begin a new run.")

    def write(self, path: Path) -> None:
        """Write the table as Parquet, at once or not at all; thumbnails stay in the cache.

        Raises:
            CatalogError: it cannot be written there.
        """
        said = {_METADATA: json.dumps({"format": FORMAT, "root": to_text(str(self.root))})}
        try:
            with atomic_write(path) as unfinished:
                self.table.write_parquet(unfinished, metadata=said)
        except OSError as error:
            raise CatalogError(f"{path} cannot be written: {error.strerror or error}.", hint="Make room.") from error

    @classmethod
    def load(cls, path: Path, *, cache: Path, limits: Limits = Limits()) -> Self:  # noqa: B008 - frozen
        """Read what `write` wrote; thumbnails that the cache has lost are made again from the pictures.

        Args:
            path: of the Parquet file.
            cache: the folder that keeps thumbnails.
            limits: as they were when the pictures were scanned.

        Raises:
            CatalogError: no catalog, of a newer form, or its pictures have changed.
            PictureError: a picture whose thumbnail is lost cannot be read any more.
        """
        root, table = _read_parquet(path)
        nothing = np.broadcast_to(np.zeros(1, np.uint8), (len(table), THUMB, THUMB, 3))
        catalog = cls(root=root, table=table, thumbs=nothing)
        known = PictureCache(cache, limits)
        contents = table.select(pl.when(pl.col("error").is_null()).then("content"))["content"].to_list()
        for row, data in catalog.read(known.missing(contents)):
            looks = decode_facts(data, limits)
            known.add(contents[row], looks.facts[0], looks.thumbs[0])
        known.keep()
        return replace(catalog, thumbs=known.thumbs(contents))

    def read_one(self, row: int) -> bytes:
        """Read one file; errors as `read`."""
        return next(self.read([row]))[1]


def _by_value(labels: Sequence[str]) -> tuple[str, ...]:
    try:
        return tuple(sorted(labels, key=float))
    except ValueError:
        raise UsageError(
            f"The labels {', '.join(labels)} are not all numbers.",
            hint="Name them in their order, such as --ordered green,ripe,overripe.",
        ) from None


def _read_parquet(path: Path) -> tuple[Path, pl.DataFrame]:
    try:
        if not path.is_file():
            raise ValueError("it is no file")
        said = json.loads(pl.read_parquet_metadata(path).get(_METADATA, "{}"))
        form, root = said["format"], said["root"]
        if form > FORMAT:
            raise CatalogError(
                f"{path} was written by a newer version of Discern (format {form}).",
                hint="Upgrade Discern, or scan the pictures again.",
            )
        table = pl.read_parquet(path)
        if not table["content"].drop_nulls().str.contains(_SHA256).all():
            raise ValueError("contents are no hashes")
        if form == 1:
            table = table.with_columns(pl.lit(None, COLUMNS[name]).alias(name) for name in _SINCE_2).select(*COLUMNS)
        return Path(to_name(root)), table
    except (OSError, pl.exceptions.PolarsError, ValueError, KeyError, TypeError) as error:
        raise CatalogError(
            f"{path} is no catalog that can be read.", hint="Remove it, and the pictures are looked at again."
        ) from error
