"""Functions that read `file_list.json`, which lists metadata files by class label.

This is the format of a data set of bin pictures, whose label is the number of objects in the bin.
"""

from pathlib import PurePosixPath

from discern.catalog.formats.listing.json_lines import plain_text, read_json
from discern.catalog.formats.listing.listing_entry import ListingEntry, paths_inside
from discern.catalog.label_text import normalise_label, strip_blanks
from discern.errors import CatalogError

_FOLDERS = ("bin-images", "images")


def read_file_list(name: str, data: bytes) -> list[ListingEntry]:
    """Read the entries of a `file_list.json` file.

    Its format is `{"1": ["data/metadata/100313.json", ...], ...}`, where the key is the label. The picture of
    `data/metadata/100313.json` is `100313.jpg` in that folder, in `bin-images/` or `images/` next to that folder or
    next to the list, in a folder named like the label, or next to the list.

    Args:
        name: file name for messages.
        data: the file's bytes.

    Raises:
        CatalogError: the file does not have this format.
    """
    listed = read_json(name, data.removeprefix(b"\xef\xbb\xbf"))
    if not isinstance(listed, dict) or not listed or not all(isinstance(files, list) for files in listed.values()):
        raise CatalogError(f"{name} does not list files by label.", hint='Write {"label": ["file", ...], ...}.')
    return [
        _entry(f"{name}, {label!r}, file {number}", label, file)
        for label, files in listed.items()
        for number, file in enumerate(files, 1)
    ]


def _entry(where: str, label: str, file: object) -> ListingEntry:
    path = strip_blanks(plain_text(where, "the file", file) or "")
    if not path:
        raise CatalogError(f"{where}: the file name is empty.", hint="Fill it in, or remove the entry.")
    (inside,) = paths_inside(path)
    return ListingEntry(
        path=path,
        label=normalise_label(plain_text(where, "the label", label) or "") or None,
        candidates=_candidates(PurePosixPath(inside), label) if inside else ("",),
        where=where,
    )


def _candidates(file: PurePosixPath, label: str) -> tuple[str, ...]:
    picture = f"{file.stem}.jpg" if file.suffix.lower() == ".json" else file.name
    folders = [str(file.parent), *(f"{file.parent.parent}/{name}" for name in _FOLDERS), *_FOLDERS, label, "."]
    return paths_inside(*(f"{folder}/{picture}" for folder in folders))
