"""Protocol of object stores: what transfers need of a bucket."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple, Protocol


class RemoteObject(NamedTuple):
    """Object in a bucket, as a listing describes it.

    Attributes:
        key: its key; one that ends in a slash marks a folder.
        size: bytes.
        etag: identifier of its content, without quotes: mostly the MD5 digest of the content, or of those of its parts.
    """

    key: str
    size: int
    etag: str


class ObjectFacts(NamedTuple):
    """Facts that a listing lacks.

    Attributes:
        part_bytes: size of the parts in which it was written; None if that is not known.
        is_encrypted: whether the bucket encrypts it with keys of its own; the ETag is then not a digest of the content.
    """

    part_bytes: int | None = None
    is_encrypted: bool = False


class ObjectStore(Protocol):
    """Protocol of object stores; its contract test is `buckets.testing.ObjectStoreContract`.

    Methods may be called in any thread. All raise `UsageError` if the store cannot be used, with cause and remedy.
    """

    identity: str
    """Endpoint and bucket, which tell stores apart."""

    def list(self, prefix: str) -> Iterator[RemoteObject]:
        """Yield the objects whose keys begin with a prefix, in order, as pages arrive."""

    def read(self, found: RemoteObject, start: int, end: int) -> bytes:
        """Read the bytes from `start` to `end` of an object.

        Raises:
            ObjectChanged: the object is gone, or has another content than the listing found.
        """

    def write(self, key: str, data: bytes) -> None:
        """Write an object, which appears complete or not at all."""

    def write_file(self, key: str, path: Path, report: Callable[[int], None]) -> None:
        """Write a large file likewise, in parts; parts that an interrupted call has written are used again.

        Args:
            key: key of the object.
            path: the file.
            report: called in any thread with the number of bytes of each part that is there.
        """

    def remove(self, key: str) -> None:
        """Remove an object; one that is not there is passed over. A bucket with versions keeps the earlier ones."""

    def describe(self, found: RemoteObject) -> ObjectFacts:
        """Ask for what helps to compare an object with a copy when its ETag alone does not."""
