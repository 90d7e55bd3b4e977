"""Rows of one kind, kept by the content they were computed from."""

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
from discern.store.chunk import SUFFIX, Chunk, read_chunk, write_chunk
from discern.store.index import KEY, Index
from discern.store.rows import Rows

_NAME = re.compile(r"[A-Za-z0-9._-]{1,160}")
_CHUNK_BYTES = 16 << 20


class Shelf:
    """Rows of one dtype and shape, each found by the sha256 of the content it was computed from.

    Several threads and processes may read and write one shelf: a chunk appears whole, under a name of its own, and is
    never changed. A chunk is hashed once per `Shelf`, when a row of it is first asked for; what does not hold is
    removed and its rows are missing again.

    Args:
        folder: the cache; made when something is first put.
        name: what the rows are: letters, digits, ".", "_", "-". With dtype and shape it is the shelf's identity.
        dtype: of the rows' elements; may be structured, but holds no Python objects.
        shape: of one row.

    Raises:
        StoreError: a newer version of Discern wrote this shelf.
    """

    def __init__(self, folder: Path, name: str, dtype: np.dtype[Any], *, shape: tuple[int, ...] = ()) -> None:
        if not _NAME.fullmatch(name):
            raise ValueError(f"not a name for a shelf: {name!r}")
        self.dtype = np.dtype(dtype)
        if self.dtype.hasobject:
            raise ValueError("a shelf keeps numbers, not Python objects")
        self.shape = tuple(shape)
        kind = f"{self.dtype.newbyteorder('<').descr} {self.shape}"
        self._identity = f"{name}-{hashlib.sha256(kind.encode()).hexdigest()[:12]}"
        self.folder = folder / self._identity
        self._lock = threading.RLock()
        self._chunks: dict[int, Chunk] = {}
        self._numbers: dict[str, int] = {}
        self._sound: set[str] = set()
        self._refused: set[str] = set()
        self._index = Index()
        self._refresh()

    def __contains__(self, content: str) -> bool:
        return bool(self.known([content])[0])

    def known(self, contents: Sequence[str]) -> np.ndarray:
        """Tell which contents (64 hex digits each) were kept when this shelf last looked: bool [n]."""
        with self._lock:
            return self._find(_keys(contents))[0] >= 0

    def missing(self, contents: Sequence[str]) -> list[int]:
        """Give the positions whose content (64 hex digits) is not kept; of equal ones the first only."""
        with self._lock:
            self._refresh()
            return list(map(int, self._new(_keys(contents))))

    def put(self, contents: Sequence[str], rows: np.ndarray) -> None:
        """Keep rows [len(contents), *shape]; what is kept already stays as it is.

        Raises:
            ValueError: the rows are of another shape or dtype.
            StoreError: the folder cannot be written.
        """
        if rows.shape != (len(contents), *self.shape) or rows.dtype != self.dtype:
            raise ValueError(f"{len(contents)} rows of {self.dtype} {self.shape} wanted, got {rows.dtype} {rows.shape}")
        keys = _keys(contents)
        with self._lock:
            new = self._new(keys)
        step = max(1, _CHUNK_BYTES // max(1, self._row_bytes))
        for start in range(0, len(new), step):
            taken = new[start : start + step]
            some = rows[taken[0] : taken[-1] + 1] if taken[-1] - taken[0] == len(taken) - 1 else rows[taken]
            little = some.astype(self.dtype.newbyteorder("<"), copy=False)
            chunk = write_chunk(self.folder, self._identity, keys[taken], little)
            with self._lock:
                self._sound.add(chunk.path.name)
                self._add(chunk, keys[taken])

    def rows(self, contents: Sequence[str]) -> Rows:
        """Look up rows in the order of `contents`, without reading them.

        Raises:
            StoreError: one of them is not kept.
        """
        with self._lock:
            self._refresh()
            found, place = self._find(_keys(contents))
            numbers, chunk = np.unique(found, return_inverse=True)
            chunks = [self._chunks[number] for number in numbers.tolist() if number >= 0]
        if len(chunks) < len(numbers):
            raise StoreError(
                f"The cache at {self.folder} has no row for content {contents[int(np.argmin(found))][:16]}.",
                hint="Run the same command again: what is gone is computed again.",
            )
        chunk = chunk.astype(np.int32)
        return Rows(chunks, chunk, place, dtype=self.dtype.newbyteorder("<"), row_shape=self.shape)

    def proven(self) -> set[str]:
        """Name the chunks that were written or hashed here."""
        return set(self._sound)

    def trust(self, chunks: set[str]) -> None:
        """Take chunks for sound that another process of this very run has `proven`."""
        self._sound |= chunks

    @property
    def _row_bytes(self) -> int:
        return self.dtype.itemsize * int(np.prod(self.shape, dtype=np.int64))

    def _refresh(self) -> None:
        """Take note of chunks that came (other writers) or went (pruning) since the last look."""
        try:
            names = {name for name in os.listdir(self.folder) if name.endswith(SUFFIX)}  # noqa: PTH208 - names only
        except OSError:
            names = set()
        self._forget(self._numbers.keys() - names)
        for name in sorted(names - self._numbers.keys() - self._refused):
            read = read_chunk(self.folder / name, self._identity, self._row_bytes)
            if read is None:
                self._refused.add(name)
            else:
                self._add(*read)

    def _add(self, chunk: Chunk, keys: np.ndarray) -> None:
        number = max(self._chunks, default=-1) + 1
        self._chunks[number] = chunk
        self._numbers[chunk.path.name] = number
        self._index.add(keys, number)

    def _forget(self, names: Collection[str]) -> None:
        if names:
            numbers = {self._numbers.pop(name) for name in names}
            for number in numbers:
                del self._chunks[number]
            self._index.remove(numbers)

    def _new(self, keys: np.ndarray) -> np.ndarray:
        """Positions of keys that are not kept, in their order; of equal ones the first."""
        _, first = np.unique(keys, return_index=True)
        first.sort()
        new: np.ndarray = first[self._find(keys[first])[0] < 0]
        return new

    def _find(self, keys: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Number of the chunk, -1 for none, and place in it, in chunks that hold what was written: int32 [n] each."""
        while True:
            found, place = self._index.find(keys)
            chunks = [self._chunks[number] for number in np.unique(found).tolist() if number >= 0]
            damaged = [chunk for chunk in chunks if not self._is_sound(chunk)]
            if not damaged:
                return found, place
            for chunk in damaged:
                with suppress(OSError):
                    chunk.path.unlink()
            self._refused.update(chunk.path.name for chunk in damaged)
            self._forget([chunk.path.name for chunk in damaged])

    def _is_sound(self, chunk: Chunk) -> bool:
        name = chunk.path.name
        if name not in self._sound and chunk.is_sound():
            self._sound.add(name)
            with suppress(OSError):
                os.utime(chunk.path)  # "last used", for pruning
        return name in self._sound


def _keys(contents: Sequence[str]) -> np.ndarray:
    """`KEY` [n] of hashes in hex."""
    wrong = next((content for content in contents if len(content) != 2 * KEY.itemsize), None)
    if wrong is not None:
        raise ValueError(f"not a content hash of 64 hex digits: {wrong!r}")
    return np.frombuffer(bytes.fromhex("".join(contents)), KEY) if contents else np.empty(0, KEY)
