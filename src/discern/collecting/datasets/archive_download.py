"""Download of the archive of a data set, which is resumed and checked."""

import asyncio
import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from discern.client.backoff import Backoff
from discern.collecting.datasets.published_dataset import PublishedDataset
from discern.collecting.downloads.download_error import DownloadError
from discern.collecting.downloads.web_client import (
    MAX_REDIRECTS,
    WebClient,
    clean_url,
    follow_redirect,
    web_client,
)
from discern.errors import CatalogError
from discern.progress import Progress, silent

# Not tuned: attempts in a row without a byte, and the seconds until the last one.
_ATTEMPTS, _PATIENCE_SECONDS = 4, 60.0


@dataclass(frozen=True, kw_only=True)
class ArchiveAddress:
    """Address of an archive.

    Attributes:
        url: the address.
        headers: headers that authorise a request, which are sent to this server only.
    """

    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


def download_archive(
    dataset: PublishedDataset,
    address: ArchiveAddress,
    folder: Path,
    *,
    allow_hosts: Collection[str] = (),
    progress: Progress = silent,
) -> Path:
    """Download the archive of a data set into a folder, or the rest of it, and return its path.

    Args:
        dataset: the data set; its digest is checked if it is known.
        address: where the archive is.
        folder: folder of the file, in which an unfinished one stays.
        allow_hosts: hosts whose addresses may be private.
        progress: called with the megabytes received.

    Raises:
        CatalogError: it cannot be downloaded, or is another file.
        OSError: the file cannot be written.
    """
    path, part = folder / dataset.file, folder / f"{dataset.file}.part"
    try:
        download = _Download(clean_url(address.url), address, part, dataset.max_bytes, progress)
        asyncio.run(download.run(allow_hosts))
    except DownloadError as error:
        message = f"{dataset.title} cannot be downloaded from {address.url}. {error.message}"
        raise CatalogError(message, hint=dataset.remedy) from error
    _require_digest(dataset, part)
    return part.rename(path)


@dataclass(frozen=True)
class _Download:
    url: str
    address: ArchiveAddress
    part: Path
    max_bytes: int
    progress: Progress

    async def run(self, allow_hosts: Collection[str]) -> None:
        """Receive the file; try again as long as more of it arrives."""
        async with web_client(allow_hosts, connections=1) as client:
            backoff, attempts = Backoff(seconds=_PATIENCE_SECONDS), 0
            while True:
                before = self._size()
                try:
                    await self._follow(client)
                except DownloadError as error:
                    if self._size() > before:
                        backoff, attempts = Backoff(seconds=_PATIENCE_SECONDS), 0
                    attempts += 1
                    pause = backoff.pause(error.retry_after)
                    if not error.is_temporary or pause is None or attempts == _ATTEMPTS:
                        raise
                    await asyncio.sleep(pause)
                else:
                    return

    def _size(self) -> int:
        return self.part.stat().st_size if self.part.exists() else 0

    async def _follow(self, client: WebClient) -> None:
        """Save the file from the address that redirects lead to."""
        url = self.url
        for _ in range(MAX_REDIRECTS + 1):
            may_authorise = _is_safe(url) and _origin(url) == _origin(self.url)
            headers = self.address.headers if may_authorise else {}
            location = await client.save(
                url, self.part, max_bytes=self.max_bytes, headers=headers, progress=self.progress
            )
            if location is None:
                return
            target = follow_redirect(url, location)
            if urlsplit(url).scheme == "https" and urlsplit(target).scheme != "https":
                raise DownloadError("bad_redirect", "It redirects to an address without encryption.")
            url = target
        raise DownloadError("bad_redirect", "It redirects without end.")


def _is_safe(url: str) -> bool:
    """Return True if a secret may be sent to an address: its connection is encrypted or does not leave this machine."""
    parts = urlsplit(url)
    return parts.scheme == "https" or parts.hostname in {"127.0.0.1", "::1", "localhost"}


def _origin(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme, parts.netloc


def _require_digest(dataset: PublishedDataset, path: Path) -> None:
    if not dataset.md5:
        return
    with path.open("rb") as file:
        found = hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
    if found != dataset.md5:
        path.unlink()
        raise CatalogError(
            f"What was received for {dataset.title} is another file: its MD5 is {found}, not {dataset.md5}.",
            hint=dataset.remedy,
        )
