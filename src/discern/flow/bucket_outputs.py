"""Outputs in buckets: written to the cache directory first, and copied to their address when they are whole."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from inspect import signature
from pathlib import Path
from typing import ParamSpec, TypeVar

from discern.buckets.bucket_address import BucketAddress, find_bucket_address
from discern.buckets.mirror import staging_folder
from discern.buckets.open_store import open_store
from discern.buckets.transfer_count import TransferCount
from discern.buckets.upload import upload_all
from discern.errors import RunError
from discern.flow.push import list_uploads, pull, push
from discern.progress import silent
from discern.store import default_folder

_LAST = "run.json"
_OWN = (".lock",)
Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


class RunsInBucket:
    """Folder of all runs in a bucket.

    A run is written to a local folder, which stays, so that an interrupted one is resumed there. Its copy in the bucket
    appears when the run is done, with `run.json` last.

    Args:
        address: address of the folder.

    Raises:
        UsageError: the bucket cannot be listed.
    """

    def __init__(self, address: BucketAddress) -> None:
        self._address = address
        store = open_store(address)
        self.folder = staging_folder(store, address, cache=default_folder()) / address.name
        self.folder.mkdir(exist_ok=True)
        self._names = {each.key.removeprefix(address.prefix).split("/")[0] for each in store.list(address.prefix)}

    def prepare(self, name: str | None, *, resume: bool) -> None:
        """Make local what decides about the name of a run: those that are taken, and the run to resume.

        Raises:
            RunError: the name is taken.
        """
        if name is None:
            for taken in self._names:
                (self.folder / taken).mkdir(exist_ok=True)
        elif name in self._names and not resume:
            raise RunError(
                f"There is already a run at {self._address / name}.",
                hint="Choose another --name, or resume the run with --resume.",
            )
        elif name in self._names and not (self.folder / name / _LAST).exists():
            pull(str(self._address / name), self.folder / name)

    def upload(self, folder: Path) -> None:
        """Copy a run to the bucket."""
        address = self._address / folder.name
        store = open_store(address)
        there = {each.key: each for each in store.list(address.prefix)}
        uploads = [each for each in list_uploads(folder, address.prefix) if each.path.name not in _OWN]
        count = TransferCount("uploading", silent, sum(each.size for each in uploads))
        for is_last in (False, True):
            upload_all(store, [each for each in uploads if (each.path == folder / _LAST) is is_last], there, count)


def writes_to_buckets(*names: str) -> Callable[[Callable[Parameters, Result]], Callable[Parameters, Result]]:
    """Decorate a function so that its outputs may be addresses in buckets.

    Args:
        names: parameters that are paths to write.
    """

    def decorate(function: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
        @wraps(function)
        def call(*args: Parameters.args, **kwargs: Parameters.kwargs) -> Result:
            bound = signature(function).bind(*args, **kwargs)
            found = {name: find_bucket_address(bound.arguments.get(name)) for name in names}
            addresses = {name: address for name, address in found.items() if address is not None}
            if not addresses:
                return function(*args, **kwargs)
            with _staged(list(addresses.values())) as places:
                bound.arguments.update(zip(addresses, places, strict=True))
                return function(*bound.args, **bound.kwargs)

        return call

    return decorate


@contextmanager
def _staged(addresses: list[BucketAddress]) -> Iterator[list[Path]]:
    """Context manager for local paths in place of addresses, whose content is copied there at the end.

    Raises:
        RunError: something is at an address.
    """
    places = []
    for address in addresses:
        store = open_store(address)
        there = store.list(address.key)
        if any(each.key == address.key or each.key.startswith(address.prefix) for each in there):
            raise RunError(f"There is already something at {address}.", hint="Choose another address for the output.")
        places.append(staging_folder(store, address, cache=default_folder()) / address.name)
    for place in places:  # one that was copied before, and removed from the bucket since
        if place.is_dir():
            shutil.rmtree(place)
        place.unlink(missing_ok=True)
    yield places
    for address, place in zip(addresses, places, strict=True):
        push(place, str(address))
