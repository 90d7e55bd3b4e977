"""Bucket in which a store keeps its pictures."""

from collections.abc import Callable, Iterable
from typing import TypeVar

from discern.buckets.bucket_address import BucketAddress
from discern.buckets.object_store import ObjectStore
from discern.parallel import ThreadExecutor, map_in_order

_Item = TypeVar("_Item")
_THREADS = 16  # not tuned: a transfer mostly waits


class PictureBucket:
    """Pictures below a prefix of a bucket.

    Where the bucket keeps earlier versions of objects, removed pictures stay among them: give it a lifecycle rule that
    removes those.

    Args:
        address: address of the prefix.
        bucket: the bucket.
    """

    def __init__(self, address: BucketAddress, bucket: ObjectStore) -> None:
        self.name = str(address)
        self._prefix, self._bucket = address.prefix, bucket

    def write(self, pictures: Iterable[tuple[str, bytes]]) -> None:
        """Write pictures; one that is there is written again with the same content.

        Raises:
            UsageError: the bucket cannot be used.
        """
        _each(lambda item: self._bucket.write(self._prefix + item[0], item[1]), pictures)

    def read(self, name: str) -> bytes | None:
        """Return a picture, or None if it is not there.

        Raises:
            UsageError: the bucket cannot be used.
        """
        key = self._prefix + name
        found = next((each for each in self._bucket.list(key) if each.key == key), None)
        return None if found is None else self._bucket.read(found, 0, found.size)

    def remove(self, names: Iterable[str]) -> None:
        """Remove pictures.

        Raises:
            UsageError: the bucket cannot be used.
        """
        _each(lambda name: self._bucket.remove(self._prefix + name), names)


def _each(function: Callable[[_Item], None], items: Iterable[_Item]) -> None:
    """Call a function with each item, some at a time."""
    with ThreadExecutor(_THREADS) as executor:
        for _ in map_in_order(function, items, executor=executor, window=2 * _THREADS):
            pass
