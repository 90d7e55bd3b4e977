"""Lists of pictures, in every form that is read, and the source that one list is."""

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

from discern.catalog.formats.listing.file_list import read_file_list
from discern.catalog.formats.listing.json_lines import read_records
from discern.catalog.formats.listing.listing_entry import ListingEntry, find_files
from discern.catalog.formats.listing.sagemaker_lists import read_lst, read_manifest
from discern.catalog.formats.listing.tabular import TABLES, read_table
from discern.catalog.formats.read_items import archive_of, read_items
from discern.catalog.formats.source import Item, refused
from discern.catalog.path_text import part_named, to_name
from discern.errors import CatalogError, UnreadableFile
from discern.picture import Limits

SUFFIXES = (*TABLES, ".lst", ".manifest", ".jsonl", ".json")

_AMONG_FILES = re.compile(r"metadata\.(csv|parquet)|file_list\.json|.+\.(lst|manifest|jsonl)", re.IGNORECASE)
_OF_FILES_BESIDE = "_lst"


class ListingSource:
    """The pictures that a list names; paths are relative to the folder that it speaks for.

    Args:
        listing: the list.
        limits: `max_bytes` bounds what is read of one file.
        labels: whether labels, parts and groups matter.

    Raises:
        CatalogError: the list cannot be read as one.
    """

    layout: Literal["folders", "archive", "declared"] = "declared"

    def __init__(self, listing: Path, *, limits: Limits, labels: bool = True) -> None:
        self.root = Path(files_in_listings(f"{listing.parent.as_posix()}/", os.path.isdir))
        try:
            entries = read_listing(str(listing), listing.read_bytes(), labels=labels)
        except OSError as error:
            raise CatalogError(f"{listing} cannot be read: {error.strerror}.", hint="Allow it, or copy it.") from error
        self._entries = find_files(entries, self._has, labels=labels)
        self.total: int | None = len(self._entries)
        self._limits = limits

    def items(self) -> Iterator[Item]:
        """Yield what the list names; files that are missing are refused with a reason."""
        declared = {entry.path: entry for entry in self._entries if not entry.lost}
        for item in read_items(self.root, list(declared), limits=self._limits):
            yield _declare(item, declared[item.path])
        for entry in self._entries:
            if entry.lost:
                yield _declare(refused(entry.path, UnreadableFile(entry.lost)), entry)

    def _has(self, path: str) -> bool:
        return os.path.isfile(self.root / to_name(path)) or bool(archive_of(self.root, path))  # noqa: PTH113 - never raises


def read_listing(name: str, data: bytes, *, labels: bool = True) -> list[ListingEntry]:
    """Read a list of pictures; its suffix, and what its first line says, tell the form.

    Args:
        name: the list's name.
        data: its bytes.
        labels: whether labels, parts and groups matter; else a picture may be named twice with different ones.

    Raises:
        CatalogError: it is not of its form.
    """
    suffix = Path(name).suffix.lower()
    if suffix == ".lst":
        return read_lst(name, data)
    if suffix == ".json":
        return read_file_list(name, data)
    if suffix in TABLES:
        return read_table(name, data, labels=labels)
    records = read_records(name, data)
    if suffix == ".manifest" or any("source-ref" in record for _, record in records):
        return read_manifest(name, records)
    return read_table(name, data, labels=labels)


def may_list(name: str) -> bool:
    """Tell whether a file of this name, among pictures, may be a list of them."""
    return _AMONG_FILES.fullmatch(name) is not None


def files_in_listings(folder: str, holds_files: Callable[[str], bool]) -> str:
    """Give the folder whose files a list names: its own, or `train/` for one in `train_lst/` where there is such a one.

    Args:
        folder: where the list lies; it ends with "/", and so does the answer.
        holds_files: whether there is a folder of that name.
    """
    beside = folder.removesuffix(f"{_OF_FILES_BESIDE}/") + "/"
    return beside if folder.endswith(f"{_OF_FILES_BESIDE}/") and holds_files(beside) else folder


def part_listed(name: str) -> str | None:
    """Give the part that a list is named for: "train.lst", "bikes_val.lst", "test-1.manifest"."""
    words = re.split(r"[\W_]+", Path(name).stem)
    parts = {part_named(word) for word in words} - {None}
    return parts.pop() if len(parts) == 1 else None


def _declare(item: Item, entry: ListingEntry) -> Item:
    return Item(path=item.path, load=item.load, held=item.held, label=entry.label, part=entry.part, group=entry.group)
