"""Names of files for the keys of objects, and keys for the paths of files."""

import os
from collections.abc import Iterable, Iterator
from urllib.parse import quote

from discern.errors import UsageError


def local_names(keys: Iterable[str]) -> Iterator[str]:
    """Yield the path of a file, relative and with "/", for each key, relative to its prefix.

    They are the keys themselves, apart from parts that no file can have as its name ("", ".", ".." and those with a
    null character), which are written with "%", and from an object that has the name of a folder of other objects.

    >>> list(local_names(["a.jpg", "b//c.jpg", "../d.jpg", "e", "e/f.jpg"]))
    ['a.jpg', 'b/%/c.jpg', '%2E%2E/d.jpg', 'e%', 'e/f.jpg']
    """
    names = ["/".join(map(_safe, key.split("/"))) for key in keys]
    taken = set[str]()
    for name in names:
        folder = name.rpartition("/")[0]
        while folder and folder not in taken:
            taken.add(folder)
            folder = folder.rpartition("/")[0]
    for name in names:
        free = name
        while free in taken:
            free += "%"
        taken.add(free)
        yield free


def key_of(path: str) -> str:
    """Return the key for the relative path of a file.

    Raises:
        UsageError: the path is not valid UTF-8, as keys are.
    """
    try:
        path.encode()
    except UnicodeEncodeError as error:
        raise UsageError(
            f"The file name {path!a} is not valid UTF-8, and no object can have it.", hint="Rename the file."
        ) from error
    return path.replace(os.sep, "/")


def _safe(part: str) -> str:
    return "%" if part == "" else quote(part).replace(".", "%2E") if part in (".", "..") or "\0" in part else part
