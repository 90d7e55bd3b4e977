"""Local copies of the objects of a bucket, for commands that read files."""

import re
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

from discern.buckets.account_clients import AccountClients, plain_errors
from discern.errors import CatalogError, UsageError
from discern.parallel import ThreadExecutor, map_in_order
from discern.progress import Progress

_ADDRESS = re.compile(r"s3://([^/]+)/?(.*)", re.DOTALL)
_THREADS, _WINDOW = 8, 64  # not tuned: an object is small, and most of its time is waiting
_BLOCK = 1 << 20


def copy_objects(
    address: str, folder: Path, *, wanted: Callable[[str], bool], max_bytes: int, progress: Progress
) -> int:
    """Copy an object, or all those below a prefix, to a folder under their names below it, and return their number.

    Args:
        address: `s3://BUCKET/KEY` or `s3://BUCKET/PREFIX`.
        folder: existing empty folder.
        wanted: tells by its name whether an object below the prefix is copied.
        max_bytes: no more than one byte above this is copied of an object.
        progress: called with the stage, items done and items in all.

    Raises:
        CatalogError: there is nothing at the address.
        UsageError: the address is invalid, AWS refuses, or the copies cannot be written.
    """
    found = _ADDRESS.fullmatch(address)
    if found is None:
        raise UsageError(f"{address!r} is not an address in a bucket.", hint="Write it like s3://bucket/folder.")
    bucket, prefix = found.groups()
    clients = AccountClients()
    clients.check_credentials()
    copied = 0
    with plain_errors(), ThreadExecutor(_THREADS) as executor:
        objects = [(key, name) for key, name in _list(clients["s3"], bucket, prefix) if key == prefix or wanted(name)]
        copy = partial(_copy, clients["s3"], bucket, folder, max_bytes=max_bytes)
        for copied, _ in enumerate(map_in_order(copy, objects, executor=executor, window=_WINDOW), 1):
            progress("files", copied, len(objects))
    return copied


def _list(client: Any, bucket: str, prefix: str) -> Iterator[tuple[str, str]]:
    """Yield the key of each object at or below a prefix, with its name below it."""
    folder = f"{prefix.rstrip('/')}/" if prefix else ""
    any_found = False
    for page in client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix.rstrip("/")):
        for key in (each["Key"] for each in page.get("Contents", ())):
            if key == prefix or key.startswith(folder):
                any_found = True
                if not key.endswith("/"):  # not the mark of an empty folder
                    yield key, key.rpartition("/")[2] if key == prefix else key.removeprefix(folder)
    if not any_found:
        raise CatalogError(
            f"s3://{bucket}/{prefix} does not exist.", hint="Check the name of the bucket and the prefix."
        )


def _copy(client: Any, bucket: str, folder: Path, found: tuple[str, str], *, max_bytes: int) -> None:
    key, name = found
    place = folder.joinpath(*map(_safe, name.split("/")))
    left = max_bytes + 1
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        body = client.get_object(Bucket=bucket, Key=key)["Body"]
        with body, place.open("xb") as file:
            while left > 0 and (block := body.read(min(_BLOCK, left))):
                left -= file.write(block)
    except OSError as error:
        if error.errno is None:  # one of the client library
            raise
        hint = "Check the space for temporary files, or copy it with `aws s3 cp` and pass the copy."
        raise UsageError(f"s3://{bucket}/{key} cannot be copied: {error.strerror or error}.", hint=hint) from error


def _safe(part: str) -> str:
    """Return a part of a key as the name of a file or folder, which "", "." and ".." are not."""
    return "%" if part == "" else quote(part).replace(".", "%2E") if part in (".", "..") or "\0" in part else part
