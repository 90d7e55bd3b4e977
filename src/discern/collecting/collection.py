"""Folder of collected pictures with a record of what they came from.

Pictures are in one folder for each label. `metadata.csv` labels and groups them, so that the folder is a source by
itself. Each source is recorded as soon as it is complete, so that a collection that was interrupted continues.
"""

import csv
import json
import os
import shutil
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from discern.atomic import atomic_write
from discern.catalog.path_text import leads_outside
from discern.catalog.spreadsheet import guard
from discern.collecting.collected_record import CollectedPicture, CollectedRecord
from discern.errors import UsageError
from discern.splitting.file_names import safe_name

JOURNAL = ".collected.jsonl"
"""Name of the file of records, which scans ignore."""

METADATA = "metadata.csv"
"""Name of the list of all pictures of a collection."""

_LOCK = ".collected.lock"
_OPTIONAL = ("group", "split", "url", "seconds", "date", "sha256", "license")


class Collection:
    """Folder of collected pictures.

    Args:
        folder: the folder.
        records: records by key, as they were found there.
    """

    def __init__(self, folder: Path, records: dict[str, CollectedRecord]) -> None:
        self.folder = folder
        self._records = records

    def find(self, key: str, settings: str = "") -> CollectedRecord | None:
        """Return the record of a source if its outcome stands: its settings are these, and its pictures exist."""
        record = self._records.get(key)
        if record is None or record.settings != settings or record.is_temporary:
            return None
        return record if all((self.folder / each.file).is_file() for each in record.pictures) else None

    def find_all(self, prefix: str) -> list[CollectedRecord]:
        """Return the records whose keys begin with a prefix, if their pictures exist."""
        keys = [key for key in self._records if key.startswith(prefix)]
        return [record for key in keys if (record := self.find(key, self._records[key].settings))]

    def add(self, record: CollectedRecord) -> None:
        """Record the outcome of a source, and remove the pictures of an earlier one that it does not have."""
        former = self._records.get(record.key)
        kept = {each.file for each in record.pictures}
        with (self.folder / JOURNAL).open("a", encoding="utf-8") as file:
            file.write(json.dumps(record.to_json()) + "\n")
        self._records[record.key] = record
        for picture in former.pictures if former else ():
            if picture.file not in kept and not leads_outside(picture.file):
                (self.folder / picture.file).unlink(missing_ok=True)

    def path(self, label: str, name: str, *, part: str = "") -> str:
        """Return the path in the collection of a picture, and create its folder."""
        path = "/".join([*([part] if part else []), *([safe_name(label)] if label else []), safe_name(name)])
        (self.folder / path).parent.mkdir(parents=True, exist_ok=True)
        return path

    def finish(self) -> None:
        """Write the list of all pictures; of a collection without a record, nothing is left."""
        if not self._records:
            if {path.name for path in self.folder.iterdir()} <= {JOURNAL, _LOCK}:
                (self.folder / JOURNAL).unlink()
            return
        rows = [_row(record, each) for record in self._records.values() for each in record.pictures]
        columns = ["file_name", "label", "source", *(name for name in _OPTIONAL if any(row[name] for row in rows))]
        with (
            atomic_write(self.folder / METADATA) as temporary,
            temporary.open("w", encoding="utf-8", newline="") as file,
        ):
            writer = csv.DictWriter(file, columns, extrasaction="ignore", lineterminator="\n")
            writer.writeheader()
            writer.writerows(sorted(rows, key=lambda row: row["file_name"]))
        self._write_left_out()

    @property
    def left_out_list(self) -> Path:
        """Return the path of the list of addresses that gave no picture, which is beside the folder."""
        return self.folder.with_name(f"{self.folder.name}.left_out.csv")

    def _write_left_out(self) -> None:
        records = [each for each in self._records.values() if each.message and not each.pictures]
        if not records:
            self.left_out_list.unlink(missing_ok=True)
            return
        with (
            atomic_write(self.left_out_list) as temporary,
            temporary.open("w", encoding="utf-8", newline="") as file,
        ):
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(["source", "label", "reason", "message"])
            for each in sorted(records, key=lambda record: (record.source, record.label)):  # recorded as they ended
                reason = each.failure or next(iter(each.left_out), "")
                writer.writerow([guard(each.source), each.label, reason, guard(each.message)])


@contextmanager
def open_collection(folder: Path) -> Iterator[Collection]:
    """Context manager for a folder of collected pictures, whose list is written at the end.

    Args:
        folder: the folder; it does not exist, is empty, or is a collection.

    Raises:
        UsageError: the folder has other content, is in use by another process, or cannot be written.
    """
    is_new = not folder.exists()
    try:
        if folder.exists() and not (folder / JOURNAL).exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise UsageError(
                f"{folder} is not empty, and was not made by `discern collect`.",
                hint="Choose another folder with --out.",
            )
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / _LOCK, timeout=0):
            (folder / JOURNAL).touch()
            collection = Collection(folder, _read_journal(folder / JOURNAL))
            try:
                yield collection
            finally:
                collection.finish()
    except Timeout as error:
        raise UsageError(
            f"Another process collects into {folder}.", hint="Wait for it, or choose another folder with --out."
        ) from error
    except OSError as error:
        hint = "Free disk space, check the permissions, or choose another folder with --out."
        raise UsageError(f"{folder} cannot be written: {error.strerror or error}.", hint=hint) from error
    finally:
        if is_new and folder.is_dir() and not (folder / JOURNAL).exists():
            shutil.rmtree(folder, ignore_errors=True)


def count_groups(records: Iterable[CollectedRecord]) -> int:
    """Count the different groups of the pictures in some records."""
    return len({each.group for record in records for each in record.pictures} - {""})


def count_left_out(records: Iterable[CollectedRecord]) -> dict[str, int]:
    """Count what was left out, by reason: pictures, and sources that could not be used."""
    counts: Counter[str] = Counter()
    for record in records:
        counts.update(record.left_out)
        counts.update([record.failure] if record.failure else [])
    return dict(sorted(counts.items()))


def _read_journal(path: Path) -> dict[str, CollectedRecord]:
    """Read the newest record of each source, passing over a line that was cut off, as by a power cut."""
    records = {}
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            record = CollectedRecord.from_json(json.loads(line))
        except ValueError:
            continue
        records[record.key] = record
    _end_line(path)
    return records


def _end_line(path: Path) -> None:
    """End the last line of a file, so that the next one begins on its own."""
    with path.open("rb+") as file:
        if file.seek(0, os.SEEK_END):
            file.seek(-1, os.SEEK_END)
            if file.read(1) != b"\n":
                file.write(b"\n")


def _row(record: CollectedRecord, picture: CollectedPicture) -> dict[str, Any]:
    return {
        "file_name": guard(picture.file),
        "label": record.label,
        "group": picture.group,
        "split": picture.part,
        "source": guard(record.source),
        "url": guard(picture.url),
        "seconds": "" if picture.seconds is None else f"{picture.seconds:.3f}",
        "date": picture.date,
        "sha256": picture.sha256,
        "license": guard(picture.license),
    }
