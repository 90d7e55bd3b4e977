"""Account of a data set's files: the classes, and each file that is used or left out."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np
import polars as pl

from discern.catalog.label_text import normalise_label
from discern.catalog.left_out import REASONS, LeftOut
from discern.catalog.path_groups import count_unmatched
from discern.catalog.path_text import is_ignored, natural_key, to_name
from discern.catalog.table import OTHER, Catalog
from discern.errors import UnreadableFile


@dataclass(frozen=True, kw_only=True)
class Account:
    """Account of a data set's files, each of which is used or left out for one reason.

    A file is used if it is a readable picture with a label, `_other` included, whichever command reads it: a picture
    without a label is left out by `check` as by `train`, although the checks look at it. Copies, and pictures that a
    split keeps out of training, are used. Members of archives and pictures of CIFAR batches count as files, and so does
    a file that a list names but that is missing.

    Attributes:
        found: number of files; the sum of `used` and all of `left_out`.
        used: number of readable pictures with a label.
        left_out: number of files left out for each reason, zeros included.
        classes: number of pictures of each class, after fixes.
        unjudged: labels without two independent pictures, so that their accuracy cannot be measured.
        links_not_followed: paths of the links that are not followed.
        folders_without_pictures: folders that hold no readable picture, with the number of files in each; 0 if empty.
        classes_without_pictures: labels that folders or lists name but no readable picture has, likewise.
        ungrouped: number of readable pictures that `--group-by` does not match, each of which is its own group; None
            without that option.
    """

    found: int
    used: int
    left_out: Mapping[str, int]
    classes: Mapping[str, int]
    unjudged: tuple[str, ...] = ()
    links_not_followed: tuple[str, ...] = ()
    folders_without_pictures: Mapping[str, int]
    classes_without_pictures: Mapping[str, int]
    ungrouped: int | None = None

    @classmethod
    def of(cls, catalog: Catalog, *, unjudged: Collection[str] = (), grouped: bool = False) -> Self:
        """Account for all files of a catalog.

        Args:
            catalog: the catalog.
            unjudged: labels without two independent pictures.
            grouped: whether the paths declare the groups.

        Raises:
            RuntimeError: a file is neither used nor left out, or counted twice.
        """
        index = catalog.label_index
        counts = np.bincount(index[index >= 0], minlength=len(catalog.labels)).tolist()
        left_out = Counter(file.reason for file in list_left_out(catalog))
        folders = _folders_without_pictures(catalog)
        account = cls(
            found=len(catalog) + len(catalog.left_out),
            used=sum(counts) + int(catalog.negative.sum()),
            left_out={reason: left_out[reason] for reason in REASONS},
            classes=dict(zip(catalog.labels, counts, strict=True)),
            unjudged=tuple(unjudged),
            links_not_followed=tuple(file.path for file in catalog.left_out if file.reason == "link_not_followed"),
            folders_without_pictures=folders,
            classes_without_pictures=_classes_without_pictures(catalog, folders),
            ungrouped=count_unmatched(catalog) if grouped else None,
        )
        if account.found != account.used + sum(account.left_out.values()):
            raise RuntimeError(f"{account.found} files were found, but not each is used or left out: {account}")
        return account

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Create an account from a dictionary with the keys of `to_json`; other keys are ignored."""
        names = cls.__dataclass_fields__
        plain: dict[str, Any] = {
            name: tuple(item) if isinstance(item, list) else item for name, item in value.items() if name in names
        }
        return cls(**plain)

    @property
    def unreadable(self) -> int:
        """Return the number of files that cannot be read as a picture."""
        return self.left_out["unreadable"]

    def to_json(self) -> dict[str, Any]:
        """Return the account as a JSON-serialisable dictionary, with `ungrouped` only where `--group-by` is used."""
        lists = {name: list(value) for name, value in asdict(self).items() if isinstance(value, tuple)}
        plain = asdict(self) | lists | {"unreadable": self.unreadable}
        return {name: value for name, value in plain.items() if value is not None}


def list_left_out(catalog: Catalog) -> list[LeftOut]:
    """List the files of a catalog that are not used, in natural order of their paths."""
    files = list(catalog.left_out)
    unreadable = catalog.table.filter(~catalog.readable).select("path", "message")
    files += [LeftOut(path, "unreadable", message or "") for path, message in unreadable.iter_rows()]
    without_label = catalog.table.filter(catalog.readable & catalog.table["label"].is_null().to_numpy())
    files += [LeftOut(path, "no_label", why or "") for path, why in without_label.select("path", "message").iter_rows()]
    return sorted(files, key=lambda file: (natural_key(file.path), file.reason, file.message))


def _folders_without_pictures(catalog: Catalog) -> dict[str, int]:
    """Count the files of each outermost folder without a readable picture."""
    filled = {folder for path in _folders_with_pictures(catalog) for folder in _folders(path)}
    counts: Counter[str] = Counter()
    for path, number in _files_without_picture(catalog):
        outermost = next((folder for folder in _folders(path) if folder not in filled), None)
        if outermost is not None:
            counts[outermost] += number
    return {folder: counts[folder] for folder in sorted(counts, key=natural_key)}


def _files_without_picture(catalog: Catalog) -> Iterator[tuple[str, int]]:
    """Yield the path of each file that is not a picture with 1, and of each empty folder with 0."""
    problems = catalog.table.filter(~catalog.readable).select("path", "error")
    for path, error in problems.iter_rows():
        yield (_as_folder(catalog, path) if error == UnreadableFile.code else path), 1
    for file in catalog.left_out:
        if file.reason == "link_not_followed":
            yield _as_folder(catalog, file.path), 1
        elif file.reason not in ("dropped_by_fix", "class_not_chosen", "sidecar"):
            yield file.path, 1
    for folder in catalog.empty_folders:
        yield f"{folder.rstrip('/')}/", 0


def _as_folder(catalog: Catalog, path: str) -> str:
    """Return the path with a slash at its end if it is a folder, such as one that may not be read."""
    try:
        return f"{path}/" if (catalog.root / to_name(path)).is_dir() else path
    except (OSError, ValueError):
        return path


def _folders_with_pictures(catalog: Catalog) -> list[str]:
    """List the folders of pictures, including those of classes that are not used."""
    others = pl.Series([file.path for file in catalog.left_out if file.reason == "class_not_chosen"], dtype=pl.String)
    paths = pl.concat([catalog.table["path"].filter(catalog.readable), others])
    return paths.str.replace("[^/]*$", "").unique(maintain_order=True).to_list()


def _folders(path: str) -> Iterator[str]:
    """Yield the folders that contain a file, outermost first; none for system folders and paths outside the source."""
    names = path.split("/")[:-1]
    if "" in names or any(map(is_ignored, names)):
        return
    for depth in range(1, len(names) + 1):
        yield "/".join(names[:depth]) + "/"


def _classes_without_pictures(catalog: Catalog, folders: Mapping[str, int]) -> dict[str, int]:
    """Count the files of each label that no readable picture has."""
    present = {*catalog.labels, OTHER}
    problems = catalog.table.filter(~catalog.readable)["label"].drop_nulls()
    counts = Counter(label for label in problems if label not in present)
    for label, files in _labels_of_folders(catalog, folders):
        if label not in present:
            counts[label] = max(counts[label], files)
    return {label: counts[label] for label in sorted(counts, key=natural_key)}


def _labels_of_folders(catalog: Catalog, folders: Mapping[str, int]) -> Iterator[tuple[str, int]]:
    """Yield the label that each folder would give, with its files; nothing if folders do not give the labels.

    A folder would give a label if it lies beside folders that do.
    """
    labelled = catalog.table.filter(catalog.label_index >= 0)
    known = labelled.select(labelled["path"].str.replace("[^/]*$", "").alias("folder"), "label").unique()
    above = [_above_label(folder, label) for folder, label in known.iter_rows()]
    beside = {place for place in above if place is not None}
    if 2 * above.count(None) > len(above):
        return
    for folder, files in folders.items():
        place, _, name = folder.rstrip("/").rpartition("/")
        if place in beside:
            yield normalise_label(name), files


def _above_label(folder: str, label: str) -> str | None:
    """Return the path above the outermost folder that is named like a label, or None."""
    names = folder.split("/")[:-1]
    depth = next((depth for depth, name in enumerate(names) if normalise_label(name) == normalise_label(label)), None)
    return None if depth is None else "/".join(names[:depth])
