"""Selection of the image source that can read a given path."""

import os
from collections.abc import Callable
from pathlib import Path

from discern.catalog.formats.archive_source import ArchiveSource, holds_files
from discern.catalog.formats.capture_file import is_capture
from discern.catalog.formats.folder_source import FolderSource
from discern.catalog.formats.listing.listing_source import SUFFIXES, ListingSource
from discern.catalog.formats.source import Source
from discern.errors import CatalogError
from discern.picture import Limits

SPREADSHEETS = (".xlsx", ".xls", ".xlsm", ".xlsb", ".ods", ".numbers")


def open_source(
    source: Path,
    limits: Limits,
    leave_out: Callable[[Path], bool] | None = None,
    *,
    labels: bool = True,
    label_from: str | None = None,
) -> Source:
    """Open a folder, label list or archive as an image source.

    Args:
        source: an absolute path.
        limits: `max_bytes` is the largest file that is read.
        leave_out: predicate for subfolders to skip.
        labels: whether labels matter; if not, a listing may give a picture two different ones, and files that belong to
            pictures are left out.
        label_from: column or key of the labels in a listing; None for the usual ones.

    Raises:
        CatalogError: the path is none of these, or cannot be read.
    """
    try:
        if source.is_dir():
            return FolderSource(source, limits=limits, leave_out=leave_out, sidecars=labels)
    except OSError as error:
        raise CatalogError(f"{source} cannot be read: {error.strerror}.", hint="Check its permissions.") from error
    if source.name.lower().endswith(SUFFIXES) and source.is_file() and not is_capture(source):
        return ListingSource(source, limits=limits, labels=labels, label_from=label_from)
    if source.name.lower().endswith(SPREADSHEETS) and source.is_file():
        raise CatalogError(
            f"{source} is a spreadsheet, which is not read.", hint="Save it as CSV (UTF-8), and pass that file."
        )
    if holds_files(source):
        return ArchiveSource(source, limits=limits)
    exists = os.path.lexists(source)
    problem = "is not a folder, a listing or a readable archive" if exists else "does not exist"
    advice = "" if exists else "Check the spelling and the current folder. "
    raise CatalogError(
        f"{source} {problem}.",
        hint=f"{advice}Pass a folder of pictures, a listing (.csv, .parquet, .lst, .manifest) or an archive (.zip, "
        ".tar.gz).",
    )
