"""Files that belong to pictures: JSON and text files with the name of a picture and another suffix."""

import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from discern.catalog.formats.listing.listing_source import is_listing_name

_SUFFIXES = (".json", ".txt")
_Folder = tuple[str, ...]


def may_be_sidecar(path: str) -> bool:
    """Return True if a path has the suffix of files that belong to pictures, and is not that of a list."""
    return path.lower().endswith(_SUFFIXES) and not is_listing_name(path.rpartition("/")[2])


def match_sidecars(files: Iterable[str], pictures: Iterable[str]) -> dict[str, list[str]]:
    """Find the pictures of each file that belongs to some, by names.

    Such a file lies beside its picture, in a folder in the picture's folder, or in a folder beside that one, as
    `metadata/1.json` of `images/1.jpg`.

    >>> match_sidecars(["metadata/1.json", "metadata/2.json"], ["images/1.jpg"])
    {'metadata/1.json': ['images/1.jpg']}
    """
    by_name: dict[str, list[str]] = defaultdict(list)
    for path in pictures:
        name = path.rpartition("/")[2]
        for key in {_folded(_stem(name)), _folded(name)}:
            by_name[key].append(path)
    return _match({path: by_name.get(_folded(_stem(path.rpartition("/")[2])), []) for path in files})


def _match(candidates: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    """Choose the pictures of each file: those beside it, else those in other folders that have none beside them."""
    matched: dict[str, list[str]] = {}
    taken = defaultdict[str, set[str]](set)
    for path, pictures in candidates.items():
        matched[path] = [picture for picture in pictures if _folder(picture) == _folder(path)]
        taken[_suffix(path)].update(matched[path])
    for path, pictures in candidates.items():
        if not matched[path]:
            matched[path] = [
                picture
                for picture in pictures
                if picture not in taken[_suffix(path)] and _is_near(_folder(picture), _folder(path))
            ]
    return {path: pictures for path, pictures in matched.items() if pictures}


def _is_near(picture: _Folder, file: _Folder) -> bool:
    if len(picture) == len(file):
        return sum(one != other for one, other in zip(picture, file, strict=True)) == 1
    return file[:-1] == picture


def _folder(path: str) -> _Folder:
    return tuple(path.split("/")[:-1])


def _stem(name: str) -> str:
    return name.rpartition(".")[0] or name


def _suffix(path: str) -> str:
    return path.rpartition(".")[2].lower()


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", name)
