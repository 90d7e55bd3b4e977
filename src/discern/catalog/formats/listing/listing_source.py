"""Image source that reads label lists in all supported formats."""

import os
import re
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Literal

from discern.catalog.formats.listing.file_index import files_below
from discern.catalog.formats.listing.file_list import read_file_list
from discern.catalog.formats.listing.file_search import ListedFolder, locate_files
from discern.catalog.formats.listing.json_lines import read_array, read_records
from discern.catalog.formats.listing.listing_entry import ListingEntry
from discern.catalog.formats.listing.sagemaker_lists import read_lst, read_manifest
from discern.catalog.formats.listing.tabular import TABLES, read_table
from discern.catalog.formats.read_items import archive_of, read_items
from discern.catalog.formats.source import Item, unreadable_item
from discern.catalog.left_out import LeftOut
from discern.catalog.path_text import part_named, to_name
from discern.errors import CatalogError, UnreadableFile
from discern.picture import Limits, read_bounded

SUFFIXES = (*TABLES, ".lst", ".manifest", ".jsonl", ".json")

_MAX_BYTES = 1 << 30
_LISTING_NAME = re.compile(
    r"metadata\.(csv|parquet)|_classes\.csv|file_list\.json|.+\.(lst|manifest|jsonl)", re.IGNORECASE
)
_LISTING_FOLDER = "_lst"
_ANCESTORS = 3


class ListingSource:
    """Image source that reads the images named in a label list.

    Paths are relative to the folder that the listing applies to. If no file is found there, its subfolders are searched
    by name. Folders above, and the current one, are looked into only to name the right one in the message.

    Args:
        listing: the listing's file.
        limits: `max_bytes` is the largest file that is read.
        labels: whether labels, parts and groups matter; if so, it is an error if no file is found.
        label_from: column or key of the labels; None for the usual ones.

    Raises:
        CatalogError: the listing cannot be read, or is invalid.
    """

    layout: Literal["folders", "archive", "declared"] = "declared"

    def __init__(self, listing: Path, *, limits: Limits, labels: bool = True, label_from: str | None = None) -> None:
        self.root = Path(listing_root(f"{listing.parent.as_posix()}/", os.path.isdir))
        try:
            data = read_bounded(listing, max_bytes=_MAX_BYTES)
        except OSError as error:
            raise CatalogError(f"{listing} cannot be read: {error.strerror}.", hint="Check its permissions.") from error
        self.notes = list[str]()
        entries = read_listing(str(listing), data, labels=labels, add_note=self.notes.append, label_from=label_from)
        place = ListedFolder(
            name=listing.name,
            folder=str(self.root),
            exists=self._exists,
            below=partial(files_below, self.root),
            nearby=partial(_nearby, self.root),
        )
        self._entries = locate_files(entries, place, labels=labels, required=labels, add_note=self.notes.append)
        self.total: int | None = len(self._entries)
        self.left_out = list[LeftOut]()
        self.empty_folders = list[str]()
        self._limits = limits

    def items(self) -> Iterator[Item]:
        """Yield one item for each image in the label list.

        The item of a missing file raises the reason when it is loaded.
        """
        declared = {entry.path: entry for entry in self._entries if not entry.missing}
        for item in read_items(self.root, list(declared), limits=self._limits):
            yield _declare(item, declared[item.path])
        for entry in self._entries:
            if entry.missing:
                yield _declare(unreadable_item(entry.path, UnreadableFile(entry.missing)), entry)

    def _exists(self, path: str) -> bool:
        return os.path.isfile(os.path.join(self.root, to_name(path))) or bool(archive_of(self.root, path))  # noqa: PTH113, PTH118 - fast, never raises


def read_listing(
    name: str,
    data: bytes,
    *,
    labels: bool = True,
    add_note: Callable[[str], None] = lambda _: None,
    label_from: str | None = None,
) -> list[ListingEntry]:
    """Read the entries of a label list in any supported format.

    Args:
        name: file name, for messages; its suffix and the records determine the format.
        data: the file's bytes.
        labels: whether labels, parts and groups matter; if not, a picture may be listed with different ones.
        add_note: called with sentences about how the listing was understood.
        label_from: column or key of the labels; None for the usual ones.

    Raises:
        CatalogError: the listing is invalid, or has no such column or key.
    """
    suffix = Path(name).suffix.lower()
    if suffix == ".lst" or (suffix == ".json" and label_from is None):
        if label_from is not None:
            raise CatalogError(f"{name} has no keys or columns to choose labels from.", hint="Leave out --label-from.")
        return read_lst(name, data) if suffix == ".lst" else read_file_list(name, data)
    if suffix in TABLES:
        return read_table(name, data, labels=labels, add_note=add_note, label_from=label_from)
    records = read_array(name, data) if suffix == ".json" else read_records(name, data)
    if suffix == ".manifest" or any("source-ref" in record for _, record in records):
        return read_manifest(name, records, label_from=label_from)
    return read_table(name, data, records=records, labels=labels, add_note=add_note, label_from=label_from)


def is_listing_name(name: str) -> bool:
    """Return True if a file name has the form of a label list's name."""
    return _LISTING_NAME.fullmatch(name) is not None


def listing_root(folder: str, is_folder: Callable[[str], bool]) -> str:
    """Return the folder that the paths in a label list are relative to.

    Args:
        folder: the listing's folder; ends with "/", as does the result.
        is_folder: whether a path is a folder.

    Returns:
        The listing's own folder or, for a listing in `train_lst/`, the folder `train/` if it exists.
    """
    sibling = folder.removesuffix(f"{_LISTING_FOLDER}/") + "/"
    return sibling if folder.endswith(f"{_LISTING_FOLDER}/") and is_folder(sibling) else folder


def part_in_name(name: str) -> str | None:
    """Return the split part named by a label list's file name, such as "train.lst", or None."""
    words = re.split(r"[\W_]+", Path(name).stem)
    parts = {part_named(word) for word in words} - {None}
    return parts.pop() if len(parts) == 1 else None


def _nearby(root: Path) -> list[Path]:
    """Return the folders that a list's author may have meant: those above it, and the current one."""
    current = [Path.cwd()] if os.path.isdir(".") else []  # noqa: PTH112 - never raises
    return list(dict.fromkeys([*root.parents[:_ANCESTORS], *current]))


def _declare(item: Item, entry: ListingEntry) -> Item:
    return Item(
        path=item.path, load=item.load, in_memory=item.in_memory, label=entry.label, part=entry.part, group=entry.group
    )
