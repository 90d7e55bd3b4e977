"""Functions that write cache files atomically and verify them by digest.

A chunk is a 512-byte JSON line (`format`, `shelf`, `rows`, `digest`), then the 32-byte content hashes of its rows, then
the rows as raw little-endian values. The digest is the SHA-256 of the shelf's identity, the hashes and the rows.
"""

import hashlib
import json
import os
import uuid
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from discern.atomic import atomic_write
from discern.errors import StoreError
from discern.store.cache_names import SUFFIX
from discern.store.index import KEY
from discern.store.permissions import private_folder

FORMAT = 1

_HEADER_BYTES = 512
_BLOCK_BYTES = 1 << 20


@dataclass(frozen=True, kw_only=True)
class Header:
    """Header of a cache file, with the identity of its table, its row count and its digest."""

    shelf: str
    rows: int
    digest: str


@dataclass(frozen=True, kw_only=True)
class Chunk:
    """Cache file that holds some of the rows of a cached table."""

    path: Path
    shelf: str
    count: int
    digest: str

    @property
    def offset(self) -> int:
        """Return the position of the first row in the file, in bytes."""
        return _HEADER_BYTES + KEY.itemsize * self.count

    def is_intact(self) -> bool:
        """Check that the content of the cache file matches its digest."""
        try:
            with self.path.open("rb") as file:
                file.seek(_HEADER_BYTES)
                digest = hashlib.sha256(self.shelf.encode())
                while block := file.read(_BLOCK_BYTES):
                    digest.update(block)
        except OSError:
            return False
        return digest.hexdigest() == self.digest


def write_chunk(folder: Path, shelf: str, keys: np.ndarray, rows: np.ndarray) -> Chunk:
    """Write rows and their content hashes to a new cache file atomically.

    The hashes are `KEY` [n].

    Raises:
        StoreError: the folder cannot be written, or belongs to another user.
    """
    parts = [np.ascontiguousarray(part).view(np.uint8).reshape(-1).data for part in (keys, rows)]
    digest = hashlib.sha256(shelf.encode())
    for part in parts:
        digest.update(part)
    path = private_folder(folder.parent, folder.name) / (uuid.uuid4().hex + SUFFIX)
    chunk = Chunk(path=path, shelf=shelf, count=len(rows), digest=digest.hexdigest())
    header = json.dumps({"format": FORMAT, "shelf": shelf, "rows": chunk.count, "digest": chunk.digest})
    try:
        with atomic_write(chunk.path, private=True) as unfinished, unfinished.open("wb") as file:
            file.write(header.encode().ljust(_HEADER_BYTES - 1) + b"\n")
            file.writelines(parts)
    except OSError as error:
        raise StoreError(
            f"The cache at {folder} cannot be written: {error.strerror or error}.",
            hint="Free disk space, or choose another folder with --cache.",
        ) from error
    return chunk


def read_chunk(path: Path, shelf: str, row_bytes: int) -> tuple[Chunk, np.ndarray] | None:
    """Read the header and the content hashes of a cache file.

    Returns None if the file is not a complete chunk of this shelf.

    Raises:
        StoreError: the chunk was written by a newer version.
    """
    try:
        if not path.is_file():  # opening a pipe would block
            return None
        with path.open("rb") as file:
            header = read_header(path, file.read(_HEADER_BYTES))
            size = os.fstat(file.fileno()).st_size
            if header is None or header.shelf != shelf or size != _size(header.rows, row_bytes):
                return None
            keys = np.frombuffer(file.read(KEY.itemsize * header.rows), KEY)
    except OSError:
        return None
    return Chunk(path=path, shelf=shelf, count=header.rows, digest=header.digest), keys


def _size(rows: int, row_bytes: int) -> int:
    return _HEADER_BYTES + rows * (KEY.itemsize + row_bytes)


def read_header(path: Path, line: bytes) -> Header | None:
    """Parse the header of a cache file, or return None if it is invalid.

    Raises:
        StoreError: the chunk was written by a newer version.
    """
    try:
        fields = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(fields, dict) or not isinstance(fields.get("format"), int):
        return None
    if fields["format"] > FORMAT:
        raise StoreError(
            f"The cache at {path.parent} was written by a newer version of Discern (format {fields['format']}).",
            hint="Upgrade Discern, or choose another folder with --cache.",
        )
    shelf, rows, digest = fields.get("shelf"), fields.get("rows"), fields.get("digest")
    if isinstance(shelf, str) and isinstance(rows, int) and isinstance(digest, str) and rows > 0:
        return Header(shelf=shelf, rows=rows, digest=digest)
    return None
