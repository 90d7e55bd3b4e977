"""Shards: tar files of about 1,000 small files each, beside an index, that stand for the files in a bucket.

Many small pictures cost more in requests than in bytes. Unpacked, the shards are the folder that was pushed, so that
labels, groups and paths are the same. A shard is named by the digest of its content, and the index is written last: a
reader finds the old shards or the new ones, and never a mixture.
"""

import hashlib
import io
import json
import os
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from discern.atomic import atomic_write
from discern.buckets.key_names import local_names
from discern.buckets.object_store import ObjectStore, RemoteObject
from discern.buckets.transfer_count import TransferCount
from discern.buckets.upload import LARGE_BYTES, Upload, upload_all
from discern.errors import CatalogError, UsageError
from discern.parallel import ThreadExecutor, map_in_order

FOLDER = "discern-shards"
INDEX = f"{FOLDER}/index.json"
FORMAT = 1
_MOST_FILES = 1000
_MOST_BYTES = 256 << 20  # not tuned: a shard is a file on disk while it is packed or fetched
_THREADS = 4  # not tuned: one shard is packed while others are written
_DAMAGED_HINT = "Push the folder again with --pack."


class Shard(NamedTuple):
    """A shard of an index: its name below `FOLDER`, files, bytes of the tar file and its SHA-256."""

    name: str
    files: int
    bytes: int
    sha256: str


class UnpackedShard(NamedTuple):
    """Number of files of a shard, of those that were there, and of the bytes of all."""

    files: int
    kept: int
    bytes: int


def push_shards(
    store: ObjectStore,
    prefix: str,
    uploads: Sequence[Upload],
    there: Mapping[str, RemoteObject],
    count: TransferCount,
) -> None:
    """Upload files as shards with their index; files that are too large for one are uploaded as they are.

    Args:
        store: where to.
        prefix: what the keys of all uploads begin with.
        uploads: the files, in the order in which they are packed.
        there: objects in the bucket, by key.
        count: count of the bytes, and of files whose shard is there and which are left out.

    Raises:
        UsageError: a file cannot be read, or an object cannot be written.
    """
    if any(each.key.removeprefix(prefix).split("/")[0] == FOLDER for each in uploads):
        raise UsageError(
            f"The folder has a subfolder {FOLDER}, the name under which shards are kept.", hint="Rename it."
        )
    upload_all(store, [each for each in uploads if not is_packed(each)], there, count)
    groups = list(_groups([each for each in uploads if is_packed(each)]))
    with TemporaryDirectory(prefix="discern-shards-") as temporary, ThreadExecutor(_THREADS) as executor:
        push = partial(_push_shard, store, prefix, there, Path(temporary))
        shards = list[Shard]()
        for (shard, is_there), files in zip(
            map_in_order(push, groups, executor=executor, window=_THREADS), groups, strict=True
        ):
            shards.append(shard)
            count.resumed += is_there * sum(not each.key.endswith("/") for each in files)
            count.add(sum(each.size for each in files))
    index = {"format": FORMAT, "shards": [shard._asdict() for shard in shards]}
    store.write(f"{prefix}{INDEX}", (json.dumps(index, indent=1) + "\n").encode("ascii"))


def is_packed(upload: Upload) -> bool:
    """Return True for a file that is packed into a shard."""
    return upload.size <= LARGE_BYTES


def read_index(data: bytes, address: str) -> list[Shard]:
    """Parse an index.

    Args:
        data: its content.
        address: where it was found, for messages.

    Raises:
        CatalogError: it is damaged, or was written by a newer version.
    """
    try:
        content: dict[str, Any] = json.loads(data)
        if content["format"] != FORMAT:
            raise CatalogError(f"The shards at {address} have another format.", hint="Upgrade Discern.")
        shards = [Shard(**each) for each in content["shards"]]
        if not all(_is_valid(shard) for shard in shards):
            raise ValueError("an entry is invalid")
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise CatalogError(f"The index of the shards at {address} is damaged: {error}.", hint=_DAMAGED_HINT) from error
    return shards


def unpack_shard(file: Path, shard: Shard, folder: Path) -> UnpackedShard:
    """Write the files of a shard below a folder, each of which appears complete or not at all.

    Raises:
        CatalogError: the shard is not what the index says.
        UsageError: a file exists with other content, or cannot be written.
    """
    with file.open("rb") as opened:
        if hashlib.file_digest(opened, "sha256").hexdigest() != shard.sha256:
            raise _damaged(shard, "its content is not what the index says")
    members = files = kept = size = 0
    try:
        with tarfile.open(file, "r:") as archive:
            for member in archive:
                data = _content(archive, member)
                # One that ".." would lead out of the folder gets another name here.
                [name] = local_names([member.name])
                if data is None and not member.isdir():
                    raise _damaged(shard, f"{member.name} is not a file")
                kept += _write(folder / name, data)
                members += 1
                files += data is not None
                size += len(data or b"")
                archive.members.clear()  # type: ignore[attr-defined] # which would keep every member in memory
    except tarfile.TarError as error:
        raise _damaged(shard, str(error)) from error
    if members != shard.files:
        raise _damaged(shard, f"it has {members} files instead of {shard.files}")
    return UnpackedShard(files, kept, size)


def _content(archive: tarfile.TarFile, member: tarfile.TarInfo) -> bytes | None:
    if not member.isreg() or member.issparse():
        return None
    source = archive.extractfile(member)
    return None if source is None else source.read()


def _write(path: Path, data: bytes | None) -> bool:
    """Write a file, or create a folder for None, and return whether the file was there."""
    try:
        if data is None:
            path.mkdir(parents=True, exist_ok=True)
            return False
        if os.path.lexists(path):
            if path.is_file() and path.read_bytes() == data:
                return True
            raise UsageError(
                f"{path} exists with other content than in the bucket.",
                hint="Pull into another folder, or move this file away.",
            )
        path.parent.mkdir(parents=True, exist_ok=True)
        with atomic_write(path) as temporary:
            temporary.write_bytes(data)
    except OSError as error:
        raise UsageError(
            f"{path} cannot be written: {error.strerror or error}.",
            hint="Free disk space, or choose another folder.",
        ) from error
    return False


def _push_shard(
    store: ObjectStore, prefix: str, there: Mapping[str, RemoteObject], folder: Path, files: Sequence[Upload]
) -> tuple[Shard, bool]:
    """Pack and upload a shard, and return it and whether the bucket had it."""
    packed = folder / hashlib.sha256(files[0].key.encode()).hexdigest()
    _pack(packed, prefix, files)
    with packed.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    size, name = packed.stat().st_size, f"{digest[:16]}.tar"
    key = f"{prefix}{FOLDER}/{name}"
    found = there.get(key)
    is_there = found is not None and found.size == size
    if not is_there and size > LARGE_BYTES:
        store.write_file(key, packed, lambda _: None)
    elif not is_there:
        store.write(key, packed.read_bytes())
    packed.unlink()
    return Shard(name, len(files), size, digest), is_there


def _pack(packed: Path, prefix: str, files: Sequence[Upload]) -> None:
    """Write files to a tar file that depends on their names and content alone."""
    with tarfile.open(packed, "w", format=tarfile.PAX_FORMAT) as archive:
        for each in files:
            member = tarfile.TarInfo(each.key.removeprefix(prefix).rstrip("/"))
            if each.key.endswith("/"):
                member.type, member.mode = tarfile.DIRTYPE, 0o755
                archive.addfile(member)
                continue
            try:
                data = each.path.read_bytes()
            except OSError as error:
                raise UsageError(
                    f"{each.path} cannot be read: {error.strerror}.", hint="Check its permissions, or remove it."
                ) from error
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))


def _groups(uploads: Sequence[Upload]) -> Iterator[list[Upload]]:
    group, size = list[Upload](), 0
    for each in uploads:
        if group and (len(group) == _MOST_FILES or size + each.size > _MOST_BYTES):
            yield group
            group, size = [], 0
        group.append(each)
        size += each.size
    if group:
        yield group


def _is_valid(shard: Shard) -> bool:
    numbers = all(type(each) is int and each >= 0 for each in (shard.files, shard.bytes))
    texts = isinstance(shard.name, str) and isinstance(shard.sha256, str)
    return numbers and texts and bool(shard.name) and "/" not in shard.name and len(shard.sha256) == 64


def _damaged(shard: Shard, reason: str) -> CatalogError:
    return CatalogError(f"The shard {FOLDER}/{shard.name} is damaged: {reason}.", hint=_DAMAGED_HINT)
