"""Image source that reads zip and tar archives.

Archives are read in storage order and never unpacked to disk.
"""

import bz2
import gzip
import io
import lzma
import re
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Literal

from discern.catalog.formats.empty_folders import find_empty_folders
from discern.catalog.formats.picture_container import (
    begins_container,
    container_limits,
    is_container,
    names_container,
    read_container,
)
from discern.catalog.formats.source import Item, Source, item_from_bytes, unreadable_item
from discern.catalog.left_out import LeftOut
from discern.catalog.path_text import MEMBER, is_archive, is_ignored, leads_outside, to_text
from discern.errors import DamagedPicture, EmptyFile, NotAPicture, PictureError, PictureTooLarge, UnreadableFile
from discern.picture import Limits, read_file

_COMPRESSED: dict[bytes, Callable[[IO[bytes]], io.BufferedIOBase]] = {
    b"\x1f\x8b": lambda file: gzip.GzipFile(fileobj=file),
    b"BZ": bz2.BZ2File,
    b"\xfd7": lzma.LZMAFile,
}
_ARCHIVE_SIGNATURES = (b"PK\x03\x04", b"\x1f\x8b")
_FAILURES = (
    OSError,
    EOFError,
    ValueError,
    RuntimeError,  # raised by zipfile for encryption; its subclass NotImplementedError, for unsupported compression
    tarfile.TarError,
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
)
_CHUNK = 1 << 20
# Zip-bomb limit. Pictures do not compress a hundredfold, except plain ones, which small archives may contain.
_MAX_RATIO = 100
_UNCHECKED_BYTES = 1 << 30
_MAX_HEADER = 1 << 16
_ENDLESS_DIGITS = re.compile(rb"\d{256}")
_PAX_RECORD = re.compile(rb"([1-9]\d{0,5}) ")
_REMEDY = "Replace it by a picture, or remove it from the archive."


class ArchiveSource:
    """Image source that reads the members of a zip or tar archive.

    The root is the folder that contains the archive.
    """

    layout: Literal["folders", "archive", "declared"] = "archive"
    total: int | None = None

    def __init__(self, archive: Path, *, limits: Limits) -> None:
        self.left_out = list[LeftOut]()
        self.empty_folders = list[str]()
        self.notes = list[str]()
        self.root = archive.parent
        self._archive = archive
        self._limits = limits

    def items(self) -> Iterator[Item]:
        """Yield the members of the archive in storage order."""
        self.left_out.clear()
        self.empty_folders.clear()
        yield from read_members(self._archive, to_text(self._archive.name), limits=self._limits, source=self)


def holds_files(path: Path) -> bool:
    """Return True if a file contains a readable archive, a CIFAR batch or captured requests."""
    try:
        return path.is_file() and (is_container(path) or _is_tar(path) or zipfile.is_zipfile(path))
    except _FAILURES:
        return False


def _is_tar(path: Path) -> bool:
    """Return True if a file is a tar archive with at least one member.

    Call this before `is_zipfile`, which accepts any file that ends like a zip archive.
    """
    try:
        with _open_tar(path) as (archive, _):
            return archive.next() is not None
    except _FAILURES:
        return False


def read_members(
    archive: Path, path: str, *, limits: Limits, only: Collection[str] | None = None, source: Source | None = None
) -> Iterator[Item]:
    """Yield the members of an archive as items with their bytes in memory.

    Links, and names that lead outside the archive, become items that raise an error.

    Args:
        archive: the archive's file.
        path: the archive's path in the catalog.
        limits: `max_bytes` is the largest member that is read.
        only: catalog paths of the members to yield; None for all.
        source: source whose `left_out` and `empty_folders` are extended; None for none.
    """
    if is_container(archive):
        yield from _container_items(archive, path, limits, only)
        return
    members = _tar_members if _is_tar(archive) else _zip_members
    folders, used = set[str](), set[str]()
    try:
        for member in members(archive, limits):
            member_path = path + MEMBER + to_text(member.name)
            if member.folder or member.is_ignored:
                if source is not None:
                    _pass_over(member, member_path.rstrip("/"), folders, source)
            elif _is_selected(member_path, only):
                used.add(member_path.rpartition("/")[0])
                yield from _member_items(member, member_path, path, limits, only)
    except _FAILURES as error:
        message = f"The archive {path} is damaged ({error}); the members after this point were not read."
        yield unreadable_item(path, DamagedPicture(message, hint="Copy or download the archive again."))
    if source is not None:
        source.empty_folders += find_empty_folders(folders, used)


def _pass_over(member: "_Member", path: str, folders: set[str], source: Source) -> None:
    if not member.folder:
        source.left_out.append(LeftOut(path, "system_file"))
    elif not member.is_ignored and not leads_outside(member.name) and member.name.strip("./"):
        folders.add(path)


def _container_items(container: Path, path: str, limits: Limits, only: Collection[str] | None) -> Iterator[Item]:
    try:
        data = read_file(container, limits=container_limits(limits))
    except PictureError as error:
        yield unreadable_item(path, error)
    else:
        yield from read_container(path, data, archive=path, limits=limits, only=only)


def _is_selected(path: str, only: Collection[str] | None) -> bool:
    if only is None or path in only:
        return True
    return names_container(path) and any(selected.startswith(path + MEMBER) for selected in only)


def _member_items(
    member: "_Member", path: str, archive: str, limits: Limits, only: Collection[str] | None
) -> Iterator[Item]:
    """Yield the images in one archive member, which may hold many."""
    may_hold_many = names_container(path) and (only is None or path not in only)
    try:
        data = member.read(container_limits(limits) if may_hold_many else limits)
    except PictureError as error:
        yield unreadable_item(path, error, archive=archive)
    else:
        if may_hold_many and begins_container(path, data):
            yield from read_container(path, data, archive=archive, limits=limits, only=only)
        else:
            yield item_from_bytes(path, data, archive=archive)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Member:
    name: str
    size: int
    regular: bool
    folder: bool
    open: Callable[[], IO[bytes] | None]

    @property
    def is_ignored(self) -> bool:
        parts = self.name.split("/")
        return any(is_ignored(part) for part in parts if part not in (".", ".."))

    def read(self, limits: Limits) -> bytes:
        """Validate an archive member's type, name and size, and read its bytes."""
        if leads_outside(self.name):
            raise UnreadableFile("The name leads outside the archive.", hint=_REMEDY)
        if not self.regular:
            raise UnreadableFile("A link, pipe or device in an archive is not read.", hint=_REMEDY)
        if self.size > limits.max_bytes:
            raise PictureTooLarge(f"The file has {self.size:,} bytes.", hint=limits.byte_remedy)
        try:
            with self.open() or io.BytesIO() as file:
                data = _read_all(file, self.size)
        except _FAILURES as error:
            raise DamagedPicture(f"It cannot be read from its archive: {error}.", hint=_REMEDY) from error
        if not data:
            raise EmptyFile("The file is empty.", hint="Copy or download the archive again.")
        if is_archive(self.name) and data.startswith(_ARCHIVE_SIGNATURES):
            raise NotAPicture("An archive inside an archive is not opened.", hint="Unpack it, or remove it.")
        return data


def _read_all(file: IO[bytes], size: int) -> bytes:
    """Read an archive member in chunks, up to one byte past its declared size."""
    chunks = [file.read(min(_CHUNK, size + 1))]
    while chunks[-1]:
        size -= len(chunks[-1])
        chunks.append(file.read(min(_CHUNK, size + 1)))
    return b"".join(chunks)


def _zip_members(archive: Path, limits: Limits) -> Iterator[_Member]:
    with zipfile.ZipFile(archive) as opened:
        infos, size = opened.infolist(), archive.stat().st_size
        if sum(info.compress_size for info in infos) > size:
            raise zipfile.BadZipFile("members overlap")
        unpacked = 0
        for info in infos:
            unpacked += info.file_size if info.file_size <= limits.max_bytes else 0
            _check_ratio(unpacked, size)
            kind = stat.S_IFMT(info.external_attr >> 16) if info.create_system == 3 else 0
            yield _Member(
                name=info.filename if "/" in info.filename else info.filename.replace("\\", "/"),
                size=info.file_size,
                regular=kind in (0, stat.S_IFREG),
                folder=info.is_dir(),
                open=lambda info=info: opened.open(info),  # type: ignore[misc]
            )


def _check_ratio(unpacked: int, size: int) -> None:
    if unpacked > max(_UNCHECKED_BYTES, _MAX_RATIO * size):
        raise ValueError(f"its {size:,} bytes would unpack to more than {unpacked:,}")


def _tar_members(archive: Path, limits: Limits) -> Iterator[_Member]:
    with _open_tar(archive) as (opened, file):
        while (info := opened.next()) is not None:
            # Otherwise tarfile would keep every member and global header in memory.
            opened.members.clear()  # type: ignore[attr-defined]
            opened.pax_headers.clear()  # type: ignore[attr-defined]
            file.max_read = limits.max_bytes
            yield _Member(
                name=info.name.removeprefix("./"),
                size=info.size,
                regular=info.isreg(),
                folder=info.isdir(),
                open=lambda info=info: opened.extractfile(info),  # type: ignore[misc]
            )
            file.max_read = _MAX_HEADER
        # tarfile treats any invalid header as the end; a real end is a block of zeros or the end of file.
        file.seek(opened.offset)
        if file.read(tarfile.BLOCKSIZE).strip(b"\0"):
            raise tarfile.ReadError("a member header is missing")


@contextmanager
def _open_tar(path: Path) -> Iterator[tuple[tarfile.TarFile, "_BoundedReader"]]:
    with ExitStack() as stack:
        file = stack.enter_context(path.open("rb"))
        start = file.read(2)
        file.seek(0)
        raw = _COMPRESSED[start](file) if start in _COMPRESSED else file
        bounded = stack.enter_context(_BoundedReader(raw))
        bounded.packed_size = path.stat().st_size
        yield stack.enter_context(tarfile.open(fileobj=bounded, mode="r:", tarinfo=_ValidatedHeader)), bounded


class _BoundedReader(io.BufferedReader):
    """File reader that limits the size of each read and the compression ratio."""

    max_read = _MAX_HEADER
    packed_size = 0

    def read(self, size: int | None = -1, /) -> bytes:
        if size is None or not 0 <= size <= self.max_read:
            raise tarfile.ReadError(f"a header claims {size} bytes")
        _check_ratio(self.tell() + size, self.packed_size)
        return super().read(size)

    def seek(self, target: int, whence: int = 0, /) -> int:
        _check_ratio(target, self.packed_size)
        return super().seek(target, whence)


class _ValidatedHeader(tarfile.TarInfo):
    """Tar header that validates its pax records before they are parsed.

    Forged records take quadratic time and memory (CVE-2024-6232, fixed in Python 3.11.10 and 3.12.6).
    """

    def _proc_pax(self, archive: tarfile.TarFile) -> tarfile.TarInfo:
        file = archive.fileobj
        assert file is not None
        start = file.tell()
        _validate_pax_records(file.read(self.size))
        file.seek(start)
        header: tarfile.TarInfo = super()._proc_pax(archive)  # type: ignore[misc]
        return header


def _validate_pax_records(data: bytes) -> None:
    """Validate the "length keyword=value" records of a POSIX pax extended header."""
    if _ENDLESS_DIGITS.search(data):
        raise tarfile.ReadError("a number in a header is too long")
    start = 0
    while start < len(data) and data[start]:
        found = _PAX_RECORD.match(data, start)
        end = start + int(found[1]) if found else start
        if found is None or data[end - 1 : end] != b"\n" or b"=" not in data[found.end() : end]:
            raise tarfile.ReadError("an extended header is damaged")
        start = end
