"""Immutable catalog of a data set, with one row per image file."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import polars as pl

from discern.atomic import atomic_write
from discern.catalog.catalog_card import catalog_card
from discern.catalog.formats.read_items import archive_of, read_items
from discern.catalog.label_text import show_label
from discern.catalog.left_out import REASONS, LeftOut
from discern.catalog.pandas_frame import to_pandas
from discern.catalog.path_text import order_labels, to_name, to_text
from discern.catalog.picture_cache import PictureCache
from discern.display.displayed import Displayed
from discern.display.html_card import HtmlCard
from discern.errors import CatalogError, UsageError
from discern.picture import THUMB, Limits
from discern.picture.picture_facts import decode_facts
from discern.store import Rows

if TYPE_CHECKING:
    import pandas

FORMAT = 4
NUMERIC = "numeric"
OTHER = "_other"
"""Label of negatives: pictures of none of the classes."""

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
    "peak": pl.Int32(),
    "missing_rows": pl.Int32(),
    "taken": pl.Int64(),
    "error": pl.String(),
    "message": pl.String(),
}
# Columns that catalogs of earlier formats lack, by the format that brought them.
_SINCE = {2: ("sharpness", "camera"), 3: ("peak", "missing_rows"), 4: ("taken",)}
_METADATA = "discern"
_SHA256 = "^[0-9a-f]{64}$"
_FINGERPRINTED = ["path", "content", "label", "part", "group"]


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Catalog(Displayed):
    """Immutable table of a data set's image files, sorted by path.

    Its length is the number of files. A notebook shows it as a card with a few thumbnails.

    Attributes:
        root: the folder that paths are relative to.
        table: one row per file, including unreadable ones; null where unknown:
            `path` (text, unique, "/" between folders, "a.zip!/b.jpg" inside archives),
            `bytes`, `content` (sha256 of the bytes, hex), `pixels` (hash of the decoded pixels, hex),
            `label`, `group` (as declared), `part` ("train", "validation", "test", as given),
            `width`, `height` (upright), `format`, `mode`,
            `sharpness` (in (0, 1], see `picture.sharpness`), `camera` (make and model),
            `peak` (largest value of a picture with 16 bits per channel),
            `missing_rows` (rows that are missing at the end of the file; 0 if only its end marker is),
            `taken` (time of capture by its EXIF block, in milliseconds since 1970; see `picture.capture_time`),
            `error` (an error code) and `message` if the file is not a usable picture; `message` alone if it is known
            why it has no label.
        thumbs: uint8 [N, 64, 64, 3]; black for unreadable rows.
        order: the labels of an ordinal problem in their order; empty if there is none.
        left_out: files of the source that have no row in `table`.
        empty_folders: folders of the source without any file below them.
        notes: sentences for the user about how lists were understood.
    """

    root: Path
    table: pl.DataFrame
    thumbs: Rows | np.ndarray
    order: tuple[str, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    empty_folders: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if dict(self.table.schema) != COLUMNS:
            raise CatalogError(
                f"The columns are not those of a catalog: {', '.join(self.table.columns)}.",
                hint="Delete the file; the pictures are then scanned again.",
            )
        if len(self.thumbs) != len(self.table):
            raise CatalogError(f"{len(self.thumbs)} thumbnails for {len(self.table)} files.")

    def __len__(self) -> int:
        return len(self.table)

    @cached_property
    def readable(self) -> np.ndarray:
        """Return a boolean mask of the readable images."""
        return self.table["error"].is_null().to_numpy()

    @cached_property
    def labels(self) -> tuple[str, ...]:
        """Return the class labels of the readable images.

        They are in `order`, else alphabetical with numbers by value. `OTHER` is not a class.
        """
        return self.order or self._found_labels()

    def _found_labels(self) -> tuple[str, ...]:
        found = self.table.filter(self.readable)["label"].drop_nulls().unique().to_list()
        return order_labels([label for label in found if label != OTHER])

    @cached_property
    def negative(self) -> np.ndarray:
        """Return a boolean mask of the readable images that belong to none of the classes."""
        return np.asarray(self.readable & (self.table["label"] == OTHER).fill_null(value=False).to_numpy())

    @cached_property
    def label_index(self) -> np.ndarray:
        """Return the class index of each row, or -1 for unreadable and unlabelled rows."""
        labels = pl.Series("labels", self.labels, pl.String)
        index = self.table["label"].replace_strict(labels, range(len(labels)), default=-1, return_dtype=pl.Int64)
        return np.where(self.readable, index.fill_null(-1).to_numpy(), -1)

    @cached_property
    def fingerprint(self) -> str:
        """Return the SHA-256 digest of all paths, contents, labels, split parts and groups."""
        digest = hashlib.sha256()
        for row in self.table.select(_FINGERPRINTED).sort("path").iter_rows():
            digest.update(json.dumps(row).encode() + b"\n")
        return digest.hexdigest()

    def to_pandas(self) -> "pandas.DataFrame":
        """Return the table as a pandas data frame.

        Raises:
            UsageError: pandas is not installed.
        """
        return to_pandas(self.table)

    def _brief(self) -> dict[str, Any]:
        return {"root": self.root, "files": len(self), "labels": len(self.labels)}

    def _to_card(self) -> HtmlCard:
        index = self.label_index
        counts = np.bincount(index[index >= 0], minlength=len(self.labels)).tolist()
        return catalog_card(
            self.root,
            self.table,
            self.thumbs,
            classes=dict(zip(self.labels, counts, strict=True)),
            others={
                "of none of the classes": int(self.negative.sum()),
                "without a label": int((self.readable & (index < 0) & ~self.negative).sum()),
                "unreadable files": int((~self.readable).sum()),
                "files left out": len(self.left_out),
            },
            notes=self.notes,
        )

    def hashes(self, rows: np.ndarray | None = None) -> tuple[list[str], list[str]]:
        """Return the content and pixel hashes of the given rows, or of all; those that are unknown are empty."""
        table = self.table if rows is None else self.table[rows]
        return table["content"].fill_null("").to_list(), table["pixels"].fill_null("").to_list()

    def ordered(self, order: Sequence[str]) -> Self:
        """Return a copy of the catalog with ordinal class labels.

        Args:
            order: every label once, or `["numeric"]` to order labels that are numbers by value.

        Raises:
            UsageError: `order` does not list exactly the labels, or a label is not a number.
        """
        labels = self._found_labels()
        by_value = list(order) == [NUMERIC] and NUMERIC not in labels
        order = _by_value(labels) if by_value else tuple(order)
        if sorted(order) != sorted(labels):
            raise UsageError(
                f"The order {_shown(order)} does not list exactly the labels {_shown(labels)}"
                f"{_difference(order, labels)}.",
                hint=f"List every label once, the lowest first, such as --ordered {','.join(labels)}.",
            )
        return replace(self, order=order)

    def file(self, row: int) -> Path | None:
        """Return the path of an image file, or None for an archive member."""
        path: str = self.table["path"][row]
        return None if archive_of(self.root, path) else self.root / to_name(path)

    def read(self, rows: Sequence[int] | np.ndarray) -> Iterator[tuple[int, bytes]]:
        """Yield the row and bytes of each image file in the fastest order.

        Raises:
            PictureError: a file cannot be read.
            CatalogError: a file has changed since the scan.
        """
        at = np.asarray(rows, np.int64)
        # Column by column: a selection of the table is a query, which takes longer than to read a picture.
        paths, contents, sizes = (self.table[name][at].to_list() for name in ("path", "content", "bytes"))
        expected = dict(zip(paths, zip(at.tolist(), contents, strict=True), strict=True))
        limits = Limits(max_bytes=max([Limits().max_bytes, *(size for size in sizes if size is not None)]))
        for item in read_items(self.root, paths, limits=limits):
            if item.path not in expected:
                continue
            row, content = expected[item.path]
            data = item.load()
            if content is None or hashlib.sha256(data).hexdigest() == content:
                del expected[item.path]
                yield row, data
        for path in expected:
            raise CatalogError(f"{path} has changed since it was scanned.", hint="Start a new run.")

    def write(self, path: Path) -> None:
        """Write the catalog, without thumbnails, to a Parquet file atomically.

        Raises:
            CatalogError: the file cannot be written.
        """
        facts = {
            "format": FORMAT,
            "root": to_text(str(self.root)),
            "left_out": self.left_out,
            "empty_folders": self.empty_folders,
            "notes": self.notes,
        }
        metadata = {_METADATA: json.dumps(facts)}
        try:
            with atomic_write(path) as unfinished:
                self.table.write_parquet(unfinished, metadata=metadata)
        except OSError as error:
            raise CatalogError(
                f"{path} cannot be written: {error.strerror or error}.",
                hint="Free disk space, or check the permissions.",
            ) from error

    @classmethod
    def load(cls, path: Path, *, cache: Path, limits: Limits = Limits()) -> Self:  # noqa: B008 - frozen
        """Load a catalog from a Parquet file.

        Thumbnails missing from the cache are recomputed from the pictures.

        Args:
            path: the Parquet file.
            cache: directory of the cache of thumbnails.
            limits: the limits that the pictures were scanned with.

        Raises:
            CatalogError: the file is not a catalog or has a newer format, or a picture has changed.
            PictureError: a picture whose thumbnail is missing can no longer be read.
        """
        catalog = cls.load_table(path)
        pictures = PictureCache(cache, limits)
        contents = catalog.table.select(pl.when(pl.col("error").is_null()).then("content"))["content"].to_list()
        for row, data in catalog.read(pictures.missing(contents)):
            found = decode_facts(data, limits)
            pictures.add(contents[row], found.facts[0], found.thumbs[0])
        pictures.flush()
        return replace(catalog, thumbs=pictures.thumbs(contents))

    @classmethod
    def load_table(cls, path: Path) -> Self:
        """Load a catalog from a Parquet file, with black thumbnails.

        Raises:
            CatalogError: the file is not a catalog or has a newer format.
        """
        metadata, table = _read_parquet(path)
        return cls(
            root=Path(to_name(metadata["root"])),
            table=table,
            thumbs=np.broadcast_to(np.zeros(1, np.uint8), (len(table), THUMB, THUMB, 3)),
            left_out=metadata["left_out"],
            empty_folders=metadata["empty_folders"],
            notes=metadata["notes"],
        )

    def read_one(self, row: int) -> bytes:
        """Return the bytes of the image file in one row.

        The errors are those of `read`.
        """
        return next(self.read([row]))[1]


def _difference(order: Sequence[str], labels: Sequence[str]) -> str:
    unknown = sorted(set(order) - set(labels))
    missing = sorted(set(labels) - set(order))
    texts = [f"{_shown(names)} {what}" for names, what in ((unknown, "unknown"), (missing, "missing")) if names]
    return f" ({'; '.join(texts) or 'a label is listed twice'})"


def _shown(labels: Sequence[str]) -> str:
    return ", ".join(map(show_label, labels))


def _by_value(labels: Sequence[str]) -> tuple[str, ...]:
    try:
        return tuple(sorted(labels, key=float))
    except ValueError:
        raise UsageError(
            f"The labels {_shown(labels)} are not all numbers.",
            hint=f"List them in their order, the lowest first, such as --ordered {','.join(labels)}.",
        ) from None


def _read_parquet(path: Path) -> tuple[dict[str, Any], pl.DataFrame]:
    try:
        if not path.is_file():
            raise ValueError("not a file")
        metadata = json.loads(pl.read_parquet_metadata(path).get(_METADATA, "{}"))
        version = metadata["format"]
        if version > FORMAT:
            raise CatalogError(
                f"{path} was written by a newer version of Discern (format {version}).",
                hint="Upgrade Discern, or scan the pictures again.",
            )
        table = pl.read_parquet(path)
        if not table["content"].drop_nulls().str.contains(_SHA256).all():
            raise ValueError("contents are not hashes")
        if version < FORMAT:
            newer = [name for since, names in _SINCE.items() if since > version for name in names]
            table = table.with_columns(pl.lit(None, COLUMNS[name]).alias(name) for name in newer).select(*COLUMNS)
        return _checked(metadata), table
    except (OSError, pl.exceptions.PolarsError, ValueError, KeyError, TypeError) as error:
        raise CatalogError(
            f"{path} cannot be read as a catalog.", hint="Delete the file; the pictures are then scanned again."
        ) from error


def _checked(metadata: dict[str, Any]) -> dict[str, Any]:
    """Return the metadata of a catalog's file; catalogs of earlier versions lack the files that were left out."""
    left_out = tuple(LeftOut(*each) for each in metadata.get("left_out", ()))
    empty_folders, notes = (tuple(metadata.get(name, ())) for name in ("empty_folders", "notes"))
    texts = [metadata["root"], *empty_folders, *notes, *(text for each in left_out for text in each)]
    if not all(isinstance(text, str) for text in texts) or not {each.reason for each in left_out} <= {*REASONS}:
        raise ValueError("the files left out are not listed in a known form")
    return {"root": metadata["root"], "left_out": left_out, "empty_folders": empty_folders, "notes": notes}
