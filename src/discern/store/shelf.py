"""Persistent table of computed rows, addressed by the content that they were computed from."""

import hashlib
import os
import re
import threading
from collections.abc import Collection, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from discern.errors import StoreError
from discern.store.cache_names import SUFFIX
from discern.store.chunk import Chunk, read_chunk, write_chunk
from discern.store.index import KEY, Index
from discern.store.permissions import require_private
from discern.store.rows import Rows

_NAME = re.compile(r"[A-Za-z0-9._-]{1,160}")
_CHUNK_BYTES = 16 << 20  # not tuned


class Shelf:
    """Persistent table of cached rows, addressed by the SHA-256 digests of their source content.

    Several threads and processes may read and write one shelf: chunks are written atomically under unique names, and
    never changed. A chunk is verified once per `Shelf`, when one of its rows is first requested; a damaged chunk is
    deleted, and its rows count as missing.

    Args:
        folder: directory of the cache; created by the first `put`, for its user alone.
        name: name of the rows: letters, digits, ".", "_", "-". Name, dtype and shape identify the shelf.
        dtype: dtype of the elements; may be structured, but not hold Python objects.
        shape: shape of one row.

    Raises:
        StoreError: the shelf was written by a newer version of Discern, or the folder belongs to another user.
    """

    def __init__(self, folder: Path, name: str, dtype: np.dtype[Any], *, shape: tuple[int, ...] = ()) -> None:
        if not _NAME.fullmatch(name):
            raise ValueError(f"invalid name of a shelf: {name!r}")
        self.dtype = np.dtype(dtype)
        if self.dtype.hasobject:
            raise ValueError("a shelf cannot store Python objects")
        self.shape = tuple(shape)
        layout = f"{self.dtype.newbyteorder('<').descr} {self.shape}"
        self._identity = f"{name}-{hashlib.sha256(layout.encode()).hexdigest()[:12]}"
        require_private(folder, self._identity)
        self.folder = folder / self._identity
        self._lock = threading.RLock()
        self._chunks: dict[int, Chunk] = {}
        self._numbers: dict[str, int] = {}
        self._verified: set[str] = set()
        self._rejected: set[str] = set()
        self._index = Index()
        self._refresh()

    def __contains__(self, content: str) -> bool:
        return bool(self.contains([content])[0])

    def contains(self, contents: Sequence[str]) -> np.ndarray:
        """Check which content hashes have a stored row, without reading the directory again.

        The result is bool [n].
        """
        with self._lock:
            return self._find(_keys(contents))[0] >= 0

    def missing(self, contents: Sequence[str]) -> list[int]:
        """Return the positions of the content hashes without a stored row, once for equal ones."""
        with self._lock:
            self._refresh()
            return list(map(int, self._new(_keys(contents))))

    def put(self, contents: Sequence[str], rows: np.ndarray) -> None:
        """Store rows by content hash without replacing those already stored.

        The rows are [len(contents), *shape].

        Raises:
            ValueError: the rows have another shape or dtype.
            StoreError: the folder cannot be written.
        """
        if rows.shape != (len(contents), *self.shape) or rows.dtype != self.dtype:
            expected = f"{len(contents)} rows of {self.dtype} {self.shape}"
            raise ValueError(f"expected {expected}, got {rows.dtype} {rows.shape}")
        keys = _keys(contents)
        with self._lock:
            new = self._new(keys)
        step = max(1, _CHUNK_BYTES // max(1, self._row_bytes))
        for start in range(0, len(new), step):
            at = new[start : start + step]
            part = rows[at[0] : at[-1] + 1] if at[-1] - at[0] == len(at) - 1 else rows[at]
            little_endian = part.astype(self.dtype.newbyteorder("<"), copy=False)
            chunk = write_chunk(self.folder, self._identity, keys[at], little_endian)
            with self._lock:
                self._verified.add(chunk.path.name)
                self._add(chunk, keys[at])

    def rows(self, contents: Sequence[str]) -> Rows:
        """Look up rows by content hash, in order, without reading them from disk.

        Raises:
            StoreError: a row is not stored.
        """
        with self._lock:
            self._refresh()
            found, place = self._find(_keys(contents))
            numbers, chunk = np.unique(found, return_inverse=True)
            chunks = [self._chunks[number] for number in numbers.tolist() if number >= 0]
        if len(chunks) < len(numbers):
            raise StoreError(
                f"The cache at {self.folder} has no row for content {contents[int(np.argmin(found))][:16]}.",
                hint="Run the same command again: only the missing rows are recomputed.",
            )
        chunk = chunk.astype(np.int32)
        return Rows(chunks, chunk, place, dtype=self.dtype.newbyteorder("<"), row_shape=self.shape)

    def verified(self) -> set[str]:
        """Return the names of the cache files that this process has written or verified."""
        return set(self._verified)

    def mark_verified(self, chunks: set[str]) -> None:
        """Mark cache files as verified by another process, to skip their verification."""
        self._verified |= chunks

    @property
    def _row_bytes(self) -> int:
        return self.dtype.itemsize * int(np.prod(self.shape, dtype=np.int64))

    def _refresh(self) -> None:
        """Update the index with cache files that other processes have added or removed."""
        try:
            names = {name for name in os.listdir(self.folder) if name.endswith(SUFFIX)}  # noqa: PTH208 - names only
        except OSError:
            names = set()
        self._drop(self._numbers.keys() - names)
        for name in sorted(names - self._numbers.keys() - self._rejected):
            read = read_chunk(self.folder / name, self._identity, self._row_bytes)
            if read is None:
                self._rejected.add(name)
            else:
                self._add(*read)

    def _add(self, chunk: Chunk, keys: np.ndarray) -> None:
        number = max(self._chunks, default=-1) + 1
        self._chunks[number] = chunk
        self._numbers[chunk.path.name] = number
        self._index.add(keys, number)

    def _drop(self, names: Collection[str]) -> None:
        if names:
            numbers = {self._numbers.pop(name) for name in names}
            for number in numbers:
                del self._chunks[number]
            self._index.remove(numbers)

    def _new(self, keys: np.ndarray) -> np.ndarray:
        """Return the positions of keys without a stored row, once for equal keys."""
        _, first = np.unique(keys, return_index=True)
        first.sort()
        new: np.ndarray = first[self._find(keys[first])[0] < 0]
        return new

    def _find(self, keys: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Find the verified file number and row number of each key, -1 where missing."""
        while True:
            found, place = self._index.find(keys)
            chunks = [self._chunks[number] for number in np.unique(found).tolist() if number >= 0]
            damaged = [chunk for chunk in chunks if not self._verify(chunk)]
            if not damaged:
                return found, place
            for chunk in damaged:
                with suppress(OSError):
                    chunk.path.unlink()
            self._rejected.update(chunk.path.name for chunk in damaged)
            self._drop([chunk.path.name for chunk in damaged])

    def _verify(self, chunk: Chunk) -> bool:
        name = chunk.path.name
        if name not in self._verified and chunk.is_intact():
            self._verified.add(name)
            with suppress(OSError):
                os.utime(chunk.path)  # "last used", for pruning
        return name in self._verified


def _keys(contents: Sequence[str]) -> np.ndarray:
    """Convert hexadecimal content hashes to an array of binary keys."""
    invalid = next((content for content in contents if len(content) != 2 * KEY.itemsize), None)
    if invalid is not None:
        raise ValueError(f"a content hash must have 64 hex digits: {invalid!r}")
    return np.frombuffer(bytes.fromhex("".join(contents)), KEY) if contents else np.empty(0, KEY)
