"""Collection of the Amazon Bin Image Dataset, whose label is the number of objects in the bin."""

import asyncio
import hashlib
import json
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING
from urllib.parse import quote

from discern.atomic import atomic_write
from discern.catalog.formats.listing.file_list import read_file_list
from discern.collecting.collected_record import CollectedPicture, CollectedRecord
from discern.collecting.datasets.copy_pictures import PictureChoice, copy_pictures, find_copied
from discern.collecting.datasets.published_dataset import BINS
from discern.collecting.downloads.collect_urls import DownloadOptions, collect_urls
from discern.collecting.downloads.download_error import DownloadError
from discern.collecting.downloads.host_limits import HostLimits
from discern.collecting.downloads.polite_downloader import PoliteDownloader
from discern.collecting.downloads.url_rows import UrlRow
from discern.collecting.downloads.web_client import web_client
from discern.errors import CatalogError, PictureError, UsageError
from discern.picture import read_bounded, read_file
from discern.progress import Progress, silent

if TYPE_CHECKING:
    from discern.collecting.collection import Collection

ADDRESS = "https://aft-vbi-pds.s3.amazonaws.com"
"""Address of the public bucket."""

_PICTURES, _METADATA = "bin-images", "metadata"
_PER_HOST = 16  # not tuned: a bucket is made for many requests at a time
_MAX_LIST, _MAX_JSON, _MAX_PAGE = 64 << 20, 4 << 20, 4 << 20
_KEY = re.compile(rf"<Key>{_METADATA}/([\w-]+)\.json</Key>")
_NEXT = re.compile(r"<NextContinuationToken>([^<]{1,2000})</NextContinuationToken>")
_QUANTITY = "EXPECTED_QUANTITY"
_REMEDY = (
    f"Copy what you need from s3://aft-vbi-pds on any machine: aws s3 cp --no-sign-request --recursive "
    f"s3://aft-vbi-pds/{_PICTURES}/ FOLDER/{_PICTURES}/, and metadata/ likewise; and pass FOLDER with --from."
)


@dataclass(frozen=True, kw_only=True)
class BinOrigin:
    """Origin of the bins.

    Attributes:
        listing: `file_list.json`, which names the bins of each class; None to go by their metadata.
        path: local copy with `bin-images/` and, without a list, `metadata/`; None for none.
        address: address of a mirror of the bucket; "" for the bucket itself.
        allow_hosts: hosts whose addresses may be private.
    """

    listing: Path | None = None
    path: Path | None = None
    address: str = ""
    allow_hosts: tuple[str, ...] = ()


def collect_bins(
    collection: "Collection", origin: BinOrigin, choice: PictureChoice, progress: Progress = silent
) -> list[CollectedRecord]:
    """Collect pictures of bins.

    Args:
        collection: where to collect.
        origin: where they are.
        choice: the classes, and the pictures of each.
        progress: called with the stage, items done and items in all.

    Raises:
        CatalogError: the list, the copy or the bucket cannot be read.
        UsageError: a class is not listed; or there is neither a list nor a number of pictures of each class.
    """
    if origin.path is not None and not origin.path.is_dir():
        raise CatalogError(f"There is no folder of bins at {origin.path}.", hint=_REMEDY)
    if origin.listing is None and origin.path is not None:
        return find_copied(BINS, collection, choice) or copy_pictures(BINS, origin.path, collection, choice, progress)
    base = (origin.address or ADDRESS).rstrip("/")
    options = DownloadOptions(allow_hosts=origin.allow_hosts, per_host=_PER_HOST)
    unread: list[CollectedRecord] = []
    if origin.listing is not None:
        bins = _choose(_read_list(origin.listing), choice)
    elif choice.per_class is None or choice.classes is None:
        hint = "Pass --list file_list.json; or --classes 1,2,3,4,5 and --per-class 1000, to go by the bins' metadata."
        raise UsageError("The bins have half a million pictures.", hint=hint)
    else:
        bins, failures = asyncio.run(_find_bins(base, options, choice, progress))
        if failures:
            unread = [CollectedRecord(key="bins without metadata", source=base, left_out={"no_metadata": failures})]
    if origin.path is not None:
        return [_copy(each, origin.path, collection) for each in bins]
    rows = [UrlRow(url=f"{base}/{_PICTURES}/{quote(each.name)}.jpg", label=each.label) for each in bins]
    return collect_urls(rows, collection, options, progress) + unread


@dataclass(frozen=True)
class _Bin:
    name: str
    label: str


def _read_list(path: Path) -> list[_Bin]:
    try:
        data = read_bounded(path, max_bytes=_MAX_LIST)
    except OSError as error:
        raise CatalogError(f"{path} cannot be read: {error.strerror}.", hint="Check --list.") from error
    return [_Bin(PurePosixPath(each.path).stem, each.label or "") for each in read_file_list(path.name, data)]


def _choose(bins: Sequence[_Bin], choice: PictureChoice) -> list[_Bin]:
    labels = {each.label for each in bins}
    unknown = [label for label in choice.classes or () if label not in labels]
    if unknown:
        raise UsageError(f"The list has no class {unknown[0]!r}.", hint=f"It has {', '.join(sorted(labels))}.")
    counts, chosen = Counter[str](), list[_Bin]()
    for each in bins:
        is_wanted = choice.classes is None or each.label in choice.classes
        if is_wanted and (choice.per_class is None or counts[each.label] < choice.per_class):
            counts[each.label] += 1
            chosen.append(each)
    return chosen


def _copy(each: _Bin, folder: Path, collection: "Collection") -> CollectedRecord:
    key, name = f"bin {each.label}\t{each.name}", f"{each.name}.jpg"
    if found := collection.find(key):
        return found
    record = CollectedRecord(key=key, source=f"{_PICTURES}/{name}", label=each.label)
    try:
        data = read_file(folder / _PICTURES / Path(name).name)
    except PictureError as error:
        return replace(record, failure=error.code, message=error.message)
    file = collection.path(each.label, name)
    with atomic_write(collection.folder / file) as temporary:
        temporary.write_bytes(data)
    record = replace(record, pictures=(CollectedPicture(file=file, sha256=hashlib.sha256(data).hexdigest()),))
    collection.add(record)
    return record


async def _find_bins(
    base: str, options: DownloadOptions, choice: PictureChoice, progress: Progress
) -> tuple[list[_Bin], int]:
    """Go through the metadata of the bucket until there are enough bins of each class, and count what is unreadable."""
    found: dict[str, list[_Bin]] = {label: [] for label in choice.classes or ()}
    most, token, seen, failures = choice.per_class or 0, "", 0, 0
    async with web_client(options.allow_hosts, connections=options.per_host) as client:
        limits = HostLimits(total=options.per_host, per_host=options.per_host)
        downloader = PoliteDownloader(client, limits)
        while True:
            query = f"list-type=2&prefix={_METADATA}/" + (
                f"&continuation-token={quote(token, safe='')}" if token else ""
            )
            try:
                page = (await downloader.download(f"{base}/?{query}", max_bytes=_MAX_PAGE)).body.decode(
                    "utf-8", "replace"
                )
            except DownloadError as error:
                raise CatalogError(f"{base} cannot be listed. {error.message}", hint=_REMEDY) from error
            names = _KEY.findall(page)
            labels = await asyncio.gather(*(_label(downloader, f"{base}/{_METADATA}/{name}.json") for name in names))
            for name, label in zip(names, labels, strict=True):
                if label in found and len(found[label]) < most:
                    found[label].append(_Bin(name, label))
            seen, failures = seen + len(names), failures + labels.count("")
            progress("metadata of bins", seen, None)
            following = _NEXT.search(page)
            if following is None or all(len(each) == most for each in found.values()):
                return [each for bins in found.values() for each in bins], failures
            token = following[1].replace("&amp;", "&")


async def _label(downloader: PoliteDownloader, url: str) -> str:
    """Return the label in the metadata of a bin; "" if it cannot be read."""
    try:
        value = json.loads((await downloader.download(url, max_bytes=_MAX_JSON)).body)
        return str(value[_QUANTITY])
    except (DownloadError, ValueError, KeyError, TypeError):
        return ""
