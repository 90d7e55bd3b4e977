"""A split as folders and lists that other tools read."""

import contextlib
import csv
import os
import re
import shutil
import unicodedata
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from discern.atomic import atomic_folder
from discern.catalog.spreadsheet import guard
from discern.errors import CatalogError, UsageError
from discern.picture import FORMATS
from discern.splitting.split import PARTS, Split

if TYPE_CHECKING:
    from discern.catalog import Catalog

LONGEST_NAME = 200
"""Bytes of a file's or folder's name: file systems take 255, and a number may have to be added."""

_UNSAFE = re.compile(r'[\x00-\x1f\x7f<>:"/\\|?*\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]')
_DEVICES = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\.|$)", re.IGNORECASE)


def write_parts(catalog: "Catalog", split: Split, out: Path, *, copy: bool = False) -> None:
    """Write `train/<label>/`, `validation/<label>/`, `test/<label>/`, `split.csv` and one `.lst` file for each part.

    Files are hard links, or else symbolic links, or else copies; members of archives are written out. Names lose what
    some file system refuses, get the suffix of their content where theirs is another, and stay unique where letters
    differ in case only. `split.csv` (path, label, part, group) names every picture of the catalog, unused ones with an
    empty part; a `.lst` line is `index TAB label number TAB file`, labels numbered in the catalog's order.

    Args:
        catalog: of N pictures; its source is only read.
        split: of them.
        out: a folder that does not exist or is empty; it appears whole or not at all.
        copy: write copies, so that changing one never changes the source.

    Raises:
        UsageError: `out` holds something already, is no folder, or cannot be written.
        CatalogError: a picture has gone or changed since it was catalogued.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise UsageError(f"{out} is not empty.", hint="Name a folder that does not exist yet.")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with atomic_folder(out) as whole:
            _fill(catalog, split, whole, copy=copy)
    except OSError as error:
        raise UsageError(
            f"The parts cannot be written to {out}: {error.strerror}.", hint="Make room, or name another folder."
        ) from error


def safe_name(text: str, *, suffixes: tuple[str, ...] = ()) -> str:
    """A name that every file system takes and that leads nowhere else.

    Args:
        text: any text.
        suffixes: lower-case; where the name has none of them, the first is added.

    >>> safe_name("../a:b.JPG", suffixes=(".jpg", ".jpeg"))
    '.._a_b.JPG'
    >>> safe_name("..")
    '_'
    """
    text = text.encode("utf-8", "replace").decode()
    name = _UNSAFE.sub("_", unicodedata.normalize("NFC", text))
    stem, ending = _parted(name)
    if suffixes and ending.lower() not in suffixes:
        stem, ending = name, suffixes[0]
    name = stem.encode()[: LONGEST_NAME - len(ending.encode())].decode("utf-8", "ignore") + ending
    if not name.strip(". "):
        return "_"
    name = name.rstrip(". ")
    return f"_{name}" if _DEVICES.match(name) else name


def _parted(name: str) -> tuple[str, str]:
    """The stem and the suffix, if what follows the last dot is short enough to be one."""
    stem, dot, ending = name.rpartition(".")
    return (stem, dot + ending) if stem and len(ending) < 6 else (name, "")


class _Names:
    """Gives every thing in a folder a name of its own."""

    def __init__(self) -> None:
        self.used: dict[tuple[str, str], int] = {}

    def unique(self, folder: str, name: str) -> str:
        """This name, or with a number where the folder has it already, whatever the case of its letters."""
        stem, suffix = _parted(name)
        key = (folder, name.casefold())
        while (folder, name.casefold()) in self.used:
            self.used[key] += 1
            name = f"{stem}-{self.used[key]}{suffix}"
        self.used[folder, name.casefold()] = 1
        return name


def _fill(catalog: "Catalog", split: Split, out: Path, *, copy: bool) -> None:
    files = _plan(catalog, split)
    for folder in {(out / file).parent for file in files.values()}:
        folder.mkdir(parents=True)
    members = []
    for row, file in files.items():
        source = catalog.file(row)
        if source is None:
            members.append(row)
        elif source.is_file():
            _place(source.resolve(), out / file, copy=copy)
        else:
            raise CatalogError(f"{source} has gone since it was looked at.", hint="Begin a new run.")
    for row, data in catalog.read(members):
        (out / files[row]).write_bytes(data)
    _write_lists(catalog, split, out, files)


def _plan(catalog: "Catalog", split: Split) -> dict[int, str]:
    """For each row in a part, its file below the folder, in the order of paths."""
    names = _Names()
    folders = [names.unique("", safe_name(label)) for label in catalog.labels]
    paths, formats = catalog.table["path"].to_list(), catalog.table["format"].to_list()
    files = {}
    for row in sorted(np.flatnonzero(split.part != "").tolist(), key=paths.__getitem__):
        folder = f"{split.part[row]}/{folders[catalog.label_index[row]]}"
        name = safe_name(paths[row].rsplit("/", 1)[-1], suffixes=FORMATS.get(formats[row], ()))
        files[row] = f"{folder}/{names.unique(folder, name)}"
    return files


def _place(source: Path, target: Path, *, copy: bool) -> None:
    if not copy:
        with contextlib.suppress(OSError):
            os.link(source, target)
            return
        with contextlib.suppress(OSError):
            target.symlink_to(source)
            return
    shutil.copyfile(source, target)


def _write_lists(catalog: "Catalog", split: Split, out: Path, files: dict[int, str]) -> None:
    table = catalog.table
    rows = (
        (guard(path), label or "", str(part), int(group))
        for path, label, part, group in zip(table["path"], table["label"], split.part, split.group, strict=True)
    )
    with (out / "split.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("path", "label", "part", "group"), *sorted(rows)])
    for part in PARTS:
        chosen = [(catalog.label_index[row], name) for row, name in files.items() if split.part[row] == part]
        _write_lst(out / f"{part}.lst", chosen)


def _write_lst(path: Path, files: Iterable[tuple[int, str]]) -> None:
    lines = (f"{index}\t{label}\t{file}\n" for index, (label, file) in enumerate(files))
    path.write_text("".join(lines), encoding="utf-8", newline="\n")
