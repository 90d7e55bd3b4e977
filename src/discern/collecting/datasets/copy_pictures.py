"""Copies of the pictures of some classes of a source into a collection."""

import hashlib
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from discern.atomic import atomic_write
from discern.catalog.class_rules import ClassRules
from discern.catalog.formats.open_source import open_source
from discern.catalog.formats.source import Source
from discern.catalog.labels.preview import preview_labels
from discern.catalog.path_text import MEMBER
from discern.collecting.collected_record import CollectedPicture, CollectedRecord
from discern.errors import CatalogError, PictureError
from discern.picture import Limits
from discern.progress import Progress, silent
from discern.splitting.file_names import UniqueNames

if TYPE_CHECKING:
    from discern.collecting.collection import Collection


@dataclass(frozen=True, kw_only=True)
class PictureChoice:
    """Choice of the pictures that are copied.

    Attributes:
        classes: labels of the classes; None for all.
        per_class: most pictures of each class, the first by their paths; None for all.
        inside: regular expression of paths; "" for all.
    """

    classes: tuple[str, ...] | None = None
    per_class: int | None = None
    inside: str = ""

    @property
    def settings(self) -> str:
        """Return the choice as text."""
        return f"classes {','.join(self.classes or ())}; per class {self.per_class or 'all'}"


def find_copied(name: str, collection: "Collection", choice: PictureChoice) -> list[CollectedRecord]:
    """Return the records of a data set that was copied with the same choice; none if it was not."""
    counted = collection.find(f"dataset {name}", choice.settings)
    return [*collection.find_all(f"dataset {name}\t"), counted] if counted else []


def copy_pictures(
    name: str,
    path: Path,
    collection: "Collection",
    choice: PictureChoice,
    progress: Progress = silent,
) -> list[CollectedRecord]:
    """Copy the pictures of some classes, and return a record for each class.

    Pictures keep their bytes; those of CIFAR batches become PNG. They are in `train/`, `validation/` or `test/` where
    the source has parts.

    Args:
        name: name of the data set, for its records.
        path: the source: a folder, an archive, or a file that holds many pictures.
        collection: where to copy to.
        choice: the pictures.
        progress: called with the pictures done and in all.

    Raises:
        CatalogError: the source cannot be read, or has no picture of a class.
        UsageError: a class does not exist.
    """
    source = open_source(path, Limits())
    files = _list_pictures(source, choice)
    if files["label"].is_null().all():
        raise CatalogError(f"{path} contains no labelled picture.", hint=f"Pass the archive or the folder of {name}.")
    other = ClassRules(names=choice.classes).is_other(files)
    chosen = files.filter(~other & files["label"].is_not_null())
    if choice.per_class is not None:
        chosen = chosen.filter(pl.int_range(pl.len()).over("label") < choice.per_class)
    left_out = Counter(
        class_not_chosen=int(other.sum()),
        no_label=files["label"].null_count(),
        above_per_class=len(files) - int(other.sum()) - files["label"].null_count() - len(chosen),
    )
    copied = _copy(source, chosen, collection, left_out, progress)
    records = [
        CollectedRecord(key=f"dataset {name}\t{label}", source=name, label=label, pictures=tuple(pictures))
        for label, pictures in copied.items()
    ]
    counts = {reason: count for reason, count in sorted(left_out.items()) if count}
    counted = CollectedRecord(key=f"dataset {name}", source=name, settings=choice.settings, left_out=counts)
    for record in (*records, counted):
        collection.add(record)
    return [*records, counted]


def _list_pictures(source: Source, choice: PictureChoice) -> pl.DataFrame:
    inside = re.compile(choice.inside) if choice.inside else None
    files = preview_labels(source, keep=lambda path: inside is None or inside.fullmatch(path) is not None)
    return files.filter(files["error"].is_null())


def _copy(
    source: Source, files: pl.DataFrame, collection: "Collection", left_out: Counter[str], progress: Progress
) -> dict[str, list[CollectedPicture]]:
    wanted = {row["path"]: row for row in files.select("path", "label", "part", "group").iter_rows(named=True)}
    names, copied = UniqueNames(), dict[str, list[CollectedPicture]]()
    done = 0
    for item in source.items():
        row = wanted.pop(item.path, None)
        if row is None:
            continue
        try:
            data = item.load()
        except PictureError as error:
            left_out[error.code] += 1
            continue
        plain = item.path.replace(MEMBER, "/").rpartition("/")[2]
        part = row["part"] or ""
        file = collection.path(row["label"], names.unique(f"{part}/{row['label']}", plain), part=part)
        with atomic_write(collection.folder / file) as temporary:
            temporary.write_bytes(data)
        picture = CollectedPicture(
            file=file, part=part, group=row["group"] or "", sha256=hashlib.sha256(data).hexdigest()
        )
        copied.setdefault(row["label"], []).append(picture)
        done += 1
        progress("pictures", done, len(files))
    return copied
