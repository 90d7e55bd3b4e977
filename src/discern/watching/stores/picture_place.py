"""Interface of the place where a store keeps its pictures, and the names of their files."""

import hashlib
from collections.abc import Iterable
from typing import Protocol

_SUFFIXES = {
    "image/jpeg": ".jpg",
    "image/png": ".png",
    "image/webp": ".webp",
    "image/gif": ".gif",
    "image/bmp": ".bmp",
    "image/tiff": ".tif",
    "image/heic": ".heic",
    "image/heif": ".heif",
    "image/avif": ".avif",
}


class PicturePlace(Protocol):
    """Protocol for a folder or bucket with pictures, each once, by the digest of its file.

    All methods may be called from any thread.
    """

    name: str
    """Path or address, under which the place is found again."""

    def write(self, pictures: Iterable[tuple[str, bytes]]) -> None:
        """Write pictures, each with the name of its file; one that is there stays.

        Raises:
            OSError: it cannot be written, such as for a full disk.
            UsageError: the bucket cannot be used.
        """

    def read(self, name: str) -> bytes | None:
        """Return a picture, or None if it is not there."""

    def remove(self, names: Iterable[str]) -> None:
        """Remove pictures; one that is not there is passed over."""


def picture_key(picture: bytes) -> bytes:
    """Return the SHA-256 digest of a picture's file, 32 bytes."""
    return hashlib.sha256(picture).digest()


def picture_name(key: bytes, media_type: str) -> str:
    """Return the name of a picture's file, relative and with "/".

    >>> picture_name(bytes.fromhex("abcdef"), "image/png")
    'ab/cdef.png'
    """
    digits = key.hex()
    return f"{digits[:2]}/{digits[2:]}{_SUFFIXES.get(media_type, '.bin')}"
