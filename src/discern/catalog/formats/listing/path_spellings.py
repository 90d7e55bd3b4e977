"""Spellings of the paths in label lists: backslashes, drives, file URIs, percent-encoding, upper and lower case."""

import re
import unicodedata
from urllib.parse import unquote

from discern.catalog.label_text import strip_blanks

_FILE_URI = re.compile(r"file:(?://(?:localhost(?=/))?)?", re.IGNORECASE)
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")
_HOST = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://[^/]*")
_DRIVE = re.compile(r"(?:[/\\]{2}[?.][/\\])?(?:UNC[/\\])?[/\\]*[A-Za-z]:")
_MAX_PARTS = 64
# Most paths, whose spellings are the same.
_PLAIN = re.compile(r"\w[\w -]*(?:/[\w -]+)*(?:\.\w+)?", re.ASCII)


def is_remote(path: str) -> bool:
    """Return True if a path is a URL other than that of a local file."""
    return _URL.match(path) is not None and not _FILE_URI.match(path)


def spellings(path: str) -> tuple[str, str, str]:
    r"""Return a path as written, with "/" between folders, and without percent-encoding.

    >>> spellings(r"images\a%20b.png")[1:]
    ('images/a%20b.png', 'images/a b.png')
    """
    if _PLAIN.fullmatch(path):
        return path, path, path
    slashed = path.replace("\\", "/")
    local = _FILE_URI.sub("", slashed, count=1)
    decoded = unquote(local)
    if local != slashed and re.match("/[A-Za-z]:/", decoded):
        decoded = decoded[1:]
    return path, _without_dots(slashed), _without_dots(decoded)


def _without_dots(path: str) -> str:
    names = [name for name in path.split("/") if name not in ("", ".")]
    root = "//" if path.startswith("//") else "/" if path.startswith("/") else ""  # of a server, or of this machine
    return root + "/".join(names)


def path_parts(path: str) -> tuple[str, ...]:
    r"""Return the folder names and the file name of a path, without host, drive and "..".

    >>> path_parts(r"C:\Users\me\1.png"), path_parts("../images/1.png"), path_parts("s3://bucket/x/1.png")
    (('Users', 'me', '1.png'), ('images', '1.png'), ('x', '1.png'))
    """
    place = spellings(path)[2]
    if is_remote(path):
        place = unquote(re.sub("[?#].*", "", _HOST.sub("", path.replace("\\", "/"), count=1)))
    names = _DRIVE.sub("", place, count=1).split("/")
    return tuple(name for name in names if name not in ("", ".", "..", "~"))[-_MAX_PARTS:]


def folded_parts(path: str) -> tuple[str, ...]:
    """Return the parts of a path in a form that ignores case and Unicode form."""
    return tuple(map(fold, path_parts(path)))


def fold(name: str) -> str:
    """Return a file name in a form that ignores case, Unicode form and blanks around it."""
    if name.isascii():
        return strip_blanks(name).lower()
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", strip_blanks(name)).casefold())
