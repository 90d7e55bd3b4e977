"""Functions that read Amazon SageMaker's .lst files and augmented manifests."""

import re
from pathlib import PurePosixPath

from discern.catalog.formats.listing.delimited import read_lines
from discern.catalog.formats.listing.json_key import with_key
from discern.catalog.formats.listing.json_lines import Record, plain_text
from discern.catalog.formats.listing.listing_entry import ListingEntry, paths_inside
from discern.catalog.formats.listing.tabular import find_value, parse_part
from discern.catalog.label_text import normalise_label, strip_blanks
from discern.catalog.multi_label import MULTI_LABEL, REMEDY
from discern.catalog.path_text import to_text
from discern.errors import CatalogError

_BUCKET = re.compile(r"s3://[^/]*/?")
_MAX_CANDIDATES = 64
_METADATA_SUFFIX = "-metadata"
_PLAIN_LABELS = ("label", "class")


def read_lst(name: str, data: bytes) -> list[ListingEntry]:
    """Read the entries of a SageMaker .lst file.

    Each line has an index, a label and a path, separated by tabs. Paths are relative to the list's folder, or to a
    folder in it with the list's name: `train/` for `train.lst`. A one-hot vector of labels is converted to the index
    of its 1.

    Args:
        name: file name of the list.
        data: the file's bytes.

    Raises:
        CatalogError: a line does not have this format, or has several labels.
    """
    stem = PurePosixPath(name.replace("\\", "/")).stem
    entries = []
    for line, text in read_lines(name, data, CatalogError):
        where = f"{name}, line {line}"
        index, *labels, path = text.split("\t") if text.count("\t") >= 2 else ("",) * 3
        if not strip_blanks(index).isdecimal() or not strip_blanks(path):
            raise CatalogError(
                f"{where}: not an index, a label and a path separated by tabs.",
                hint="Write each line as index, tab, label, tab, path.",
            )
        path = strip_blanks(path)
        label = _one_label(where, [normalise_label(label) for label in labels])
        entries.append(ListingEntry(path=path, label=label, candidates=_candidates(path, stem), where=where))
    return entries


def read_manifest(name: str, records: list[tuple[int, Record]], *, label_from: str | None = None) -> list[ListingEntry]:
    """Read the entries of a SageMaker augmented manifest.

    Objects in a bucket are searched next to the manifest, without leading folders of their key: `s3://b/x/cat/1.jpg` at
    `x/cat/1.jpg`, `cat/1.jpg` and `1.jpg`. The label is the `class-name` of the attribute that has metadata, or else
    the attribute's value.

    Args:
        name: file name for messages.
        records: (line number, object) pairs.
        label_from: key of the label; dots part nested keys. None for the label attribute.

    Raises:
        CatalogError: a line has no `source-ref`, or several labels, or no line has the key.
    """
    if label_from is not None:
        records = with_key(name, records, label_from)
    return [_entry(f"{name}, line {line}", record, label_from) for line, record in records]


def _candidates(path: str, folder: str) -> tuple[str, ...]:
    (inside,) = paths_inside(path)
    return paths_inside(inside, f"{folder}/{inside}") if inside else ("",)


def _one_label(where: str, labels: list[str]) -> str | None:
    values = [_without_fraction(label) for label in labels]
    if len(values) == 1:
        return values[0] or None
    if sorted(values) == ["0"] * (len(values) - 1) + ["1"]:
        return str(values.index("1"))
    raise CatalogError(f"{where}: {len(values)} labels for one picture. {MULTI_LABEL}.", hint=REMEDY)


def _without_fraction(label: str) -> str:
    """Remove the zero fraction of a class index, such as "1.000000" written by MXNet's im2rec."""
    return re.sub(r"^(\d+)\.0*$", r"\1", label)


def _entry(where: str, record: Record, label_from: str | None) -> ListingEntry:
    uri = strip_blanks(plain_text(where, "source-ref", record.get("source-ref")) or "")
    key = uri and _BUCKET.sub("", uri, count=1)
    if not uri or not key:
        raise CatalogError(
            f"{where}: source-ref is missing or empty.", hint="Write the picture's URI there, or remove the line."
        )
    (inside,) = paths_inside(key)
    folders = inside.split("/") if key != uri else [inside]
    return ListingEntry(
        path=to_text(uri),
        label=_label(where, record) if label_from is None else record[label_from],
        part=parse_part(where, plain_text(where, "part", find_value(record, "part"))),
        group=normalise_label(plain_text(where, "group", find_value(record, "group")) or "") or None,
        candidates=tuple("/".join(folders[at:]) for at in range(len(folders))[-_MAX_CANDIDATES:]),
        where=where,
    )


def _label(where: str, record: Record) -> str | None:
    with_metadata = [key for key in record if isinstance(record.get(key + _METADATA_SUFFIX), dict)]
    attributes = with_metadata or [key for key in _PLAIN_LABELS if key in record]
    if len(attributes) > 1:
        raise CatalogError(f"{where}: several labels: {', '.join(attributes)}.", hint="Keep one label attribute.")
    if not attributes:
        return None
    metadata = record.get(attributes[0] + _METADATA_SUFFIX, {})
    label = plain_text(where, attributes[0], metadata.get("class-name", record[attributes[0]]))
    return normalise_label(label or "") or None
