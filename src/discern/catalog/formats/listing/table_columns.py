"""Functions that find the columns of paths, labels, parts and groups in a table of pictures.

Names are compared without case, blanks and punctuation. A column is never taken for the label by its content alone.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from discern.catalog.formats.listing.row_table import RowTable
from discern.catalog.label_text import normalise_label
from discern.errors import CatalogError
from discern.picture import FORMATS

PICTURE_SUFFIXES = tuple(suffix for suffixes in FORMATS.values() for suffix in suffixes)

_PATHS = (
    *("path", "filepath", "filepaths", "imagepath", "imagepaths", "imgpath", "image", "filename", "file"),
    *("imagename", "imagefile", "imagefilename", "img", "imgname", "images", "files", "filenames", "picture", "photo"),
    *("uri", "url", "imageuri", "imageurl", "imageid", "imgid", "pictureid", "photoid", "fileid", "id"),
)
_PATH_SUFFIX = "_file_name"
_PARTS = ("split", "part")
_GROUPS = ("group", "groupid", "patient", "patientid")
# Names of label columns in order of rank: an explicit label, then names of classes, then their numbers.
_LABELS = (
    ("label",),
    (
        *("labels", "class", "classes", "classname", "classlabel", "labelname", "category", "categories"),
        *("categoryname", "target", "targetname", "truelabel", "imagelabel", "groundtruth", "breed", "species", "y"),
        *("variety", "kind", "diagnosis", "dx"),
    ),
    ("labelid", "classid", "categoryid", "targetid", "labelindex", "classindex", "labelidx", "classidx"),
)
# Columns that say something else about a picture, so that a list with these alone is one without labels.
_OTHERS = {
    *("width", "height", "size", "bytes", "filesize", "format", "mode", "md5", "sha1", "sha256", "hash", "checksum"),
    *(
        "text",
        "caption",
        "description",
        "comment",
        "notes",
        "title",
        "author",
        "license",
        "licence",
        "source",
        "origin",
    ),
    *("date", "time", "datetime", "timestamp", "created", "latitude", "longitude", "lat", "lon", "camera", "index"),
    *_PATHS,
}
_ON, _OFF = re.compile(r"1(\.0*)?|true", re.IGNORECASE), re.compile(r"0(\.0*)?|false", re.IGNORECASE)
_MAX_NAMED = 12


@dataclass(frozen=True, kw_only=True)
class TableColumns:
    """Positions of the columns that describe a picture; None or empty for those that a table lacks.

    Attributes:
        path: column of paths.
        label: column of labels.
        classes: columns of classes, which have a 1 in the rows of their pictures.
        part: column of split parts.
        group: column of groups.
        others: columns beside `label` that could hold labels.
    """

    path: int
    label: int | None = None
    classes: tuple[int, ...] = ()
    part: int | None = None
    group: int | None = None
    others: tuple[int, ...] = ()


def find_columns(name: str, table: RowTable, *, labels: bool = True, label_from: str | None = None) -> TableColumns:
    """Find the columns of a table that describe pictures.

    The label is the column named "label", or else the only column with another usual name for labels. Without one,
    columns of zeros and ones are classes.

    Args:
        name: file name for messages.
        table: the table.
        labels: whether labels matter.
        label_from: name of the column of labels; None to go by the usual names.

    Raises:
        CatalogError: there is no column of paths or of that name, several columns could hold the labels, or none is
            known to.
    """
    keys = [column_key(column) for column in table.header]
    path = _path_column(name, table, keys)
    part, group = (_first(keys, names) for names in (_PARTS, _GROUPS))
    found = TableColumns(path=path, part=part, group=group)
    if not labels:
        return found
    if label_from is not None:
        return replace(found, label=_given_column(name, table, label_from))
    rest = [at for at, key in enumerate(keys) if key and at not in (path, part, group)]
    named, others = _named_label(name, table, rest)
    if named is not None:
        return TableColumns(path=path, part=part, group=group, label=named, others=others)
    return TableColumns(path=path, part=part, group=group, classes=_class_columns(name, table, rest))


def column_key(column: str) -> str:
    """Return a column's name without case, blanks and punctuation; "" for the index that pandas writes.

    >>> column_key(" Image_ID"), column_key("file-name"), column_key("Unnamed: 0")
    ('imageid', 'filename', '')
    """
    name = normalise_label(column).casefold()
    key = re.sub(r"[\W_]+", "", name) or name
    return "" if re.fullmatch(r"unnamed\d+|", key) else key


def is_set(cell: str | None) -> bool:
    """Return True if a cell of a class column says that the picture is of that class."""
    return _ON.fullmatch((cell or "").strip()) is not None


def has_picture_name(path: str | None) -> bool:
    """Return True if a path ends in the suffix of a picture format."""
    return (path or "").lower().endswith(PICTURE_SUFFIXES)


def name_columns(header: Sequence[str]) -> str:
    """List the names of columns for a message."""
    names = [normalise_label(column) or '""' for column in header[:_MAX_NAMED]]
    more = len(header) - len(names)
    return ", ".join(names) + (f" and {more} more" if more else "")


def _given_column(name: str, table: RowTable, column: str) -> int:
    for spelling in (str, normalise_label, column_key):
        names = list(map(spelling, table.header))
        if names.count(spelling(column)) == 1:
            return names.index(spelling(column))
    raise CatalogError(
        f"{name} has no column {column}, or several.", hint=f"Its columns are {name_columns(table.header)}."
    )


def _path_column(name: str, table: RowTable, keys: Sequence[str]) -> int:
    at = _first(keys, _PATHS)
    if at is None:
        at = next((at for at, column in enumerate(table.header) if _ends_in_path(column)), None)
    if at is not None:
        return at
    if any(map(has_picture_name, table.header)):
        raise CatalogError(
            f"{name} has no column names: its first line is {name_columns(table.header)}.",
            hint="Write the names of the columns into the first line, such as path,label.",
        )
    by_content = [at for at in range(len(keys)) if _holds_pictures(table, at)]
    if len(by_content) == 1:
        return by_content[0]
    raise CatalogError(
        f"{name} has no column of paths; its columns are {name_columns(table.header)}.",
        hint='Rename the column of paths to "path"; "image", "filename" and "file" are understood as well.',
    )


def _ends_in_path(column: str) -> bool:
    return re.sub(r"[\W_]+", "_", normalise_label(column).lower()).endswith(_PATH_SUFFIX)


def _holds_pictures(table: RowTable, column: int) -> bool:
    paths = {value for value in table.values(column) if value}
    return bool(paths) and all(map(has_picture_name, paths))


def _named_label(name: str, table: RowTable, rest: Sequence[int]) -> tuple[int | None, tuple[int, ...]]:
    """Return the column of labels by its name, and further columns that could hold labels."""
    keys = {at: column_key(table.header[at]) for at in rest}
    ranks = [[at for spelling in names for at in rest if keys[at] == spelling] for names in _LABELS]
    if "x" in keys.values():
        # Coordinates.
        ranks = [[at for at in rank if keys[at] != "y"] for rank in ranks]
    best = next((rank for rank in ranks if rank), [])
    if not best:
        return None, ()
    if len(best) > 1 and not _are_equivalent(table, best):
        raise CatalogError(
            f"{name} has several columns that could hold the labels: "
            f"{name_columns([table.header[at] for at in best])}.",
            hint="Rename the one to train on to label.",
        )
    return best[0], tuple(at for rank in ranks[:2] for at in rank if at not in best)


def _are_equivalent(table: RowTable, columns: Sequence[int]) -> bool:
    """Return True if all columns divide the rows into the same classes."""
    rows = {tuple(normalise_label(cell or "") for cell in cells) for _, cells in table.rows(columns)}
    return all(len({row[at] for row in rows}) == len(rows) for at in range(len(columns)))


def _class_columns(name: str, table: RowTable, rest: Sequence[int]) -> tuple[int, ...]:
    """Return the columns of zeros and ones, or nothing for a table that has no labels.

    Raises:
        CatalogError: other columns could hold the labels.
    """
    cells = {at: {(cell or "").strip() for cell in table.values(at)} - {""} for at in rest}
    # A class without pictures may be blank.
    flags = [at for at in rest if all(map(_is_flag, cells[at])) and (cells[at] or not _is_other(table, at))]
    unknown = [at for at in rest if at not in flags and not _is_other(table, at)]
    are_classes = any(cells[at] and not _is_other(table, at) for at in flags)
    if len(flags) > 1 and not unknown and are_classes:
        return tuple(flags)
    could = unknown + [at for at in flags if not _is_other(table, at)]
    if not could:
        return ()
    named = name_columns([table.header[at] for at in could])
    raise CatalogError(
        f"{name} has no column that is known to hold labels; its columns are {name_columns(table.header)}.",
        hint=f"Rename the column of labels to label (could it be {named}?), or write one column of 0 and 1 for each "
        "class and remove the rest.",
    )


def _is_flag(cell: str) -> bool:
    return bool(_ON.fullmatch(cell) or _OFF.fullmatch(cell))


def _is_other(table: RowTable, column: int) -> bool:
    return column_key(table.header[column]) in _OTHERS


def _first(keys: Sequence[str], spellings: Sequence[str]) -> int | None:
    return next((keys.index(spelling) for spelling in spellings if spelling in keys), None)
