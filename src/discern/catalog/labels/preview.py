"""Labels that can be known before pictures are decoded."""

from collections.abc import Callable

import polars as pl

from discern.catalog.class_rules import ClassRules
from discern.catalog.formats.listing.table_columns import has_picture_name
from discern.catalog.formats.source import Item, Source
from discern.catalog.labels.resolve import LayoutRules, resolve_labels
from discern.catalog.scan_table import to_table
from discern.catalog.scanned_file import ScannedFile
from discern.errors import CatalogError, NotAPicture, PictureError
from discern.picture import read_header

_USUAL = LayoutRules()


def find_other_classes(source: Source, layout: LayoutRules, classes: ClassRules) -> frozenset[str]:
    """Find the pictures of classes that are not used, without decoding pictures.

    Files are taken for pictures by their names, or by their first bytes where these say nothing. Members of archives
    are unpacked.

    Args:
        source: source, whose notes and lists of files stay as they are.
        layout: rules for the meaning of folders.
        classes: the classes that are used.

    Returns:
        Paths of the pictures; none where the labels cannot be known yet.

    Raises:
        UsageError: a class does not exist, or `layout` names parts that do not.
    """
    if classes.names is None:
        return frozenset()
    try:
        files = classes.replace_aliases(preview_labels(source, layout))
    except CatalogError:  # the scan says the same, or finds out that it is not so
        return frozenset()
    return frozenset(files.filter(classes.is_other(files) & files["error"].is_null())["path"])


def preview_labels(
    source: Source, layout: LayoutRules = _USUAL, *, keep: Callable[[str], bool] = lambda _: True
) -> pl.DataFrame:
    """Return a table of the files of a source with their labels, parts and groups, without decoding pictures.

    Args:
        source: source, whose notes and lists of files stay as they are.
        layout: rules for the meaning of folders.
        keep: predicate for the paths of the files to consider.

    Raises:
        CatalogError: labels cannot be read.
        UsageError: `layout` names parts that do not exist.
    """
    notes, left_out, empty_folders = list(source.notes), list(source.left_out), list(source.empty_folders)
    try:
        files = to_table([_preview(item) for item in source.items() if keep(item.path)])
        return resolve_labels(source, files.filter(pl.col("path").is_last_distinct()), layout)
    finally:
        source.notes[:], source.left_out[:], source.empty_folders[:] = notes, left_out, empty_folders


def _preview(item: Item) -> ScannedFile:
    error = None if _may_be_picture(item) else NotAPicture.code
    return ScannedFile(
        path=item.path, archive=item.archive, label=item.label, part=item.part, group=item.group, error=error
    )


def _may_be_picture(item: Item) -> bool:
    if item.label is not None or item.part is not None or has_picture_name(item.path):
        return True
    try:
        read_header(item.load())
    except PictureError:
        return False
    return True
