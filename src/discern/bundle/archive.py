"""The bundle's container: a zip in one byte form, so that any changed byte shows.

Members stand in a fixed order with fixed timestamps and attributes, stored, not deflated; the zip's comment is the
sha256 of `bundle.json`, which holds the sha256 of every other member. To change the format, raise `FORMAT` in
`manifest.py` and keep reading the old one.
"""

import hashlib
import io
import re
import zipfile
from collections.abc import Mapping
from pathlib import Path
from tokenize import TokenError

import numpy as np

from discern.atomic import atomic_write
from discern.bundle.graph_safety import find_fault
from discern.errors import BundleDamaged, BundleError, PictureError
from discern.picture import read_header

MANIFEST = "bundle.json"
FILE = "model.discern"
"""What a run calls its bundle."""

MEMBERS = (MANIFEST, "model.onnx", "golden.npz", "seen.npy", "CARD.md")
MAX_BYTES = 2 * 1024**3
_EPOCH = (1980, 1, 1, 0, 0, 0)
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")
# What a path makes of an address.
_AS_A_PATH = re.compile(r"^(https?|s3):/(?=[^/])")
_HOST = re.compile(r"[\w.-]+:\d{1,5}(/.*)?")
_ORDER = "The bundle is named first, then the pictures: runs/NAME/model.discern photos/."
_HINT = "Copy the bundle again from where it was made, or train it anew."


def pack(members: Mapping[str, bytes]) -> bytes:
    """Give the archive's bytes: the same members always give the same bytes."""
    if set(members) != set(MEMBERS):
        raise BundleError(f"A bundle has exactly {', '.join(MEMBERS)}, not {', '.join(sorted(members))}.")
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name in MEMBERS:
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.create_system = 3
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, members[name])
        archive.comment = fingerprint(members).encode()
    return buffer.getvalue()


def fingerprint(members: Mapping[str, bytes]) -> str:
    """The bundle's name among all bundles: sha256 of `bundle.json`, 64 hexadecimal digits."""
    return hashlib.sha256(members[MANIFEST]).hexdigest()


def write(path: Path, members: Mapping[str, bytes]) -> None:
    """Write the archive whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_write(path) as temporary:
        temporary.write_bytes(pack(members))


def is_url(given: object) -> bool:
    """Tell whether something is an address, and no path.

    >>> is_url("https://shop.example/a.jpg"), is_url("C:/a.jpg")
    (True, False)
    """
    return isinstance(given, str) and _ADDRESS.match(given) is not None


def unpack(given: str | Path) -> dict[str, bytes]:
    """Read all members, distrusting the container.

    Raises:
        BundleError: there is no such file, it is something else than a bundle, it is too large, or may not be read.
        BundleDamaged: it lacks a member, has one too many, was changed, or could do harm.
    """
    address = _AS_A_PATH.sub(r"\1://", str(given))
    if is_url(address):
        raise BundleError(
            f"{address} is an address, and no bundle here.",
            hint="`discern evaluate` judges a server, and `discern.Client` asks one; else download the bundle.",
        )
    path = Path(given)
    data = _read(path)
    _require_no_picture(path, data)
    members = _read_members(path, data)
    if data != pack(members):
        raise BundleDamaged(f"{path} has bytes that no bundle has there.", hint=_HINT)
    _require_harmless(path, members)
    return members


def _require_harmless(path: Path, members: Mapping[str, bytes]) -> None:
    """Refuse what only a forger writes: a graph that reads files or never ends, arrays that claim too much, no text."""
    if fault := find_fault(members["model.onnx"]):
        raise BundleDamaged(f"{path}: its graph {fault}.", hint=_HINT)
    try:
        np.load(io.BytesIO(members["seen.npy"]), allow_pickle=False)
        members["CARD.md"].decode()
    except (EOFError, OSError, ValueError, MemoryError, TokenError) as error:
        raise BundleDamaged(f"{path}: seen.npy or CARD.md cannot be read ({error}).", hint=_HINT) from error


def _read(path: Path) -> bytes:
    try:
        if not path.is_file():
            raise BundleError(f"There is no bundle at {path}.", hint=_where_else(path))
        if path.stat().st_size > MAX_BYTES:
            raise BundleError(f"{path} is larger than any bundle ({MAX_BYTES >> 30} GiB).", hint="Is it another file?")
        return path.read_bytes()
    except OSError as error:
        raise BundleError(f"{path} cannot be read: {error.strerror}.", hint="Allow it, or copy it.") from error


def _where_else(path: Path) -> str:
    """Say what may have been meant."""
    if (path / FILE).is_file():
        return f"It is a run's folder: name {path / FILE}."
    if _HOST.fullmatch(str(path)):
        return f"If it is a server's address, write http://{path} to `discern evaluate` or `discern.Client`."
    return f"`discern train` writes one as runs/NAME/{FILE}."


def _require_no_picture(path: Path, data: bytes) -> None:
    try:
        found = read_header(data)
    except PictureError:
        return
    raise BundleError(f"{path} is a picture ({found.format}), and no bundle.", hint=_ORDER)


def _first_name(data: bytes) -> str:
    """The name of a zip's first member, which stands there whatever became of its end."""
    return data[30 : 30 + len(MANIFEST)].decode("ascii", "replace")


def _read_members(path: Path, data: bytes) -> dict[str, bytes]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = archive.namelist()
            if not {*names, _first_name(data)} & set(MEMBERS):
                raise BundleError(f"{path} is an archive of other files, and no bundle.", hint=_ORDER)
            if sorted(names) != sorted(MEMBERS):
                raise BundleDamaged(f"{path} holds {names[:9]}, not exactly the members of a bundle.", hint=_HINT)
            if any(entry.compress_type != zipfile.ZIP_STORED for entry in archive.infolist()):
                raise BundleDamaged(f"{path} has compressed members, which no bundle has.", hint=_HINT)
            members = {name: archive.read(name) for name in names}
            comment = archive.comment.decode("ascii", "replace")
    except (zipfile.BadZipFile, EOFError, OSError, NotImplementedError, ValueError, RuntimeError) as error:
        raise BundleDamaged(f"{path} is not a bundle, or a damaged one ({error}).", hint=_HINT) from error
    if comment != fingerprint(members):
        raise BundleDamaged(f"{path}: bundle.json is not the one that was written.", hint=_HINT)
    return members
