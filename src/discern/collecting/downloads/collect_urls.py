"""Collection of the pictures at the addresses of a list."""

import asyncio
import hashlib
import os
from collections import defaultdict, deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from discern.atomic import atomic_write
from discern.collecting.collected_record import CollectedPicture, CollectedRecord
from discern.collecting.downloads.download_error import DownloadError
from discern.collecting.downloads.host_limits import PER_HOST, HostLimits
from discern.collecting.downloads.polite_downloader import PoliteDownloader
from discern.collecting.downloads.url_rows import UrlRow
from discern.collecting.downloads.web_client import Reply, clean_url, web_client
from discern.errors import PictureError
from discern.picture import open_picture, read_header
from discern.progress import Progress, silent

if TYPE_CHECKING:
    from discern.collecting.collection import Collection

MAX_BYTES = 32 * 2**20
"""Largest picture that is downloaded; not tuned."""

_TOTAL = 16  # requests at a time, each of which may hold `MAX_BYTES`; not tuned
_DIGITS = 16  # of a digest, which names its picture
_SMALL_SIDE = 64  # pixels to which a JPEG is decoded at least, to find out whether it is whole


@dataclass(frozen=True, kw_only=True)
class DownloadOptions:
    """Options of downloads.

    Attributes:
        allow_hosts: hosts whose addresses may be private.
        per_host: requests to one host at a time.
        max_bytes: largest picture in bytes.
    """

    allow_hosts: tuple[str, ...] = ()
    per_host: int = PER_HOST
    max_bytes: int = MAX_BYTES


def collect_urls(
    rows: Sequence[UrlRow],
    collection: "Collection",
    options: DownloadOptions = DownloadOptions(),
    progress: Progress = silent,
) -> list[CollectedRecord]:
    """Download the pictures of a list, and return a record for each address and label.

    Pictures that were downloaded before, and addresses that failed for good, are not requested again; those that failed
    for now are.

    Args:
        rows: the addresses.
        collection: where to collect.
        options: options of the downloads.
        progress: called with the addresses done and in all.
    """
    try:
        return asyncio.run(_collect(rows, collection, options, progress))
    except BaseExceptionGroup as group:
        raise group.exceptions[0] from None


async def _collect(
    rows: Sequence[UrlRow], collection: "Collection", options: DownloadOptions, progress: Progress
) -> list[CollectedRecord]:
    limits = HostLimits(total=_TOTAL, per_host=options.per_host)
    async with web_client(options.allow_hosts, connections=_TOTAL) as client:
        run = _Run(PoliteDownloader(client, limits), collection, options, progress, total=len(rows))
        waiting = run.plan(rows)
        async with asyncio.TaskGroup() as tasks:
            for queue in waiting.values():
                for _ in range(min(options.per_host, len(queue))):
                    tasks.create_task(run.work(queue))
    return run.records


@dataclass(frozen=True, kw_only=True)
class _Job:
    key: str
    url: str
    row: UrlRow


class _Run:
    """Downloads of one call."""

    def __init__(
        self,
        downloader: PoliteDownloader,
        collection: "Collection",
        options: DownloadOptions,
        progress: Progress,
        *,
        total: int,
    ) -> None:
        self.records: list[CollectedRecord] = []
        self._downloader = downloader
        self._collection = collection
        self._options = options
        self._progress = progress
        self._total = total
        self._decoders = asyncio.Semaphore(os.cpu_count() or 1)
        self._source_of: dict[tuple[str, str], str] = {}

    def plan(self, rows: Sequence[UrlRow]) -> dict[str, deque[_Job]]:
        """Return the downloads to do by host, and record what needs none."""
        queues: defaultdict[str, deque[_Job]] = defaultdict(deque)
        seen = set[str]()
        for row in rows:
            try:
                url = clean_url(row.url)
            except DownloadError as error:
                failed = _failed(f"url {row.label}\t{row.url}", row, error)
                self._collection.add(failed)
                self._note(failed)
                continue
            key = f"url {row.label}\t{url}"
            if key in seen:
                self._note(CollectedRecord(key=key, source=row.url, label=row.label, left_out={"listed_twice": 1}))
                continue
            seen.add(key)
            if found := self._collection.find(key):
                for picture in found.pictures:
                    self._source_of[found.label, picture.sha256] = found.source
                self._note(found)
            else:
                queues[urlsplit(url).hostname or ""].append(_Job(key=key, url=url, row=row))
        return queues

    async def work(self, queue: deque[_Job]) -> None:
        """Download what is in a queue."""
        while queue:
            job = queue.popleft()
            try:
                reply = await self._downloader.download(job.url, max_bytes=self._options.max_bytes)
                record = await self._keep(job, reply)
            except DownloadError as error:
                record = _failed(job.key, job.row, error)
            except PictureError as error:
                record = _failed(job.key, job.row, DownloadError(error.code, error.message))
            self._collection.add(record)
            self._note(record)

    def _note(self, record: CollectedRecord) -> None:
        self.records.append(record)
        self._progress("addresses", len(self.records), self._total)

    async def _keep(self, job: _Job, reply: Reply) -> CollectedRecord:
        async with self._decoders:
            suffix = await asyncio.to_thread(_check, reply.body)
        digest = hashlib.sha256(reply.body).hexdigest()
        row, record = job.row, CollectedRecord(key=job.key, source=job.row.url, label=job.row.label)
        first = self._source_of.setdefault((row.label, digest), row.url)
        if first != row.url:
            return replace(record, left_out={"duplicate": 1}, message=f"It has the same bytes as {first}.")
        path = self._collection.path(row.label, f"{digest[:_DIGITS]}{suffix}")
        with atomic_write(self._collection.folder / path) as temporary:
            temporary.write_bytes(reply.body)
        picture = CollectedPicture(
            file=path,
            group=row.group,
            url=reply.url,
            date=datetime.now(UTC).isoformat(timespec="seconds"),
            sha256=digest,
            license=row.license or reply.license,
        )
        return replace(record, pictures=(picture,))


def _check(data: bytes) -> str:
    """Return the suffix of a picture's format, or raise a `PictureError` if it cannot be decoded to its end."""
    open_picture(data, min_side=_SMALL_SIDE)
    return read_header(data).suffixes[0]


def _failed(key: str, row: UrlRow, error: DownloadError) -> CollectedRecord:
    return CollectedRecord(
        key=key,
        source=row.url,
        label=row.label,
        failure=error.reason,
        message=error.message,
        is_temporary=error.is_temporary,
    )
