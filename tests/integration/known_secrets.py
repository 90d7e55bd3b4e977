"""Secrets of an environment that are known, and a search for them in files and archives."""

import io
import os
import re
import socket
import sys
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# Put together here, so that this file does not have what it looks for.
SECRETS = {
    "AWS_ACCESS_KEY_ID": "AKI" + "A1234567890ABCDEF",
    "AWS_SECRET_ACCESS_KEY": "wJalr" + "XUtnFEMI/K7MDENG/bPxRfiCYzzKNOWNKEY",
    "AWS_SESSION_TOKEN": "IQoJb3Jp" + "Z2luX2VjEKNOWNTOKEN",
    "USER": "known-" + "user-4711",
    "LOGNAME": "known-" + "user-4711",
}
LIKE_A_KEY = re.compile(rb"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b|-----BEGIN [A-Z ]*PRIVATE KEY")


@contextmanager
def known_environment(folder: Path) -> Iterator[list[str]]:
    """Context manager for an environment with known secrets: these, and what would tell of the machine.

    Args:
        folder: existing folder in which everything is written.
    """
    before = dict(os.environ)
    home = folder / "home-of-known-user"
    home.mkdir()
    os.environ.update(SECRETS, HOME=str(home), AWS_DEFAULT_REGION="eu-central-1")
    try:
        host = socket.gethostname()
        machine = [str(folder), str(ROOT), sys.prefix, before.get("HOME", "")]
        yield [*SECRETS.values(), *(each for each in (*machine, host) if len(each) > 5)]
    finally:
        os.environ.clear()
        os.environ.update(before)


def contents(name: str, data: bytes) -> Iterator[tuple[str, bytes]]:
    """A file, and those in it if it is an archive."""
    yield name, data
    if zipfile.is_zipfile(io.BytesIO(data)):
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for each in archive.infolist():
                yield from contents(f"{name}!/{each.filename}", each.filename.encode() + archive.read(each))
            yield f"{name}!/", archive.comment


def found_in(name: str, data: bytes, secrets: list[str]) -> list[tuple[str, str]]:
    hits = [(inner, each) for inner, part in contents(name, data) for each in secrets if each.encode() in part]
    return hits + [(inner, "a key") for inner, part in contents(name, data) if LIKE_A_KEY.search(part)]


def found_below(folder: Path, secrets: list[str]) -> list[tuple[str, str]]:
    paths = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    assert paths
    return [hit for path in paths for hit in found_in(path.relative_to(folder).as_posix(), path.read_bytes(), secrets)]
