"""API keys for the HTTP server that are stored as hashes in a file."""

import hashlib
import hmac
import logging
import re
import secrets
from dataclasses import dataclass
from pathlib import Path

from discern.errors import UsageError
from discern.inference.model_registry import file_stamp
from discern.picture import read_bounded

_LOG = logging.getLogger("discern.serving")
_NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")
_PREFIX = "discern_"
_KINDS = ("ask", "admin")  # in the file: may send requests; may also reload bundles
_MAX_BYTES = 1 << 20
_HINT = "Create a key with `discern key NAME --key-file FILE`."


@dataclass(frozen=True, kw_only=True, slots=True)
class Key:
    """Entry of an API key file, which stores the hash of one key.

    Attributes:
        name: the holder's name, as it appears in the access log.
        admin: whether the key may also reload bundles.
        digest: SHA-256 of the key, in hexadecimal; a key is 256 random bits, so no slow hash is needed.
    """

    name: str
    admin: bool
    digest: str


class Keys:
    """Collection of API keys that are read from a key file.

    Each line of the file is `name kind sha256`, where the kind is `ask` or `admin`; lines that start with `#` are
    comments. Changes take effect with the next request. If the file becomes unreadable, the last keys stay valid and
    the error is logged.

    Raises:
        UsageError: the file cannot be read, has an invalid line, or has no key.
    """

    def __init__(self, path: Path) -> None:
        self._path, self._stamp = path, file_stamp(path)
        self._keys = _read(path)
        if not self._keys:
            raise UsageError(f"{path} has no keys.", hint=_HINT)

    def find(self, key: str) -> Key | None:
        """Find the entry of an API key in constant time."""
        self._refresh()
        digest = _digest(key)
        found = None
        for each in self._keys:
            if hmac.compare_digest(each.digest, digest):
                found = each
        return found

    def _refresh(self) -> None:
        stamp = file_stamp(self._path)
        if stamp == self._stamp:
            return
        self._stamp = stamp
        try:
            self._keys = _read(self._path)
        except UsageError as error:
            _LOG.warning("keys not reloaded: %s", error)


def _read(path: Path) -> tuple[Key, ...]:
    try:
        lines = read_bounded(path, max_bytes=_MAX_BYTES).decode().splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} cannot be read as a key file: {error}.", hint=_HINT) from error
    return tuple(
        _parse(path, number, line) for number, line in enumerate(lines, 1) if line.strip() and not line.startswith("#")
    )


def _parse(path: Path, number: int, line: str) -> Key:
    name, kind, digest, *more = [*line.split(), "", "", ""][: max(3, len(line.split()))]
    if more or kind not in _KINDS or not _NAME.fullmatch(name) or not re.fullmatch("[0-9a-f]{64}", digest):
        raise UsageError(f"{path}, line {number}: expected `name kind sha256`.", hint=_HINT)
    return Key(name=name, admin=kind == "admin", digest=digest)


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).hexdigest()


def add_key(path: Path, name: str, *, admin: bool = False) -> str:
    """Create an API key and append its hash to a key file.

    Returns:
        The key, which is stored nowhere. A new file can be read only by its owner.

    Raises:
        UsageError: the name is invalid or in use, or the file cannot be written.
    """
    if not _NAME.fullmatch(name):
        raise UsageError(f"Invalid key name: {name!r}.", hint='Use 1 to 64 letters, digits, ".", "_" and "-".')
    if path.exists() and any(each.name == name for each in _read(path)):
        raise UsageError(f"{path} already has a key named {name}.", hint="Use another name, or delete its line.")
    key = _PREFIX + secrets.token_urlsafe(32)
    try:
        before = read_bounded(path, max_bytes=_MAX_BYTES).decode() if path.exists() else None
        path.touch(mode=0o600)
        with path.open("a", encoding="utf-8") as file:
            file.write("" if not before or before.endswith("\n") else "\n")
            file.write(f"{name} {_KINDS[admin]} {_digest(key)}\n")
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}.", hint="Use another file.") from error
    return key
