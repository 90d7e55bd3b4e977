"""Array of cached rows that reads from disk only when it is accessed."""

import operator
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Self, SupportsIndex

import numpy as np

from discern.errors import StoreError
from discern.store.chunk import Chunk

_OPEN_MAPS = 4  # mapped pages count as memory of the process, and each map holds a file handle; not tuned


class Rows:
    """Array of cached rows that reads from disk only when it is accessed.

    Args:
        chunks: files that hold the rows.
        chunk: index into `chunks` of each row, int [N].
        place: position of each row in its chunk, int [N].
        dtype: dtype of the elements.
        row_shape: shape of one row.
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
        """Return the shape of the array, with the number of rows first."""
        return (len(self), *self.row_shape)

    @property
    def ndim(self) -> int:
        """Return the number of array dimensions."""
        return 1 + len(self.row_shape)

    def __len__(self) -> int:
        return len(self._chunk)

    def __getitem__(self, key: int | slice | Sequence[int] | np.ndarray) -> np.ndarray:
        """Read one or more rows from disk.

        An int gives one row [*row shape]; a slice, an int array or a bool array [N] gives several, [n, *row shape].

        Raises:
            IndexError: an index is out of range.
            StoreError: the rows were pruned since they were looked up.
        """
        if isinstance(key, slice):
            return self._gather(np.arange(len(self))[key])
        if isinstance(key, SupportsIndex) and np.ndim(key) == 0:
            row: np.ndarray = self._gather(self._positions([operator.index(key)]))[0]
            return row
        return self._gather(self._positions(np.asarray(key)))

    def __array__(self, dtype: np.dtype[Any] | None = None, copy: bool | None = None) -> np.ndarray:  # noqa: FBT001
        """Read all rows from disk into a NumPy array."""
        rows = self._gather(np.arange(len(self)))
        return rows if dtype is None else rows.astype(dtype, copy=False)

    def select(self, positions: Sequence[int] | np.ndarray) -> Self:
        """Select rows by an integer or boolean array without reading them from disk."""
        positions = self._positions(positions)
        return type(self)(
            self._chunks, self._chunk[positions], self._place[positions], dtype=self.dtype, row_shape=self.row_shape
        )

    def _positions(self, key: Sequence[int] | np.ndarray) -> np.ndarray:
        positions = np.asarray(key)
        if positions.size == 0 and positions.dtype != np.bool_:
            positions = positions.astype(np.int64)
        selected: np.ndarray = np.arange(len(self))[positions]
        return selected

    def _gather(self, positions: np.ndarray) -> np.ndarray:
        gathered = np.empty((len(positions), *self.row_shape), self.dtype)
        chunk, place = self._chunk[positions], self._place[positions]
        order = np.argsort(chunk, kind="stable")
        starts = np.flatnonzero(np.diff(chunk[order], prepend=-1))
        for rows in np.split(order, starts[1:]) if len(order) else []:
            gathered[rows] = self._map(int(chunk[rows[0]]))[place[rows]]
        return gathered

    def _open(self, number: int) -> np.ndarray:
        chunk = self._chunks[number]
        shape = (chunk.count, *self.row_shape)
        try:
            return np.memmap(chunk.path, self.dtype, "r", chunk.offset, shape)
        except (OSError, ValueError) as error:
            raise StoreError(
                f"Rows of the cache at {chunk.path.parent} were removed while in use.",
                hint="Run the same command again: only the missing rows are recomputed.",
            ) from error
