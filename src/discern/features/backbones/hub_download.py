"""Download of pinned files from the Hugging Face hub into the cache.

Size and SHA-256 are checked before a file is used. An interrupted download is resumed, and a file that is at hand is
never requested.
"""

import hashlib
import os
from collections.abc import Iterator, Mapping
from http.client import HTTPException, HTTPResponse, IncompleteRead
from pathlib import Path
from typing import BinaryIO

from filelock import FileLock

from discern.errors import BackboneError, StoreError
from discern.features.backbones.hub_address import Endpoint, HubFile, find_endpoint, is_offline
from discern.features.backbones.hub_response import describe_failure, open_response
from discern.store import WEIGHTS, default_folder, private_folder

MAX_BYTES = 1 << 30
"""Largest file that is downloaded if its size is not known."""

_CHUNK = 1 << 18  # not tuned


def fetch_file(file: HubFile, cache: Path | None = None, environment: Mapping[str, str] = os.environ) -> bytes:
    """Read a file of the hub from the cache, and download it first if it is missing or damaged there.

    `HF_ENDPOINT` names a mirror, `HF_TOKEN` is sent to the endpoint itself only, and `HF_HUB_OFFLINE` forbids requests.
    A file in `DISCERN_WEIGHTS`, or in the cache of the hub's own client, is used from there.

    Args:
        file: the file.
        cache: cache directory; None for that of the user.
        environment: environment variables.

    Returns:
        The content, which has the pinned digest.

    Raises:
        BackboneError: the file is not available; the hint says how to provide it by hand.
        UsageError: `HF_ENDPOINT` or `HF_TOKEN` has an invalid value.
        StoreError: the cache cannot be written.
    """
    folder = (default_folder() if cache is None else cache) / WEIGHTS
    target = folder / file.name
    if (data := _read_provided(file, environment) or _read(target, file)) is not None:
        return data
    endpoint = find_endpoint(environment)
    remedy = (
        f"To provide it by hand, download {endpoint.url(file)} on any machine, and save it as {target}; its sha256 is "
        f"{file.sha256}."
    )
    if is_offline(environment):
        found = "another file than the pinned one" if target.exists() else "missing"
        raise BackboneError(f"{target} is {found}, and HF_HUB_OFFLINE forbids its download.", hint=remedy)
    private_folder(folder.parent, WEIGHTS)
    with FileLock(folder / f"{file.name}.lock", mode=0o600):
        if (data := _read(target, file)) is not None:
            return data  # another process was faster
        try:
            _Download(endpoint, file, folder / f"{file.sha256}.part").run(target)
        except BackboneError as error:
            message = f"The weights {file.name} cannot be downloaded. {error.message}"
            raise BackboneError(message, hint=f"{error.hint} {remedy}".strip()) from error
        except OSError as error:
            raise StoreError(f"{target} cannot be written: {error.strerror}.", hint="Free disk space.") from error
        return target.read_bytes()


class _Download:
    """Download of one file into a partial file, which a later one resumes."""

    def __init__(self, endpoint: Endpoint, file: HubFile, part: Path) -> None:
        self._endpoint, self._file, self._part = endpoint, file, part
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
            descriptor = os.open(self._part, os.O_CREAT | os.O_WRONLY, 0o600)
            with os.fdopen(descriptor, "wb") as stream:
                stream.seek(first)
                stream.truncate()
                total = first + self._copy(response, stream, self._most - first)
        expected = self._file.size or (total if declared is None else first + declared)
        if total < expected:
            raise BackboneError(
                f"The connection ended after {total:,} of {expected:,} bytes.", hint="Try again: it continues there."
            )
        return first > 0

    def _copy(self, response: HTTPResponse, stream: BinaryIO, most: int) -> int:
        copied = 0
        for chunk in _chunks(response):
            copied += len(chunk)
            if copied > most:
                self._part.unlink()
                raise BackboneError(f"{self._endpoint.origin} sends more than {self._most:,} bytes.")
            stream.write(chunk)
        return copied

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


def _read_provided(file: HubFile, environment: Mapping[str, str]) -> bytes | None:
    """Read a file from the user's folder of weights, or from the cache of the hub's own client."""
    if folder := environment.get("DISCERN_WEIGHTS"):
        path = Path(folder) / file.name
        if path.exists():
            if (data := _read(path, file)) is not None:
                return data
            raise BackboneError(
                f"{path} is not {file.path} of {file.repository} at the commit {file.commit}.",
                hint=f"Replace it by the file with the sha256 {file.sha256}, or remove it.",
            )
    repository = f"models--{file.repository.replace('/', '--')}"
    return _read(_client_cache(environment) / repository / "snapshots" / file.commit / file.path, file)


def _client_cache(environment: Mapping[str, str]) -> Path:
    if folder := environment.get("HF_HUB_CACHE"):
        return Path(folder)
    home = environment.get("HF_HOME") or f"{environment.get('XDG_CACHE_HOME') or '~/.cache'}/huggingface"
    return Path(home) / "hub"


def _read(path: Path, file: HubFile) -> bytes | None:
    """Read a file if it has the pinned content."""
    path = path.expanduser()
    try:
        if not path.is_file() or path.stat().st_size > MAX_BYTES:
            return None
        data = path.read_bytes()
    except OSError as error:
        raise BackboneError(f"The weights {path} cannot be read: {error.strerror}.") from error
    return data if hashlib.sha256(data).hexdigest() == file.sha256 else None
