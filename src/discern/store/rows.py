"""Rows of a shelf in the order they were asked for, read from disk only when they are needed."""

import operator
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Self, SupportsIndex

import numpy as np

from discern.errors import StoreError
from discern.store.chunk import Chunk

# Mapped pages count as a process's memory, and each map holds a file handle: a few are enough.
_OPEN_MAPS = 4


class Rows:
    """A lazy array [N, *row shape] over the chunks of a shelf; only what is indexed is read.

    Args:
        chunks: the files that hold the rows.
        chunk: int [N], which of `chunks` holds each row.
        place: int [N], the row's place in that chunk.
        dtype: of one element.
        row_shape: of one row.
    """

    def __init__(
        self,
        chunks: Sequence[Chunk],
        chunk: np.ndarray,
        place: np.ndarray,
        *,
        dtype: np.dtype[Any],
        row_shape: tuple[int, ...],
    ) -> None:
        self._chunks = tuple(chunks)
        self._chunk = chunk
        self._place = place
        self.dtype = dtype
        self.row_shape = row_shape
        self._map = lru_cache(maxsize=_OPEN_MAPS)(self._open)

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the whole array: [N, *row shape]."""
        return (len(self), *self.row_shape)

    @property
    def ndim(self) -> int:
        """How many axes there are."""
        return 1 + len(self.row_shape)

    def __len__(self) -> int:
        return len(self._chunk)

    def __getitem__(self, key: int | slice | Sequence[int] | np.ndarray) -> np.ndarray:
        """Read one row [*row shape] (int) or several [n, *row shape] (slice, int array, bool array [N]).

        Raises:
            IndexError: there is no such row.
            StoreError: the rows were pruned since they were looked up.
        """
        if isinstance(key, slice):
            return self._gather(np.arange(len(self))[key])
        if isinstance(key, SupportsIndex) and np.ndim(key) == 0:
            row: np.ndarray = self._gather(self._positions([operator.index(key)]))[0]
            return row
        return self._gather(self._positions(np.asarray(key)))

    def __array__(self, dtype: np.dtype[Any] | None = None, copy: bool | None = None) -> np.ndarray:  # noqa: FBT001
        """Read everything: for sets that are known to be small."""
        everything = self._gather(np.arange(len(self)))
        return everything if dtype is None else everything.astype(dtype, copy=False)

    def select(self, positions: Sequence[int] | np.ndarray) -> Self:
        """Take some rows (int array, or bool array [N]) in the given order, without reading them."""
        positions = self._positions(positions)
        return type(self)(
            self._chunks, self._chunk[positions], self._place[positions], dtype=self.dtype, row_shape=self.row_shape
        )

    def _positions(self, key: Sequence[int] | np.ndarray) -> np.ndarray:
        positions = np.asarray(key)
        if positions.size == 0 and positions.dtype != np.bool_:
            positions = positions.astype(np.int64)
        chosen: np.ndarray = np.arange(len(self))[positions]
        return chosen

    def _gather(self, positions: np.ndarray) -> np.ndarray:
        gathered = np.empty((len(positions), *self.row_shape), self.dtype)
        chunk, place = self._chunk[positions], self._place[positions]
        order = np.argsort(chunk, kind="stable")
        starts = np.flatnonzero(np.diff(chunk[order], prepend=-1))
        for taken in np.split(order, starts[1:]) if len(order) else []:
            gathered[taken] = self._map(int(chunk[taken[0]]))[place[taken]]
        return gathered

    def _open(self, number: int) -> np.ndarray:
        chunk = self._chunks[number]
        shape = (chunk.count, *self.row_shape)
        try:
            return np.memmap(chunk.path, self.dtype, "r", chunk.offset, shape)
        except (OSError, ValueError) as error:
            raise StoreError(
                f"Rows of the cache at {chunk.path.parent} went away while they were in use.",
                hint="Run the same command again: only what is gone is computed again.",
            ) from error
