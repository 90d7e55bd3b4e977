"""Functions that separate the numbers of file names from their text."""

import re
import unicodedata
from collections import Counter
from dataclasses import dataclass
from typing import NamedTuple

from discern.grouping.films.time_stamps import Stamp, find_stamp

_NUMBER = re.compile(r"\d+")
_SUFFIX = re.compile(r"\.[^\W\d_][^\W_]{0,4}$")
_LONGEST_NUMBER = 20  # digits; longer ones are parts of hashes
_PART = re.compile(
    r"(?:[a-z]{1,4}[\s_-]|\d+[\s_-]?)?(?:train|training|val|valid|validation|test|testing|dev|eval|holdout)"
    r"(?:[\s_-]?(?:set|data|images?|imgs?|\d+))*"
)
_ARCHIVE = re.compile(r"(?:\.tar)?\.\w{2,4}!$")
_EDIT = r"edit|edited|copy|bearbeitet|kopie|copie|modifié|copia|editado|modificato"
_EDITED = re.compile(rf"(?<=[\d)\]])(?:[\s_\-.~]*[(\[]?(?:{_EDIT})[)\]]?(?:\s?\(\d+\))?)+$")
_EDITED_BY_PHONE = re.compile(r"^img_e(?=\d{4}$)")
_SIZE = re.compile(r"[\s_\-.(\[@]*(?<![^\W_])\d{3,5}[x\u00d7]\d{3,5}(?![^\W_])[)\]]?")
_HASH = re.compile(
    r"(?<![^\W_])(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|"
    r"(?=[0-9a-f]{8})(?:\d+[a-f]+\d|[a-f]+\d+[a-f])[0-9a-f]*)(?![^\W_])"
)
_FEWEST = 3


class _Name(NamedTuple):
    """File name without what tells nothing about its place in a series."""

    folder: tuple[str, ...]
    stem: str


@dataclass(frozen=True, kw_only=True)
class NumberedName:
    """File name, taken apart.

    Args:
        folder: folders that separate series; those that name a part are left out.
        pattern: name in lower case, with `#` in place of its numbers, or the text in front of `@` for the time.
        numbers: numbers of the name from the left; with a time, those in front of it, the text behind it as a number,
            and the last number there.
        time: time in the name, in milliseconds since 1970; None if there is none.
    """

    folder: tuple[str, ...]
    pattern: str
    numbers: tuple[int, ...]
    time: int | None


def take_apart(paths: list[str]) -> list[NumberedName | None]:
    """Take file names apart, where they have numbers.

    Names of edited pictures are those of the originals. Hashes are left out, unless several names of the folder have
    the same; sizes in pixels are left out if the other numbers differ. A time counts if all names of one pattern have
    one: `20240131_000059` may be the last picture but one of a day.
    """
    names = _without_sizes(_without_hashes([_clean(path) for path in paths]))
    stamps = [find_stamp(name.stem) for name in names]
    patterns = [(name.folder, _NUMBER.sub("#", name.stem)) for name in names]
    untimed = {pattern for pattern, stamp in zip(patterns, stamps, strict=True) if stamp is None}
    tails: dict[str, int] = {}
    return [
        _number(name) if stamp is None or pattern in untimed else _time(name, stamp, tails)
        for name, stamp, pattern in zip(names, stamps, patterns, strict=True)
    ]


def folders_of(path: str) -> tuple[str, ...]:
    """Return the folders of a path that separate series: those that name no part, such as `train`."""
    folders = path.split("/")[:-1]
    return tuple(folder for folder in folders if not _PART.fullmatch(_ARCHIVE.sub("", folder.casefold())))


def _clean(path: str) -> _Name:
    text = path if path.isascii() else unicodedata.normalize("NFKC", path)
    stem = _EDITED.sub("", _SUFFIX.sub("", text.rpartition("/")[2]).casefold())
    return _Name(folders_of(text), _EDITED_BY_PHONE.sub("img_", stem))


def _without_hashes(names: list[_Name]) -> list[_Name]:
    """Replace the hashes in names by `~`, unless they occur in three names of the folder."""
    found = [_HASH.findall(name.stem) for name in names]
    count = Counter((name.folder, each) for name, hashes in zip(names, found, strict=True) for each in set(hashes))

    def shorten(name: _Name) -> str:
        return _HASH.sub(lambda each: each[0] if count[name.folder, each[0]] >= _FEWEST else "~", name.stem)

    return [name._replace(stem=shorten(name)) if hashes else name for name, hashes in zip(names, found, strict=True)]


def _without_sizes(names: list[_Name]) -> list[_Name]:
    """Remove the sizes in pixels from names that stay different; others may be places, as of the tiles of a slide."""
    shorter = [_SIZE.sub("", name.stem) for name in names]
    count = Counter((name.folder, stem) for name, stem in zip(names, shorter, strict=True))
    return [
        name._replace(stem=stem) if count[name.folder, stem] == 1 and _NUMBER.search(stem) else name
        for name, stem in zip(names, shorter, strict=True)
    ]


def _number(name: _Name) -> NumberedName | None:
    numbers = tuple(int(found) for found in _NUMBER.findall(name.stem) if len(found) <= _LONGEST_NUMBER)
    if not numbers:
        return None
    return NumberedName(folder=name.folder, pattern=_NUMBER.sub("#", name.stem), numbers=numbers, time=None)


def _time(name: _Name, stamp: Stamp, tails: dict[str, int]) -> NumberedName:
    before, after = name.stem[: stamp.start], name.stem[stamp.end :]
    tail = tails.setdefault(_NUMBER.sub("#", after), len(tails))
    last = [int(found) for found in _NUMBER.findall(after) if len(found) <= _LONGEST_NUMBER][-1:]
    numbers = tuple(int(found) for found in _NUMBER.findall(before) if len(found) <= _LONGEST_NUMBER)
    return NumberedName(
        folder=name.folder,
        pattern=_NUMBER.sub("#", before) + "@",
        numbers=(*numbers, tail, *(last or [0])),
        time=stamp.time,
    )
