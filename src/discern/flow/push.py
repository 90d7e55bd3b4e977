"""Functions that copy folders to buckets and back (`discern push` and `discern pull`)."""

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from discern.atomic import is_unfinished
from discern.buckets.bucket_address import BucketAddress
from discern.buckets.download import Download, download_all
from discern.buckets.etags import matches
from discern.buckets.key_names import key_of
from discern.buckets.listed_objects import list_objects
from discern.buckets.object_store import ObjectStore, RemoteObject
from discern.buckets.open_store import open_store
from discern.buckets.shards import INDEX, is_packed, push_shards, unpack_shard
from discern.buckets.transfer_count import TransferCount
from discern.buckets.upload import Upload, upload_all
from discern.display.displayed import Displayed
from discern.errors import UsageError
from discern.flow.paths import is_file, is_folder, resolve_path
from discern.progress import Progress, silent


@dataclass(frozen=True, kw_only=True, repr=False)
class TransferResult(Displayed):
    """Result of `discern.push` and `discern.pull`.

    Attributes:
        address: address in the bucket.
        folder: absolute path of the folder, or of the file.
        files: number of files, those that were there included.
        bytes: their bytes.
        seconds: duration.
        resumed: number of files that were there with the same content, and not transferred.
        replaced: number of files in the bucket that had other content.
    """

    address: str
    folder: Path
    files: int
    bytes: int
    seconds: float
    resumed: int
    replaced: int

    def to_json(self) -> dict[str, Any]:
        """Return the result as a JSON-serialisable dictionary.

        Keys:
            address: address in the bucket.
            folder: absolute path of the folder, or of the file.
            files: number of files, those that were there included.
            bytes: their bytes.
            seconds: duration.
            resumed: number of files that were there with the same content, and not transferred.
            replaced: number of files in the bucket that had other content.
        """
        return {
            "address": self.address,
            "folder": str(self.folder),
            "files": self.files,
            "bytes": self.bytes,
            "seconds": round(self.seconds, 3),
            "resumed": self.resumed,
            "replaced": self.replaced,
        }


def push(source: str | Path, to: str, *, pack: bool = False, progress: Progress = silent) -> TransferResult:
    """Copy a folder, or a file, to a bucket.

    Files that are there with the same content are left out, so that an interrupted call continues where it stopped.
    Objects with other content are replaced; others are kept.

    Args:
        source: the folder; links are followed, and hidden files are copied, too.
        to: address, such as `s3://bucket/photos`.
        pack: write shards of about 1,000 small files each, which need fewer requests; `pull` and all commands that read
            pictures take them for the folder.
        progress: called with the stage, megabytes done and megabytes in all.

    Raises:
        UsageError: the folder cannot be read, or the bucket cannot be written.
    """
    start = time.perf_counter()
    path, address = resolve_path(source), BucketAddress.parse(os.fspath(to))
    if is_folder(path):
        uploads = list(list_uploads(path, address.prefix))
    elif is_file(path) and not pack:
        address = address / key_of(path.name) if str(to).endswith("/") or not address.key else address
        uploads = [Upload(path, path.stat().st_size, address.key)]
    else:
        problem = "is not a folder" if path.exists() else "does not exist"
        raise UsageError(f"{path} {problem}.", hint="Pass the folder to copy.")
    if not uploads:
        raise UsageError(f"{path} is empty.", hint="Pass a folder with files.")
    store = open_store(address)
    there = {each.key: each for each in store.list(address.key)}
    _require_one_form(address, uploads, there, pack=pack)
    files = [each for each in uploads if not each.key.endswith("/")]
    count = TransferCount("uploading", progress, sum(each.size for each in files))
    if pack:
        push_shards(store, address.prefix, uploads, there, count)
    else:
        upload_all(store, uploads, there, count)
    return _result(address, path, len(files), count, start)


def pull(source: str, to: str | Path, *, progress: Progress = silent) -> TransferResult:
    """Copy what lies at an address in a bucket to a folder.

    Files that are there with the same content are left out, so that an interrupted call continues where it stopped.
    A file with other content is never replaced.

    Args:
        source: address, such as `s3://bucket/photos`; shards of `push` are unpacked.
        to: folder, which may exist; of a single object, the folder for it.
        progress: called with the stage, megabytes done and megabytes in all.

    Raises:
        CatalogError: nothing is at the address.
        UsageError: the bucket cannot be read, the folder cannot be written, or has a file with other content.
    """
    start = time.perf_counter()
    address, folder = BucketAddress.parse(os.fspath(source)), resolve_path(to, written=True)
    store = open_store(address)
    listed = list_objects(store, address, progress)
    missing, there = _find_missing(store, listed.files, folder)
    count = TransferCount("downloading", progress, listed.bytes)
    count.resumed = len(there)
    count.add(sum(each.size for each in there))
    _create(folder, *(folder / name for name in listed.folders))
    download_all(store, missing, count)
    packed = 0
    for shard, found in listed.shards:
        with TemporaryDirectory(prefix="discern-shards-") as temporary:
            file = Path(temporary) / shard.name
            download_all(store, [Download(found, file)], count)
            unpacked = unpack_shard(file, shard, folder)
            packed += unpacked.files
            count.resumed += unpacked.kept
            count.total += unpacked.bytes - found.size
    return _result(address, folder, len(listed.files) + packed, count, start)


def _find_missing(
    store: ObjectStore, files: dict[str, RemoteObject], folder: Path
) -> tuple[list[Download], list[RemoteObject]]:
    """Return the objects that a folder lacks, and those that it has.

    Raises:
        UsageError: a file has other content than its object.
    """
    missing, there, others = list[Download](), list[RemoteObject](), list[Path]()
    for name, found in files.items():
        path = folder / name
        if not os.path.lexists(path):
            missing.append(Download(found, path))
        elif path.is_file() and matches(path, found, store.describe) is not False:
            there.append(found)
        else:
            others.append(path)
    if others:
        more = f", like {len(others) - 1} more" if len(others) > 1 else ""
        raise UsageError(
            f"{others[0]} exists with other content than in the bucket{more}.",
            hint="Pull into another folder, or move these files away.",
        )
    return missing, there


def list_uploads(root: Path, prefix: str) -> Iterator[Upload]:
    """Yield all files below a folder in the order of their paths, and a mark for each empty folder."""
    seen = set[tuple[int, int]]()
    found = list[Upload]()
    for folder, folders, names in os.walk(root, followlinks=True, onerror=_refuse):
        status = os.stat(folder)  # noqa: PTH116 - as `os.walk`
        if (status.st_dev, status.st_ino) in seen:
            raise UsageError(
                f"The link {folder} leads to a folder that is copied already.", hint="Remove it, or what it leads to."
            )
        seen.add((status.st_dev, status.st_ino))
        below = os.path.relpath(folder, root)
        start = prefix if below == "." else f"{prefix}{key_of(below)}/"
        kept = [name for name in names if not is_unfinished(name)]
        for name in kept:
            path = Path(folder, name)
            found.append(Upload(path, _size(path), start + key_of(name)))
        if not kept and not folders and start != prefix:
            found.append(Upload(Path(folder), 0, start))
    yield from sorted(found, key=lambda each: each.key)


def _require_one_form(
    address: BucketAddress, uploads: list[Upload], there: dict[str, RemoteObject], *, pack: bool
) -> None:
    """Raise UsageError if shards would lie beside the same files, of which one or the other would be out of date."""
    if not pack and f"{address.prefix}{INDEX}" in there:
        raise UsageError(
            f"There are shards at {address}, which a push without --pack would contradict.",
            hint="Use --pack, or another prefix.",
        )
    loose = [each.key for each in uploads if each.key in there and is_packed(each)] if pack else []
    if loose:
        raise UsageError(
            f"There are files at {address} already, such as {loose[0]}, which shards would contradict.",
            hint="Leave out --pack, or use another prefix.",
        )


def _size(path: Path) -> int:
    if not is_file(path):
        problem = "is a link to nothing" if path.is_symlink() and not path.exists() else "is not a file"
        raise UsageError(f"{path} {problem}, which no bucket can hold.", hint="Remove it.")
    return path.stat().st_size


def _refuse(error: OSError) -> None:
    raise UsageError(f"{error.filename} cannot be read: {error.strerror}.", hint="Check its permissions.") from error


def _create(*folders: Path) -> None:
    for folder in folders:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UsageError(f"{folder} cannot be created: {error.strerror}.", hint="Choose another folder.") from error


def _result(address: BucketAddress, path: Path, files: int, count: TransferCount, start: float) -> TransferResult:
    return TransferResult(
        address=str(address),
        folder=path,
        files=files,
        bytes=count.total,
        seconds=time.perf_counter() - start,
        resumed=count.resumed,
        replaced=count.replaced,
    )
