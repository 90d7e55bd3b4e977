"""Random salt for the digests of clients' addresses, kept beside the spool."""

import logging
import secrets
from pathlib import Path

from discern.atomic import atomic_write

_NAME = "salt"
_BYTES = 32
_LOG = logging.getLogger("discern.serving")


def read_salt(folder: Path) -> bytes:
    """Return the salt of a spool folder, which is created on first use.

    A client has the same digest as long as the folder is kept; where it cannot be written, as long as the process runs.
    """
    path = folder / _NAME
    try:
        return _read(path) or _create(path)
    except OSError as error:
        _LOG.warning("digests of clients' addresses change with each start: %s", error.strerror or error)
        return secrets.token_bytes(_BYTES)


def _read(path: Path) -> bytes | None:
    try:
        salt = path.read_bytes()
    except FileNotFoundError:
        return None
    return salt if len(salt) == _BYTES else None


def _create(path: Path) -> bytes:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with atomic_write(path, private=True) as temporary:
        temporary.write_bytes(secrets.token_bytes(_BYTES))
    return path.read_bytes()  # of the last one, where several processes start at once
