"""Functions that copy images into folders by their predictions, and remove the copies again."""

import csv
import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl

from discern.atomic import atomic_write
from discern.bundle import Model
from discern.catalog.formats.read_items import read_items
from discern.catalog.spreadsheet import guard, unguard
from discern.display.displayed import Displayed
from discern.errors import PictureError, RunError, UsageError
from discern.flow.paths import is_folder, resolve_output, resolve_path
from discern.flow.predict.answer_table import AT
from discern.flow.predict.batch_job import BatchJob
from discern.flow.predict.inputs import STANDARD_INPUT, require_inputs
from discern.flow.predict.resumable_output import ResumableOutput, write_errors
from discern.picture import read_header
from discern.progress import Progress, silent
from discern.splitting.file_names import UniqueNames, safe_name

REVIEW, UNKNOWN = "_review", "_unknown"
UNDO = "undo.csv"
STAGE = "copy"
_COLUMNS = ("copy", "original", "decision", "label", "confidence", "sha256", "error")


@dataclass(frozen=True, kw_only=True, repr=False)
class SortResult(Displayed):
    """Result of `discern.sort`.

    Attributes:
        copied: number of copies by folder.
        undo: list of the copies, by which `discern.unsort` removes them.
        unusable: number of files without a prediction, which are listed and not copied.
        resumed: number of predictions from before an interruption.
    """

    copied: dict[str, int]
    undo: Path
    unusable: int
    resumed: int

    def to_json(self) -> dict[str, Any]:
        """Return the result as a JSON-serialisable dictionary.

        Keys:
            copied: number of copies by folder.
            undo: absolute path of the list of the copies.
            unusable: number of files without a prediction, which are listed and not copied.
            resumed: number of predictions from before an interruption.
        """
        return {
            "copied": self.copied,
            "undo": str(self.undo),
            "unusable": self.unusable,
            "resumed": self.resumed,
        }


@dataclass(frozen=True, kw_only=True, repr=False)
class UnsortResult(Displayed):
    """Result of `discern.unsort`.

    Attributes:
        removed: number of copies removed.
        changed: paths of copies that were edited since, relative to the folder, which stay.
        missing: paths of copies that are no longer there.
    """

    removed: int
    changed: tuple[str, ...]
    missing: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the result as a JSON-serialisable dictionary.

        Keys:
            removed: number of copies removed.
            changed: paths of copies that were edited since, which stay.
            missing: paths of copies that are no longer there.
        """
        return {"removed": self.removed, "changed": list(self.changed), "missing": list(self.missing)}


def sort(
    bundle: str | Path | Model,
    source: str | Path | Sequence[str | Path],
    out: str | Path,
    *,
    threads: int | None = None,
    progress: Progress = silent,
) -> SortResult:
    """Classify the images of a data source and copy each into the folder of its prediction.

    Accepted images are copied to `<label>/`, those for a person to `_review/`, and those of none of the classes to
    `_unknown/`. The source is only read. `undo.csv` lists each file with its copy, its original, its prediction and the
    SHA-256 of its content; a file without a prediction has its error there and no copy. The same call resumes an
    interrupted one.

    Args:
        bundle: path of a bundle, or a model loaded for one thread.
        source: pictures in any form that `predict_to` takes, but standard input.
        out: folder that does not exist or is empty, outside the source.
        threads: number of parallel threads; None for one per core.
        progress: called with the stage, items done and items in all.

    Raises:
        BundleError: the bundle cannot be used.
        CatalogError: the source cannot be read, or is empty.
        RunError: the folder is not empty, or cannot be written.
        UsageError: the source is invalid, or contains the folder.
    """
    inputs, folder = require_inputs(source), resolve_output(out)
    _require_outside(folder, inputs)
    parts = ResumableOutput(folder / UNDO)
    _require_empty(folder, parts)
    job = BatchJob(bundle, inputs)
    with parts.locked(job.identity):
        settled, resumed = job.run(parts, ".parquet", threads=threads, progress=progress)
        table = pl.read_parquet(settled, columns=[AT, "path", "decision", "label", "confidence", "error"])
        copier = _Copier(folder, job.source.root, job.model)
        rows = copier.copy(table, progress)
        with parts.replacing(parts.target) as whole, whole.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([_COLUMNS, *rows])
    return SortResult(
        copied=dict(copier.copied), undo=parts.target, unusable=table["error"].count() + copier.lost, resumed=resumed
    )


def unsort(undo: str | Path) -> UnsortResult:
    """Remove the copies that `sort` made, but for those that were edited since.

    Nothing is followed that has become a link since: what it leads to is not a copy.

    Args:
        undo: the `undo.csv` of the sorted folder. It is removed, too, unless an edited copy is left.

    Raises:
        UsageError: the file is not such a list.
        RunError: a copy cannot be removed.
    """
    path = resolve_path(undo)
    rows = [row for row in _read_list(path) if row["copy"]]
    removed, changed, missing = 0, [], []
    try:
        for row in rows:
            copy = path.parent / row["copy"]
            if copy.parent.is_symlink() or copy.is_symlink() or not copy.is_file():
                missing.append(row["copy"])
            elif hashlib.sha256(copy.read_bytes()).hexdigest() != row["sha256"]:
                changed.append(row["copy"])
            else:
                copy.unlink()
                removed += 1
        if not changed:
            path.unlink()
        for folder in [*sorted({(path.parent / row["copy"]).parent for row in rows}), path.parent]:
            if is_folder(folder) and not folder.is_symlink() and not any(folder.iterdir()):
                folder.rmdir()
    except OSError as error:
        raise RunError(
            f"{error.filename} cannot be removed: {error.strerror}.",
            hint="Check the permissions, then run the same command again.",
        ) from error
    return UnsortResult(removed=removed, changed=tuple(changed), missing=tuple(missing))


class _Entry(NamedTuple):
    original: str
    decision: str | None
    label: str | None
    confidence: float | None
    error: str | None


class _Copier:
    """Copies images to the folders of their predictions, under their own names.

    Attributes:
        copied: number of copies by folder.
        lost: number of images that could be read for the prediction, but no longer.
    """

    def __init__(self, out: Path, root: Path, model: Model) -> None:
        self.copied: Counter[str] = Counter()
        self.lost = 0
        self._out, self._root, self._limits = out, root, model.limits
        self._names = UniqueNames()
        for reserved in (REVIEW, UNKNOWN, UNDO):
            self._names.unique("", reserved)
        self._folders = {label: self._names.unique("", safe_name(label)) for label in model.labels}

    def copy(self, table: pl.DataFrame, progress: Progress) -> list[tuple[str, ...]]:
        """Copy the images of a table of predictions and return the rows of the list."""
        entries = {row[0]: _Entry(*row[1:]) for row in table.iter_rows()}
        usable = [at for at, entry in entries.items() if entry.error is None]
        rows = [_row(entry) for entry in entries.values() if entry.error is not None]
        for number, item in enumerate(read_items(self._root, usable, limits=self._limits), 1):
            entry = entries[item.path]
            try:
                data = item.load()
            except PictureError as error:
                self.lost += 1
                rows.append(_row(entry._replace(error=error.code)))
            else:
                rows.append(_row(entry, self._write(item.path, data, self._folder(entry)), data))
            progress(STAGE, number, len(usable))
        return sorted(rows, key=lambda row: row[1])

    def _folder(self, entry: _Entry) -> str:
        if entry.decision == "accept":
            return self._folders[entry.label or ""]
        return REVIEW if entry.decision == "review" else UNKNOWN

    def _write(self, path: str, data: bytes, folder: str) -> str:
        suffixes = read_header(data, limits=self._limits).suffixes
        name = self._names.unique(folder, safe_name(path.rsplit("/", 1)[-1], suffixes=suffixes))
        target = self._out / folder / name
        with write_errors(target):
            target.parent.mkdir(exist_ok=True)
            with atomic_write(target) as unfinished:
                unfinished.write_bytes(data)
        self.copied[folder] += 1
        return f"{folder}/{name}"


def _row(entry: _Entry, copy: str = "", data: bytes = b"") -> tuple[str, ...]:
    confidence = "" if entry.confidence is None else f"{entry.confidence:.4f}"
    digest = hashlib.sha256(data).hexdigest() if copy else ""
    texts = (guard(each or "") for each in (copy, entry.original, entry.decision, entry.label))
    return (*texts, confidence, digest, entry.error or "")


def _require_outside(folder: Path, inputs: Sequence[str]) -> None:
    if STANDARD_INPUT in inputs:
        raise UsageError("Standard input cannot be sorted into folders.", hint="Pass files or folders.")
    for each in inputs:
        path = resolve_path(each)
        if is_folder(path) and folder.resolve().is_relative_to(path.resolve()):
            raise UsageError(
                f"{folder} is inside {path}, so that its copies would be pictures of the source, too.",
                hint="Choose a folder beside it.",
            )


def _require_empty(folder: Path, parts: ResumableOutput) -> None:
    if folder.exists() and not parts.folder.is_dir() and (not folder.is_dir() or any(folder.iterdir())):
        raise RunError(f"{folder} is not empty.", hint="Choose a folder that does not exist yet.")


def _read_list(path: Path) -> Iterator[dict[str, str]]:
    wrong = UsageError(f"{path} is not the list of a sorted folder.", hint=f"Pass the {UNDO} of the folder.")
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = csv.DictReader(file, strict=True)
            if tuple(rows.fieldnames or ()) != _COLUMNS:
                raise wrong
            for row in rows:
                copy = unguard(row["copy"] or "")
                parts = copy.split("/")
                if copy and (len(parts) != 2 or any(part in ("", ".", "..") or "\\" in part for part in parts)):
                    raise wrong
                yield row | {"copy": copy}
    except (OSError, ValueError, csv.Error) as error:
        raise wrong from error
