"""Who may ask: keys, of which only hashes are kept."""

import hashlib
import hmac
import logging
import re
import secrets
from dataclasses import dataclass
from pathlib import Path

from discern.errors import UsageError
from discern.inference.file_stamp import file_stamp

_NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")
_PREFIX = "discern_"
_KINDS = ("ask", "admin")


@dataclass(frozen=True, kw_only=True, slots=True)
class Key:
    """What is kept of a key.

    Attributes:
        name: whose it is; stands in the logs.
        admin: whether it may also replace bundles.
        digest: sha256 of the key, in hexadecimal. A key is 256 random bits, so no slower hash is needed.
    """

    name: str
    admin: bool
    digest: str


class Keys:
    """The keys of a file: a line each, `name kind sha256`, kind `ask` or `admin`; `#` begins a comment.

    A line that is added or removed counts from the next question on. A file that has become unreadable changes nothing,
    and is logged.

    Raises:
        UsageError: the file cannot be read, a line makes no sense, or there is none.
    """

    def __init__(self, path: Path) -> None:
        self._path, self._stamp = path, file_stamp(path)
        self._keys = _read(path)
        if not self._keys:
            raise UsageError(f"{path} holds no key.", hint=_REMEDY)

    def find(self, key: str) -> Key | None:
        """Tell whose key it is; takes as long for a wrong one as for a right one."""
        self._renew()
        digest = _digest(key)
        found = None
        for each in self._keys:
            if hmac.compare_digest(each.digest, digest):
                found = each
        return found

    def _renew(self) -> None:
        now = file_stamp(self._path)
        if now == self._stamp:
            return
        self._stamp = now
        try:
            self._keys = _read(self._path)
        except UsageError as error:
            _LOG.warning("keys not replaced: %s", error)


_LOG = logging.getLogger("discern.serving")
_REMEDY = "Make one with `discern key NAME --key-file FILE`."


def _read(path: Path) -> tuple[Key, ...]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} cannot be read as a file of keys: {error}.", hint=_REMEDY) from error
    return tuple(
        _parse(path, number, line) for number, line in enumerate(lines, 1) if line.strip() and not line.startswith("#")
    )


def _parse(path: Path, number: int, line: str) -> Key:
    name, kind, digest, *more = [*line.split(), "", "", ""][: max(3, len(line.split()))]
    if more or kind not in _KINDS or not _NAME.fullmatch(name) or not re.fullmatch("[0-9a-f]{64}", digest):
        raise UsageError(f"{path}, line {number}: this is no `name kind sha256`.", hint=_REMEDY)
    return Key(name=name, admin=kind == "admin", digest=digest)


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).hexdigest()


def add_key(path: Path, name: str, *, admin: bool = False) -> str:
    """Make a key, and add its hash to a file that only its owner may read.

    Returns:
        The key; it is kept nowhere.

    Raises:
        UsageError: the name makes no sense or is taken, or the file cannot be written.
    """
    if not _NAME.fullmatch(name):
        raise UsageError(f"{name!r} is no name for a key.", hint='Use letters, digits, ".", "_" and "-".')
    if path.exists() and any(each.name == name for each in _read(path)):
        raise UsageError(f"{path} has a key named {name}.", hint="Take another name, or delete its line.")
    key = _PREFIX + secrets.token_urlsafe(32)
    try:
        before = path.read_text(encoding="utf-8") if path.exists() else None
        with path.open("a", encoding="utf-8") as file:
            if before is None:
                path.chmod(0o600)
            file.write("" if not before or before.endswith("\n") else "\n")
            file.write(f"{name} {_KINDS[admin]} {_digest(key)}\n")
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}.", hint="Name another file.") from error
    return key
