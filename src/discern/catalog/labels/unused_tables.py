"""Explanations of tables that lie among pictures without labels."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from discern.catalog.formats.listing.file_search import ListedFolder, locate_files
from discern.catalog.formats.listing.listing_source import is_listing_name
from discern.catalog.formats.listing.tabular import TABLES, read_table
from discern.catalog.formats.open_source import SPREADSHEETS
from discern.catalog.formats.read_items import read_items
from discern.catalog.path_text import MEMBER
from discern.catalog.scanned_file import ScannedFile
from discern.errors import CatalogError, PictureError
from discern.picture import Limits

_MAX_BYTES = 64 << 20
_MAX_TABLES = 4


def explain_unused_tables(root: Path, files: Sequence[ScannedFile]) -> Iterator[str]:
    """Yield a sentence for each table that could label the pictures around it, and how to use it.

    Only tables with certain names are used without being named by the user: others may hold predictions, or say
    something else about the pictures.

    Args:
        root: the folder that paths are relative to.
        files: scanned files, whose pictures do not have several labels.
    """
    pictures = [file.path for file in files if not file.error]
    tables = [file.path for file in files if file.error and file.path.lower().endswith(TABLES)]
    for item in read_items(root, tables[:_MAX_TABLES], limits=Limits(max_bytes=_MAX_BYTES)):
        try:
            yield from _explain(item.path, item.load(), pictures)
        except CatalogError as error:
            yield str(error)
        except PictureError:
            continue
    for file in files:
        if file.error and file.path.lower().endswith(SPREADSHEETS):
            yield f"{file.path} is a spreadsheet, which is not read: save it as CSV (UTF-8), and pass that list itself."
            break


def _explain(path: str, data: bytes, pictures: Sequence[str]) -> Iterator[str]:
    name = path.rpartition("/")[2]
    folder = path.removesuffix(name)
    below = {each.removeprefix(folder) for each in pictures if each.startswith(folder)}
    place = ListedFolder(name=path, folder=folder, exists=below.__contains__, below=lambda: below)
    entries = locate_files(read_table(path, data), place)
    found = sum(entry.label is not None and not entry.missing for entry in entries)
    if found and not is_listing_name(name):
        rename = (
            "rename it to metadata.csv" if MEMBER in path else "pass this list itself, or rename it to metadata.csv"
        )
        yield f"{path} has labels for {found:,} of the {len(pictures):,} pictures: to use them, {rename}."
