"""Functions that recognise URLs, and other addresses, that are given as paths of files."""

import os
import re
import sys
from pathlib import Path, PurePosixPath
from urllib.parse import unquote

from discern.errors import UsageError

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")
_FILE = re.compile(r"file:(?:(?=/(?!/))|//(?:localhost)?(?=/))", re.IGNORECASE)
_DRIVE = re.compile(r"/[A-Za-z]:(?:/|$)")
_SHARE, _WINDOWS_DRIVE = re.compile(r"\\\\[^\\/]+[\\/]"), re.compile(r"[A-Za-z]:\\")
# The commands that copy a file, or a folder, from there.
_COPY_COMMANDS = {
    "s3": ("aws s3 cp", "aws s3 cp --recursive"),
    "gs": ("gcloud storage cp", "gcloud storage cp --recursive"),
    "hdfs": ("hdfs dfs -get", "hdfs dfs -get"),
    "dbfs": ("databricks fs cp", "databricks fs cp --recursive"),
}
_OTHERS = (
    "http https file ftp ftps sftp scp ssh smb nfs s3a s3n gcs webhdfs abfs abfss adl az azure wasb wasbs oss hf kaggle"
)
# `Path` collapses the slashes of a URL; only for these, as a folder may have a name that ends with a colon.
_URL_AS_PATH = re.compile(rf"^({'|'.join([*_COPY_COMMANDS, *_OTHERS.split()])}):/(?=[^/])", re.IGNORECASE)


def is_url(value: object) -> bool:
    """Check whether a string is a URL rather than a file path.

    >>> is_url("https://shop.example/a.jpg"), is_url("C:/a.jpg")
    (True, False)
    """
    return isinstance(value, str) and _URL.match(value) is not None


def url_of(path: str) -> str | None:
    """Return the URL that was given as a path, with the slashes that `Path` collapsed, or None.

    >>> url_of("https:/shop.example/a.jpg"), url_of("C:/a.jpg")
    ('https://shop.example/a.jpg', None)
    """
    url = _URL_AS_PATH.sub(r"\1://", path)
    return url if is_url(url) else None


def is_web(address: str) -> bool:
    """Return True for the URL of a web page, a file on the web or a server."""
    return address.lower().startswith(("http://", "https://"))


def local_path(path: str) -> str:
    """Convert the URL of a file on this machine to its path, and return any other text as it is.

    >>> local_path("file:///photos/a%20b.jpg"), local_path("file://server/a.jpg"), local_path("a%20b.jpg")
    ('/photos/a b.jpg', 'file://server/a.jpg', 'a%20b.jpg')
    """
    start = _FILE.match(path)
    if start is None or os.path.lexists(path):
        return path
    written = path[start.end() :]
    written = written[1:] if sys.platform == "win32" and _DRIVE.match(written) else written
    return written if os.path.lexists(written) else unquote(written, errors="surrogateescape")


def find_address(path: str) -> tuple[str, str] | None:
    r"""Return the address that was given as a path, after the word for it, or None if it may be a path.

    >>> find_address("s3:/bucket/a.jpg")
    ('a URL', 's3://bucket/a.jpg')
    """
    if url := url_of(path):
        return "a URL", url
    if sys.platform != "win32" and not os.path.lexists(path):
        if _SHARE.match(path):
            return "a network path of Windows", path
        if _WINDOWS_DRIVE.match(path):
            return "a path of Windows", path
    return None


def remedy(address: str, *, written: bool = False) -> str:
    """Return the hint for an address that was given as a path.

    Args:
        address: the address, as `find_address` returns it.
        written: whether something would be written there.
    """
    if written:
        if address.startswith("s3://"):
            return "Write to a folder of this machine, and copy it there with `discern push`."
        return "Write to a folder of this machine, and copy the result there."
    scheme = address.partition("://")[0].lower()
    if scheme in _COPY_COMMANDS:
        command = _COPY_COMMANDS[scheme][not PurePosixPath(address).suffix]
        return f"Download it first, such as with `{command} {address} FOLDER`, and pass the path on this machine."
    if not is_url(address) or scheme in ("file", "smb", "nfs"):
        return "Mount the drive or the share on this machine, and pass the path where it is mounted."
    return "Download it first, and pass the path on this machine."


def reject_address(path: str | Path, *, written: bool = False) -> None:
    """Raise UsageError if an address was given as a path.

    Args:
        path: the path, as given.
        written: whether something would be written there.
    """
    if found := find_address(os.fsdecode(path)):
        kind, address = found
        here = "" if is_url(address) else " here"
        raise UsageError(f"{address} is {kind}, not a path{here}.", hint=remedy(address, written=written))
