"""Rows of one kind, kept by the content they were computed from."""

import hashlib
import os
import re
import threading
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from discern.errors import StoreError
from discern.store.chunk import KEY_BYTES, SUFFIX, Chunk, read_chunk, write_chunk
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
        self._chunks: dict[str, Chunk] = {}
        self._sound: set[str] = set()
        self._refused: set[str] = set()
        self._index: dict[bytes, tuple[Chunk, int]] = {}
        self._refresh()

    def __contains__(self, content: str) -> bool:
        with self._lock:
            return self._find(bytes.fromhex(content)) is not None

    def missing(self, contents: Sequence[str]) -> list[int]:
        """Give the positions whose content (64 hex digits) is not kept; of equal ones the first only."""
        with self._lock:
            self._refresh()
            first = {content: position for position, content in reversed(list(enumerate(contents)))}
            return sorted(at for content, at in first.items() if self._find(bytes.fromhex(content)) is None)

    def put(self, contents: Sequence[str], rows: np.ndarray) -> None:
        """Keep rows [len(contents), *shape]; what is kept already stays as it is.

        Raises:
            ValueError: the rows are of another shape or dtype.
            StoreError: the folder cannot be written.
        """
        if rows.shape != (len(contents), *self.shape) or rows.dtype != self.dtype:
            raise ValueError(f"{len(contents)} rows of {self.dtype} {self.shape} wanted, got {rows.dtype} {rows.shape}")
        with self._lock:
            first = {content: at for at, content in reversed(list(enumerate(contents)))}
            new = sorted(at for content, at in first.items() if self._find(bytes.fromhex(content)) is None)
        step = max(1, _CHUNK_BYTES // max(1, self._row_bytes))
        for start in range(0, len(new), step):
            taken = new[start : start + step]
            keys = b"".join(_key(contents[at]) for at in taken)
            some = rows[taken[0] : taken[-1] + 1] if taken[-1] - taken[0] == len(taken) - 1 else rows[taken]
            little = some.astype(self.dtype.newbyteorder("<"), copy=False)
            chunk = write_chunk(self.folder, self._identity, keys, little)
            with self._lock:
                self._sound.add(chunk.path.name)
                self._add(chunk)

    def rows(self, contents: Sequence[str]) -> Rows:
        """Look up rows in the order of `contents`, without reading them.

        Raises:
            StoreError: one of them is not kept.
        """
        numbers: dict[Chunk, int] = {}
        chunk = np.empty(len(contents), np.int32)
        place = np.empty(len(contents), np.int64)
        with self._lock:
            self._refresh()
            for position, content in enumerate(contents):
                found = self._find(bytes.fromhex(content))
                if found is None:
                    raise StoreError(
                        f"The cache at {self.folder} has no row for content {content[:16]}.",
                        hint="Run the same command again: what is gone is computed again.",
                    )
                chunk[position] = numbers.setdefault(found[0], len(numbers))
                place[position] = found[1]
        return Rows(list(numbers), chunk, place, dtype=self.dtype.newbyteorder("<"), row_shape=self.shape)

    @property
    def _row_bytes(self) -> int:
        return self.dtype.itemsize * int(np.prod(self.shape, dtype=np.int64))

    def _refresh(self) -> None:
        """Take note of chunks that came (other writers) or went (pruning) since the last look."""
        try:
            names = {name for name in os.listdir(self.folder) if name.endswith(SUFFIX)}  # noqa: PTH208 - names only
        except OSError:
            names = set()
        gone = self._chunks.keys() - names
        for name in gone:
            del self._chunks[name]
        if gone:
            self._rebuild_index()
        for name in sorted(names - self._chunks.keys() - self._refused):
            chunk = read_chunk(self.folder / name, self._identity, self._row_bytes)
            if chunk is None:
                self._refused.add(name)
            else:
                self._add(chunk)

    def _add(self, chunk: Chunk) -> None:
        self._chunks[chunk.path.name] = chunk
        for place in range(chunk.count):
            self._index.setdefault(chunk.keys[place * KEY_BYTES : (place + 1) * KEY_BYTES], (chunk, place))

    def _rebuild_index(self) -> None:
        self._index.clear()
        for chunk in self._chunks.values():
            self._add(chunk)

    def _find(self, key: bytes) -> tuple[Chunk, int] | None:
        while found := self._index.get(key):
            if self._is_sound(found[0]):
                return found
        return None

    def _is_sound(self, chunk: Chunk) -> bool:
        name = chunk.path.name
        if name in self._sound:
            return True
        if chunk.is_sound():
            self._sound.add(name)
            with suppress(OSError):
                os.utime(chunk.path)  # "last used", for pruning
            return True
        self._refused.add(name)
        with suppress(OSError):
            chunk.path.unlink()
        del self._chunks[name]
        self._rebuild_index()
        return False


def _key(content: str) -> bytes:
    key = bytes.fromhex(content)
    if len(key) != KEY_BYTES:
        raise ValueError(f"not a content hash of 64 hex digits: {content!r}")
    return key
