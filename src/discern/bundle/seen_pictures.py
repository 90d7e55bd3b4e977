"""Set of the images that a model was made with, stored as 8-byte prefixes of digests in `seen.npy`.

The rows are the prefixes of the training pictures' content hashes, a row of zeros, and prefixes of keyed digests: of
the training pictures' pixel hashes, and of both hashes of the pictures that set thresholds. Older bundles have the
first kind of row only, and to older versions of Discern the others are content hashes of no picture.
"""

import hashlib
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from discern.bundle.npy_array import read_array

_PREFIX_BYTES = 8
_PIXELS, _SET_THRESHOLDS = "pixels", "set thresholds"


@dataclass(frozen=True)
class PictureHashes:
    """Hashes of images, as hexadecimal strings of at least 16 digits.

    Attributes:
        content: hashes of the files; "" for unreadable ones.
        pixels: hashes of the decoded pictures, which do not change if a file is saved again without loss.
    """

    content: Sequence[str] = ()
    pixels: Sequence[str] = ()

    def __add__(self, other: "PictureHashes") -> "PictureHashes":
        """Return the hashes of both sets of images."""
        return PictureHashes(content=[*self.content, *other.content], pixels=[*self.pixels, *other.pixels])


@dataclass(frozen=True, kw_only=True, eq=False)
class SeenPictures:
    """Set of the images that a model was trained on, or whose predictions set its thresholds.

    Attributes:
        contents: prefixes of the content hashes of the training pictures, uint8 `[n, 8]`.
        digests: prefixes of the keyed digests, uint8 `[m, 8]`; None in bundles of older versions, which cannot tell
            pictures that were saved again or that set thresholds.
    """

    contents: np.ndarray
    digests: np.ndarray | None

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Read the content of an untrusted `seen.npy`, which is not copied.

        Raises:
            ValueError: it is another file.
        """
        rows = read_array(data, dtype="|u1", dimensions=2)
        if rows.shape[1] != _PREFIX_BYTES:
            raise ValueError("it does not contain hashes")
        borders = np.flatnonzero(_numbers(rows) == 0)
        if not len(borders):
            return cls(contents=rows, digests=None)
        return cls(contents=rows[: borders[0]], digests=rows[borders[0] + 1 :])

    def trained_on(self, pictures: PictureHashes) -> np.ndarray:
        """Return a boolean mask of the images that are training pictures, by content or by pixels."""
        by_content = _are_in(self.contents, map(_prefix, pictures.content))
        return np.asarray(by_content | self._has(_PIXELS, pictures.pixels))

    def set_thresholds(self, pictures: PictureHashes) -> np.ndarray:
        """Return a boolean mask of the images whose predictions set the thresholds, without training pictures."""
        found = [self._has(_SET_THRESHOLDS, hashes) for hashes in (pictures.content, pictures.pixels)]
        return np.asarray(np.any(found, axis=0))

    def _has(self, kind: str, hashes: Sequence[str]) -> np.ndarray:
        if self.digests is None:
            return np.zeros(len(hashes), bool)
        return _are_in(self.digests, (_digest(kind, each) for each in hashes))


def write_seen(trained: PictureHashes, set_thresholds: PictureHashes) -> bytes:
    """Write the content of `seen.npy`."""
    digests = {_digest(_PIXELS, each) for each in trained.pixels}
    digests |= {_digest(_SET_THRESHOLDS, each) for each in (*set_thresholds.content, *set_thresholds.pixels)}
    rows = [*_sorted(map(_prefix, trained.content)), bytes(_PREFIX_BYTES), *_sorted(digests)]
    buffer = io.BytesIO()
    np.save(buffer, np.frombuffer(b"".join(rows), np.uint8).reshape(-1, _PREFIX_BYTES))
    return buffer.getvalue()


def _sorted(prefixes: Iterable[bytes]) -> list[bytes]:
    return sorted({prefix for prefix in prefixes if any(prefix)})


def _prefix(content: str) -> bytes:
    return bytes.fromhex(content[: 2 * _PREFIX_BYTES]) or bytes(_PREFIX_BYTES)


def _digest(kind: str, picture_hash: str) -> bytes:
    return hashlib.sha256(f"{kind} {picture_hash}".encode()).digest()[:_PREFIX_BYTES]


def _numbers(rows: np.ndarray) -> np.ndarray:
    """Return rows of 8 bytes as integers."""
    return rows.view("<u8").ravel()


def _are_in(rows: np.ndarray, prefixes: Iterable[bytes]) -> np.ndarray:
    """Return a boolean mask of the prefixes that are among the rows."""
    wanted = np.frombuffer(b"".join(prefixes), "<u8")
    return np.asarray(np.isin(wanted, _numbers(rows)))
