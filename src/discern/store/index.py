"""Where each key lies, in arrays: 40 bytes a key."""

from typing import NamedTuple

import numpy as np

KEY = np.dtype("S32")
_NOWHERE = -1


class _Run(NamedTuple):
    """Keys in their order, of equal ones the first that came first, with the chunk and the place of each."""

    keys: np.ndarray
    chunks: np.ndarray
    places: np.ndarray


class Index:
    """Finds many keys at once. What is added is sorted, and joined with what came before once there is as much of it.

    So there are few arrays, and each key is sorted a few times in all.
    """

    def __init__(self) -> None:
        self._runs: list[_Run] = []

    def add(self, keys: np.ndarray, chunk: int) -> None:
        """Note the keys of one chunk, `KEY` [n], in the order of its rows; what is noted already stays first."""
        places = np.arange(len(keys), dtype=np.int32)
        run = _sorted(_Run(keys, np.full(len(keys), chunk, np.int32), places))
        while self._runs and len(self._runs[-1].keys) <= 2 * len(run.keys):
            run = _sorted(_Run(*map(np.concatenate, zip(self._runs.pop(), run, strict=True))))
        self._runs.append(run)

    def remove(self, chunks: set[int]) -> None:
        """Forget some chunks."""
        kept = [~np.isin(run.chunks, list(chunks)) for run in self._runs]
        self._runs = [_Run(*(part[keep] for part in run)) for run, keep in zip(self._runs, kept, strict=True)]

    def find(self, keys: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Give the chunk and the place of each key, int32 [n] each; -1 where it is not noted."""
        chunks, places = np.full((2, len(keys)), _NOWHERE, np.int32)
        for run in reversed(self._runs):
            if len(run.keys):
                at = np.minimum(np.searchsorted(run.keys, keys), len(run.keys) - 1)
                hit = run.keys[at] == keys
                chunks[hit], places[hit] = run.chunks[at[hit]], run.places[at[hit]]
        return chunks, places


def _sorted(run: _Run) -> _Run:
    order = np.argsort(run.keys, kind="stable")
    return _Run(*(part[order] for part in run))
