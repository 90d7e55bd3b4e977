"""Functions that export a split as class folders and label lists for other tools."""

import csv
import errno
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from discern.atomic import atomic_folder
from discern.catalog.spreadsheet import guard
from discern.errors import CatalogError, UsageError
from discern.picture import FORMATS
from discern.splitting.file_copies import copy_file, link_file
from discern.splitting.file_names import UniqueNames, safe_name
from discern.splitting.split import PARTS, Split

if TYPE_CHECKING:
    from discern.catalog import Catalog

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def write_parts(catalog: "Catalog", split: Split, out: Path, *, link: bool = False) -> None:
    """Write the parts of a split as class folders and label lists.

    The output is `train/<label>/`, `validation/<label>/`, `test/<label>/`, `split.csv` and one `.lst` file for each
    part. Files are copies, which share their disk blocks with the source where the file system can; members of archives
    are extracted. Names are made valid on all file systems, get the suffix of their actual format, and stay unique on
    case-insensitive file systems.
    `split.csv` (path, label, part, group) lists every file of the catalog, unused ones with an empty part; a `.lst`
    line is `index TAB class number TAB file`, with classes numbered in the catalog's order.

    Args:
        catalog: N pictures; their source is only read.
        split: split of the pictures.
        out: folder that does not exist or is empty; written atomically.
        link: link to the files instead of copying them, so that an edit of a file in place changes the source: hard
            links, else symbolic links, else copies.

    Raises:
        UsageError: `out` is not empty, is not a folder, or cannot be written.
        CatalogError: a picture is missing or has changed since the scan.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise UsageError(f"{out} is not empty.", hint="Choose a folder that does not exist yet.")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with atomic_folder(out) as whole:
            _write_files(catalog, split, whole, link=link)
    except OSError as error:
        raise UsageError(
            f"The parts cannot be written to {out}: {error.strerror}.", hint=_remedy(error, link=link)
        ) from error


def _remedy(error: OSError, *, link: bool) -> str:
    if error.errno not in _FULL:
        return "Free disk space, check the permissions, or choose another folder."
    return "Free disk space, or choose another folder" + (
        "." if link else "; --link writes links instead of copies, which take hardly any."
    )


def _write_files(catalog: "Catalog", split: Split, out: Path, *, link: bool) -> None:
    files = _plan_files(catalog, split)
    for folder in {(out / file).parent for file in files.values()}:
        folder.mkdir(parents=True)
    write = link_file if link else copy_file
    members = []
    for row, file in files.items():
        source = catalog.file(row)
        if source is None:
            members.append(row)
        elif source.is_file():
            write(source.resolve(), out / file)
        else:
            raise CatalogError(f"{source} is missing; it existed during the scan.", hint="Start a new run.")
    for row, data in catalog.read(members):
        (out / files[row]).write_bytes(data)
    _write_lists(catalog, split, out, files)


def _plan_files(catalog: "Catalog", split: Split) -> dict[int, str]:
    """Return the relative output path of each exported catalog row."""
    names = UniqueNames()
    folders = [names.unique("", safe_name(label)) for label in catalog.labels]
    paths, formats = catalog.table["path"].to_list(), catalog.table["format"].to_list()
    files = {}
    for row in sorted(np.flatnonzero(split.part != "").tolist(), key=paths.__getitem__):
        folder = f"{split.part[row]}/{folders[catalog.label_index[row]]}"
        name = safe_name(paths[row].rsplit("/", 1)[-1], suffixes=FORMATS.get(formats[row], ()))
        files[row] = f"{folder}/{names.unique(folder, name)}"
    return files


def _write_lists(catalog: "Catalog", split: Split, out: Path, files: dict[int, str]) -> None:
    table = catalog.table
    rows = (
        (guard(path), label or "", str(part), int(group))
        for path, label, part, group in zip(table["path"], table["label"], split.part, split.group, strict=True)
    )
    with (out / "split.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("path", "label", "part", "group"), *sorted(rows)])
    for part in PARTS:
        listed = [(catalog.label_index[row], name) for row, name in files.items() if split.part[row] == part]
        _write_lst(out / f"{part}.lst", listed)


def _write_lst(path: Path, files: Iterable[tuple[int, str]]) -> None:
    lines = (f"{index}\t{label}\t{file}\n" for index, (label, file) in enumerate(files))
    path.write_text("".join(lines), encoding="utf-8", newline="\n")
