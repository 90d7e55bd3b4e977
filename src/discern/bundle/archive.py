"""Functions that read and write a model bundle as a canonical zip archive.

Any changed byte is therefore detected. Members have a fixed order and fixed timestamps and attributes, and are stored
uncompressed; the zip's comment is the sha256 of `bundle.json`, which has the sha256 of every other member. To change
the format, raise `FORMAT` in `manifest.py` and keep reading the old one.
"""

import hashlib
import io
import os
import re
import reprlib
import zipfile
from collections.abc import Mapping
from pathlib import Path

from discern.atomic import atomic_write
from discern.buckets.bucket_address import find_bucket_address
from discern.bundle.reference_pictures import ReferencePictures
from discern.bundle.seen_pictures import SeenPictures
from discern.bundle.stored_zip import is_canonical, read_stored, write_zip
from discern.bundle.strict_json import MAX_BYTES as MAX_JSON_BYTES
from discern.bundle.url_paths import find_address, is_web, local_path, remedy
from discern.errors import BundleDamaged, BundleError, PictureError, UsageError, overlong_path
from discern.picture import read_header

MANIFEST = "bundle.json"
FILE = "model.discern"
"""File name of the bundle in a run's folder."""

MEMBERS = (MANIFEST, "model.onnx", "golden.npz", "seen.npy", "CARD.md")
REFERENCE = "reference.npz"
OPTIONAL = (REFERENCE,)
"""Members that a bundle may lack, after the others."""

MAX_BYTES = 2 * 1024**3
# Eight million training pictures; a card of 32,768 classes. Not tuned.
MEMBER_LIMITS = {
    MANIFEST: MAX_JSON_BYTES,
    "golden.npz": 16 << 20,
    "seen.npy": 128 << 20,
    "CARD.md": 8 << 20,
    REFERENCE: 1 << 20,
}
"""Maximum size of each member in bytes, apart from the graph."""

_CENTRAL_ENTRY, _MAX_ENTRIES = b"PK\x01\x02", 1000  # weights may contain it by chance
_HOST = re.compile(r"[\w.-]+:\d{1,5}(/.*)?")
_ORDER = "The bundle comes first, then the pictures: runs/NAME/model.discern photos/."
DAMAGED_HINT = "Copy the bundle again from its source, or train it again."


def pack(members: Mapping[str, bytes]) -> bytes:
    """Serialise the members of a model bundle to a canonical zip archive."""
    if not set(MEMBERS) <= set(members) <= {*MEMBERS, *OPTIONAL}:
        found = ", ".join(sorted(members))
        raise BundleError(
            f"A bundle has exactly {', '.join(MEMBERS)}, and may have {', '.join(OPTIONAL)}, not {found}."
        )
    buffer = io.BytesIO()
    write_zip(buffer, _in_order(members), fingerprint(members).encode())
    return buffer.getvalue()


def _in_order(members: Mapping[str, bytes]) -> dict[str, bytes]:
    return {name: members[name] for name in (*MEMBERS, *OPTIONAL) if name in members}


def fingerprint(members: Mapping[str, bytes]) -> str:
    """Compute the fingerprint of a model bundle, the SHA-256 digest of its `bundle.json`."""
    return hashlib.sha256(members[MANIFEST]).hexdigest()


def write(path: Path, members: Mapping[str, bytes]) -> None:
    """Write a model bundle to a file atomically."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_write(path) as temporary:
        temporary.write_bytes(pack(members))


def unpack(source: str | Path) -> dict[str, bytes]:
    """Read and validate the members of an untrusted model bundle.

    Raises:
        BundleError: the file does not exist, cannot be read, is too large, or is not a bundle.
        BundleDamaged: a member is missing, added, changed or unsafe.
    """
    return unpack_bytes(read_bundle(source), Path(source))


def read_bundle(source: str | Path) -> bytes:
    """Read the file of an untrusted model bundle, without validating its content.

    Raises:
        BundleError: the file does not exist, cannot be read, or is too large.
        UsageError: the source is not a path.
    """
    if not isinstance(source, str | os.PathLike):
        raise UsageError(
            f"A bundle must be the path of a file, not {type(source).__name__}.",
            hint="Write it to a file, and pass its path.",
        )
    path = str(local_bundle(source))
    if found := find_address(path):
        kind, address = found
        hint = remedy(address)
        if is_web(address):
            hint = "Use `discern evaluate` or `discern.Client` for a server; otherwise download the bundle."
        raise BundleError(f"{address} is {kind}, not a local bundle.", hint=hint)
    if problem := overlong_path(path):
        raise BundleError(problem, hint="Pass the path of a bundle.")
    return _read(Path(path))


def local_bundle(source: str | Path) -> Path:
    """Return the path of a bundle for its path, a `file:` URL, or an address in a bucket, which is fetched.

    Raises:
        DiscernError: it cannot be fetched.
    """
    if find_bucket_address(source) is None:
        return Path(local_path(str(source)))
    from discern.buckets.mirror import fetch  # noqa: PLC0415 - needed for few bundles

    return Path(fetch(source))


def unpack_bytes(data: bytes, path: Path) -> dict[str, bytes]:
    """Validate the members of an untrusted model bundle that was read from a file (see `unpack`).

    Args:
        data: the content of the file.
        path: its path, for messages.
    """
    _reject_picture(path, data)
    members = _read_members(path, data)
    if not is_canonical(data, _in_order(members), fingerprint(members).encode()):
        raise BundleDamaged(f"{path} is not in the canonical form of a bundle.", hint=DAMAGED_HINT)
    _reject_unsafe(path, members)
    return members


def unpack_checked(source: str | Path, expected: str) -> dict[str, bytes]:
    """Read the members of a model bundle that was unpacked and checked before, elsewhere.

    Its fingerprint pins the digests of all members, which `Model` checks, so that their form need not be checked again.

    Args:
        source: path of the bundle.
        expected: fingerprint of the bundle that was checked.

    Raises:
        BundleError: the file does not exist or cannot be read.
        BundleDamaged: it is not a bundle, or another one.
    """
    path = local_path(str(source))
    try:
        with Path(path).open("rb") as file, zipfile.ZipFile(file) as archive:
            entries = {entry.filename: entry for entry in archive.infolist()}
            names = [*MEMBERS, *(name for name in OPTIONAL if name in entries)]
            members = {name: read_stored(file, entries[name]) for name in names}
        found = fingerprint(members)
    except OSError as error:
        raise BundleError(f"{path} cannot be read: {error.strerror}.", hint="Deploy it again.") from error
    except (zipfile.BadZipFile, KeyError, ValueError) as error:
        raise BundleDamaged(f"{path} is not a bundle.", hint=DAMAGED_HINT) from error
    if found != expected or len(entries) != len(members):
        raise BundleDamaged(f"{path} is not the bundle that was deployed.", hint="Deploy it again.")
    return members


def _reject_unsafe(path: Path, members: Mapping[str, bytes]) -> None:
    """Raise an error for members with an unsafe ONNX graph, or arrays or text that cannot be used."""
    # Imported here: a function in the cloud starts with a bundle that was checked when it was deployed.
    from discern.bundle.graph_safety import find_fault  # noqa: PLC0415

    if fault := find_fault(members["model.onnx"]):
        raise BundleDamaged(f"{path}: its graph {fault}.", hint=DAMAGED_HINT)
    read_seen(members["seen.npy"])
    read_card(members["CARD.md"])


def read_seen(data: bytes) -> SeenPictures:
    """Read the pictures that the model was made with from `seen.npy`.

    Raises:
        BundleDamaged: it is another file.
    """
    try:
        return SeenPictures.from_bytes(data)
    except ValueError as error:
        raise BundleDamaged(f"seen.npy cannot be used: {error}.", hint=DAMAGED_HINT) from error


def read_card(data: bytes) -> str:
    """Read the model card, Markdown text, from `CARD.md`.

    Raises:
        BundleDamaged: it is not UTF-8.
    """
    try:
        return data.decode()
    except ValueError as error:
        raise BundleDamaged(f"CARD.md cannot be used: {error}.", hint=DAMAGED_HINT) from error


def read_reference(members: Mapping[str, bytes], *, classes: int) -> ReferencePictures | None:
    """Read the held-out pictures to detect drift from `reference.npz`, or return None without that member.

    Raises:
        BundleDamaged: it is not a reference for a model with that many classes.
    """
    data = members.get(REFERENCE)
    return None if data is None else ReferencePictures.from_bytes(data, classes=classes)


def _read(path: Path) -> bytes:
    try:
        if not path.is_file():
            raise BundleError(f"There is no bundle at {path}.", hint=_suggest(path))
        if path.stat().st_size > MAX_BYTES:
            raise BundleError(
                f"{path} is larger than the limit of {MAX_BYTES >> 30} GiB.", hint="Check that it is a bundle."
            )
        return path.read_bytes()
    except OSError as error:
        raise BundleError(f"{path} cannot be read: {error.strerror}.", hint="Check its permissions.") from error


def _suggest(path: Path) -> str:
    """Suggest a remedy for a path that is not a model bundle."""
    if (path / FILE).is_file():
        return f"This is a run's folder: use {path / FILE}."
    if _HOST.fullmatch(str(path)):
        return f"If this is a server, pass http://{path} to `discern evaluate` or `discern.Client`."
    return f"Check the path: `discern train` writes bundles to runs/NAME/{FILE}."


def _reject_picture(path: Path, data: bytes) -> None:
    try:
        found = read_header(data)
    except PictureError:
        return
    raise BundleError(f"{path} is a picture ({found.format}), not a bundle.", hint=_ORDER)


def _first_name(data: bytes) -> str:
    """Read the name of the first member of a possibly truncated zip archive."""
    return data[30 : 30 + len(MANIFEST)].decode("ascii", "replace")


def _read_members(path: Path, data: bytes) -> dict[str, bytes]:
    if data.count(_CENTRAL_ENTRY) > _MAX_ENTRIES:
        if _first_name(data) == MANIFEST:
            raise BundleDamaged(f"{path} has far more entries than a bundle, or golden.npz has.", hint=DAMAGED_HINT)
        raise BundleError(f"{path} is an archive of other files, not a bundle.", hint=_ORDER)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = archive.namelist()
            if not {*names, _first_name(data)} & set(MEMBERS):
                raise BundleError(f"{path} is an archive of other files, not a bundle.", hint=_ORDER)
            if len(names) != len(set(names)) or not set(MEMBERS) <= set(names) <= {*MEMBERS, *OPTIONAL}:
                raise BundleDamaged(
                    f"{path} contains {reprlib.repr(names)}, not exactly the members of a bundle.", hint=DAMAGED_HINT
                )
            entries = archive.infolist()
            if any(entry.compress_type != zipfile.ZIP_STORED for entry in entries):
                raise BundleDamaged(f"{path} has compressed members; those of a bundle are stored.", hint=DAMAGED_HINT)
            _reject_sizes(path, entries, len(data))
            members = {name: archive.read(name) for name in names}
            comment = archive.comment.decode("ascii", "replace")
    except (zipfile.BadZipFile, EOFError, OSError, NotImplementedError, ValueError, RuntimeError) as error:
        problem = "is an incomplete or altered bundle" if _first_name(data) == MANIFEST else "is not a bundle"
        raise BundleDamaged(f"{path} {problem}.", hint=DAMAGED_HINT) from error
    if comment != fingerprint(members):
        raise BundleDamaged(f"{path}: bundle.json was changed.", hint=DAMAGED_HINT)
    return members


def _reject_sizes(path: Path, entries: list[zipfile.ZipInfo], total: int) -> None:
    if sum(entry.file_size for entry in entries) > total:
        raise BundleDamaged(f"{path} has members that overlap.", hint=DAMAGED_HINT)
    for entry in entries:
        if entry.file_size > (limit := MEMBER_LIMITS.get(entry.filename, MAX_BYTES)):
            raise BundleDamaged(f"{path}: {entry.filename} is larger than {limit >> 20} MiB.", hint=DAMAGED_HINT)
