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
        digests: prefixes of the keyed digests; None in bundles of older versions, which cannot tell pictures that were
            saved again or that set thresholds.
    """

    contents: np.ndarray
    digests: frozenset[bytes] | None

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Read the content of an untrusted `seen.npy`, which is not copied.

        Raises:
            ValueError: it is another file.
        """
        rows = read_array(data, dtype="|u1", dimensions=2)
        if rows.shape[1] != _PREFIX_BYTES:
            raise ValueError("it does not contain hashes")
        borders = np.flatnonzero(~rows.any(axis=1))
        if not len(borders):
            return cls(contents=rows, digests=None)
        return cls(contents=rows[: borders[0]], digests=frozenset(map(bytes, rows[borders[0] + 1 :])))

    def trained_on(self, pictures: PictureHashes) -> np.ndarray:
        """Return a boolean mask of the images that are training pictures, by content or by pixels."""
        contents, digests = frozenset(map(bytes, self.contents)), self.digests or frozenset()
        by_content = [_prefix(each) in contents for each in pictures.content]
        by_pixels = [_digest(_PIXELS, each) in digests for each in pictures.pixels]
        return np.array([any(each) for each in zip(by_content, by_pixels, strict=True)], bool)

    def set_thresholds(self, pictures: PictureHashes) -> np.ndarray:
        """Return a boolean mask of the images whose predictions set the thresholds, without training pictures."""
        digests = self.digests or frozenset()
        pairs = zip(pictures.content, pictures.pixels, strict=True)
        return np.array([any(_digest(_SET_THRESHOLDS, each) in digests for each in pair) for pair in pairs], bool)


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
    return bytes.fromhex(content[: 2 * _PREFIX_BYTES])


def _digest(kind: str, picture_hash: str) -> bytes:
    return hashlib.sha256(f"{kind} {picture_hash}".encode()).digest()[:_PREFIX_BYTES]
