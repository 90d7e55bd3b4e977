"""Compact in-memory index that locates cached rows by content hash."""

from typing import NamedTuple

import numpy as np

KEY = np.dtype("S32")
_MISSING = -1


class _Run(NamedTuple):
    keys: np.ndarray
    chunks: np.ndarray
    rows: np.ndarray


class Index:
    """Index that locates cached rows by content hash, kept as a log-structured merge of sorted arrays.

    A new run is merged with earlier ones of similar size, so that there are few runs, and each key is sorted few times.
    """

    def __init__(self) -> None:
        self._runs: list[_Run] = []

    def add(self, keys: np.ndarray, chunk: int) -> None:
        """Add the content hashes of one cache file to the index, in row order.

        They are `KEY` [n]; the first of equal ones is found.
        """
        rows = np.arange(len(keys), dtype=np.int32)
        run = _sorted(_Run(keys, np.full(len(keys), chunk, np.int32), rows))
        while self._runs and len(self._runs[-1].keys) <= 2 * len(run.keys):
            run = _sorted(_Run(*map(np.concatenate, zip(self._runs.pop(), run, strict=True))))
        self._runs.append(run)

    def remove(self, chunks: set[int]) -> None:
        """Remove the content hashes of the given cache files from the index."""
        masks = [~np.isin(run.chunks, list(chunks)) for run in self._runs]
        self._runs = [_Run(*(column[mask] for column in run)) for run, mask in zip(self._runs, masks, strict=True)]

    def find(self, keys: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Find the file number and row number of each content hash.

        Both are int32 [n], -1 where missing.
        """
        chunks, rows = np.full((2, len(keys)), _MISSING, np.int32)
        for run in reversed(self._runs):
            if len(run.keys):
                at = np.minimum(np.searchsorted(run.keys, keys), len(run.keys) - 1)
                hit = run.keys[at] == keys
                chunks[hit], rows[hit] = run.chunks[at[hit]], run.rows[at[hit]]
        return chunks, rows


def _sorted(run: _Run) -> _Run:
    order = np.argsort(run.keys, kind="stable")
    return _Run(*(column[order] for column in run))
