"""Lists that SageMaker trains on: .lst files and augmented manifests."""

import re
from pathlib import PurePosixPath

from discern.catalog.formats.listing.delimited import read_lines
from discern.catalog.formats.listing.json_lines import Record, plain_text
from discern.catalog.formats.listing.listing_entry import ListingEntry, places_inside
from discern.catalog.formats.listing.tabular import entry_part, says
from discern.catalog.path_text import to_text
from discern.errors import CatalogError

_BUCKET = re.compile(r"s3://[^/]*/?")
_DEEPEST = 64
_OF_A_LABEL = "-metadata"
_PLAIN_LABELS = ("label", "class")


def read_lst(name: str, data: bytes) -> list[ListingEntry]:
    """Read a .lst file: an index, one label and a path in each line, parted by tabs.

    Paths are relative to the list's folder, or to the folder beside it that is named as the list is: `train/` for
    `train.lst`. Several labels are understood as one where they are all 0 but one, which is 1: its place is the label.

    Args:
        name: the list's name.
        data: its bytes.

    Raises:
        CatalogError: a line is not of this form, or gives a picture several labels.
    """
    stem = PurePosixPath(name.replace("\\", "/")).stem
    entries = []
    for line, text in read_lines(name, data, CatalogError):
        where = f"{name}, line {line}"
        index, *labels, path = text.split("\t") if text.count("\t") >= 2 else ("",) * 3
        if not index.strip().isdecimal() or not path.strip():
            raise CatalogError(f"{where}: no index, label and path parted by tabs.", hint="Write them so.")
        path = path.strip()
        label = _one_label(where, [label.strip() for label in labels])
        entries.append(ListingEntry(path=path, label=label, places=_in_folder(path, stem), where=where))
    return entries


def read_manifest(name: str, records: list[tuple[int, Record]]) -> list[ListingEntry]:
    """Read an augmented manifest: an object for each picture, with its address and its label.

    What lies in a bucket is looked for beside the manifest, without the bucket's upper folders: `s3://b/x/cat/1.jpg` is
    `x/cat/1.jpg`, `cat/1.jpg` or `1.jpg`. The label is the attribute that has metadata, named by its `class-name`.

    Args:
        name: the manifest's name.
        records: (line number, object).

    Raises:
        CatalogError: a line has no `source-ref`, or several labels.
    """
    return [_labelled(f"{name}, line {line}", record) for line, record in records]


def _in_folder(path: str, name: str) -> tuple[str, ...]:
    (inside,) = places_inside(path)
    return places_inside(inside, f"{name}/{inside}") if inside else ("",)


def _one_label(where: str, labels: list[str]) -> str | None:
    values = [_whole(label) for label in labels]
    if len(values) == 1:
        return values[0] or None
    if sorted(values) == ["0"] * (len(values) - 1) + ["1"]:
        return str(values.index("1"))
    raise CatalogError(f"{where}: {len(values)} labels.", hint="Give each picture one label.")


def _whole(label: str) -> str:
    """Write a class number as such: list makers write 1 as 1.000000."""
    return re.sub(r"^(\d+)\.0*$", r"\1", label)


def _labelled(where: str, record: Record) -> ListingEntry:
    address = plain_text(where, "source-ref", record.get("source-ref"))
    key = address and _BUCKET.sub("", address, count=1)
    if not address or not key:
        raise CatalogError(f"{where} names no picture.", hint='Give "source-ref" its address, or remove the line.')
    (inside,) = places_inside(key)
    folders = inside.split("/") if key != address else [inside]
    return ListingEntry(
        path=to_text(address),
        label=_label(where, record),
        part=entry_part(where, plain_text(where, "part", says(record, "part"))),
        group=plain_text(where, "group", says(record, "group")) or None,
        places=tuple("/".join(folders[at:]) for at in range(len(folders))[-_DEEPEST:]),
        where=where,
    )


def _label(where: str, record: Record) -> str | None:
    described = [key for key in record if isinstance(record.get(key + _OF_A_LABEL), dict)]
    found = described or [key for key in _PLAIN_LABELS if key in record]
    if len(found) > 1:
        raise CatalogError(f"{where}: several labels: {', '.join(found)}.", hint="Keep one label attribute.")
    if not found:
        return None
    more = record.get(found[0] + _OF_A_LABEL, {})
    return plain_text(where, found[0], more.get("class-name", record[found[0]])) or None
