"""Download of pinned files from the Hugging Face hub into the cache.

Size and SHA-256 are checked before a file is used. An interrupted download is resumed, and a file that is at hand is
never requested.
"""

import hashlib
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.client import HTTPException, HTTPResponse, IncompleteRead
from pathlib import Path
from typing import BinaryIO

from filelock import FileLock, Timeout

from discern.errors import BackboneError, StoreError
from discern.features.backbones.hub_address import Endpoint, HubFile, find_endpoint, is_offline
from discern.features.backbones.hub_files import MAX_BYTES, has_file, read_file, read_provided
from discern.features.backbones.hub_response import describe_failure, open_response
from discern.progress import Progress, silent
from discern.store import WEIGHTS, default_folder, private_folder

_CHUNK = 1 << 18  # not tuned
_MEGABYTE = 1_000_000
_PATIENCE_SECONDS = 1.0  # before the wait for another download is reported; not tuned


def fetch_file(
    file: HubFile,
    cache: Path | None = None,
    environment: Mapping[str, str] = os.environ,
    progress: Progress = silent,
) -> bytes:
    """Read a file of the hub from the cache, and download it first if it is missing or damaged there.

    `HF_ENDPOINT` names a mirror, `HF_TOKEN` is sent to the endpoint itself only, and `HF_HUB_OFFLINE` forbids requests.
    A file in `DISCERN_WEIGHTS`, or in the cache of the hub's own client, is used from there.

    Args:
        file: the file.
        cache: cache directory; None for that of the user.
        environment: environment variables.
        progress: called with the megabytes received and all of them.

    Returns:
        The content, which has the pinned digest.

    Raises:
        BackboneError: the file is not available; the hint says how to provide it by hand.
        UsageError: `HF_ENDPOINT` or `HF_TOKEN` has an invalid value.
        StoreError: the cache cannot be written.
    """
    target = _target(file, cache)
    if (data := read_provided(file, environment) or read_file(target, file)) is not None:
        return data
    _download(file, target, environment, progress)
    return target.read_bytes()


def fetch_path(
    file: HubFile,
    cache: Path | None = None,
    environment: Mapping[str, str] = os.environ,
    progress: Progress = silent,
) -> Path:
    """Return the path of a file of the hub in the cache, and download it first (see `fetch_file`)."""
    target = _target(file, cache)
    if not has_file(target, file):
        _download(file, target, environment, progress)
    return target


def _target(file: HubFile, cache: Path | None) -> Path:
    return (default_folder() if cache is None else cache) / WEIGHTS / file.name


def _download(file: HubFile, target: Path, environment: Mapping[str, str], progress: Progress) -> None:
    endpoint, folder = find_endpoint(environment), target.parent
    remedy = (
        f"To provide it by hand, download {endpoint.url(file)} on any machine, and save it as {target}; its sha256 is "
        f"{file.sha256}."
    )
    if is_offline(environment):
        found = "another file than the pinned one" if target.exists() else "missing"
        raise BackboneError(f"{target} is {found}, and HF_HUB_OFFLINE forbids its download.", hint=remedy)
    private_folder(folder.parent, WEIGHTS)
    try:
        with _alone(folder / f"{file.name}.lock", file, progress):
            if not has_file(target, file):  # another process may have been faster
                _Download(endpoint, file, folder / f"{file.sha256}.part", progress).run(target)
    except BackboneError as error:
        message = f"The weights {file.name} cannot be downloaded. {error.message}"
        raise BackboneError(message, hint=f"{error.hint} {remedy}".strip()) from error
    except OSError as error:
        raise StoreError(
            f"{target} cannot be written: {error.strerror}.",
            hint=f"Free disk space, or choose another folder with --cache. {remedy}",
        ) from error


@contextmanager
def _alone(path: Path, file: HubFile, progress: Progress) -> Iterator[None]:
    """Context manager that waits for other downloads of the same file."""
    lock = FileLock(path, mode=0o600)
    try:
        lock.acquire(timeout=_PATIENCE_SECONDS)
    except Timeout:
        progress(f"wait for another download of {file.name}", 0, None)
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


class _Download:
    """Download of one file into a partial file, which a later one resumes."""

    def __init__(self, endpoint: Endpoint, file: HubFile, part: Path, progress: Progress) -> None:
        self._endpoint, self._file, self._part, self._progress = endpoint, file, part, progress
        self._most = MAX_BYTES if file.size is None else file.size

    def run(self, target: Path) -> None:
        kept = self._part.stat().st_size if self._part.is_file() else 0
        if not (kept and self._is_pinned()):
            resumed = self._receive(kept if kept < self._most else 0)
            if resumed and not self._is_pinned():
                self._receive(0)  # the rest did not fit to what was kept
            self._require_pinned()
        self._part.replace(target)

    def _receive(self, start: int) -> bool:
        """Receive the file or its rest, and return whether it was the rest."""
        with open_response(self._endpoint, self._file, start=start) as (response, first):
            declared = response.length  # None of an encoding in chunks
            expected = self._file.size or (None if declared is None else first + declared)
            if declared is not None and first + declared > self._most:
                raise self._too_long()
            if expected is not None:
                self._require_space(expected - first)
            descriptor = os.open(self._part, os.O_CREAT | os.O_WRONLY, 0o600)
            with os.fdopen(descriptor, "wb") as stream:
                stream.seek(first)
                stream.truncate()
                total = self._copy(response, stream, first, expected)
        if expected is not None and total < expected:
            raise BackboneError(
                f"The connection ended after {total:,} of {expected:,} bytes.", hint="Try again: it continues there."
            )
        return first > 0

    def _copy(self, response: HTTPResponse, stream: BinaryIO, total: int, expected: int | None) -> int:
        stage, whole = f"fetch {self._file.name} (MB)", None if expected is None else -(-expected // _MEGABYTE)
        for chunk in _chunks(response):
            before, total = total, total + len(chunk)
            if total > self._most:
                self._part.unlink()
                raise self._too_long()
            stream.write(chunk)
            if total == expected:
                self._progress(stage, whole or 0, whole)
            elif before // _MEGABYTE != total // _MEGABYTE:
                self._progress(stage, total // _MEGABYTE, whole)
        return total

    def _too_long(self) -> BackboneError:
        return BackboneError(f"{self._endpoint.origin} sends more than {self._most:,} bytes.")

    def _require_space(self, needed: int) -> None:
        free = shutil.disk_usage(self._part.parent).free
        if free < needed:
            raise StoreError(
                f"The folder {self._part.parent} has {free:,} bytes left, and {self._file.name} needs {needed:,}.",
                hint="Free disk space, or choose another folder with --cache.",
            )

    def _is_pinned(self) -> bool:
        return self._sha256() == self._file.sha256

    def _sha256(self) -> str:
        with self._part.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()

    def _require_pinned(self) -> None:
        found = self._sha256()
        if found != self._file.sha256:
            self._part.unlink()
            raise BackboneError(f"What {self._endpoint.origin} sent has the sha256 {found}, not {self._file.sha256}.")


def _chunks(response: HTTPResponse) -> Iterator[bytes]:
    try:
        while chunk := response.read(_CHUNK):
            yield chunk
    except IncompleteRead as error:
        yield error.partial
    except (OSError, HTTPException) as error:
        raise BackboneError(
            f"The connection was lost: {describe_failure(error)}.", hint="Try again: it continues there."
        ) from error
