"""Zip and tar archives, read in the order they are stored and never unpacked to disk."""

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

from discern.catalog.formats.cifar.batch_file import batch_limits, is_batch, names_batch, read_batch
from discern.catalog.formats.cifar.pickle_reader import begins_pickle
from discern.catalog.formats.source import Item, as_source, refused
from discern.catalog.path_text import MEMBER, is_archive, is_ignored, leads_outside, to_text
from discern.errors import DamagedPicture, EmptyFile, NotAPicture, PictureError, PictureTooLarge, UnreadableFile
from discern.picture import Limits, read_file

_COMPRESSED: dict[bytes, Callable[[IO[bytes]], io.BufferedIOBase]] = {
    b"\x1f\x8b": lambda file: gzip.GzipFile(fileobj=file),
    b"BZ": bz2.BZ2File,
    b"\xfd7": lzma.LZMAFile,
}
_ARCHIVED = (b"PK\x03\x04", b"\x1f\x8b")
_FAILURES = (
    OSError,
    EOFError,
    ValueError,
    RuntimeError,  # zipfile's word for "encrypted"; its NotImplementedError, for odd compressions, is one too
    tarfile.TarError,
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
)
_PIECE = 1 << 20
# No set of pictures is packed a hundredfold; an archive that is small may be, when its pictures are plain.
_GROWTH = 100
_GROWN = 1 << 30
_LONGEST_HEADER = 1 << 16
_LONGEST_DIGITS = re.compile(rb"\d{256}")
_RECORD = re.compile(rb"([1-9]\d{0,5}) ")
_REMEDY = "Unpack the archive, put a picture in its place, or leave it out."


class ArchiveSource:
    """Everything inside one archive; the root is the folder that it lies in."""

    layout: Literal["folders", "archive", "declared"] = "archive"
    total: int | None = None

    def __init__(self, archive: Path, *, limits: Limits) -> None:
        self.root = archive.parent
        self._archive = archive
        self._limits = limits

    def items(self) -> Iterator[Item]:
        """Yield members in the order they are stored."""
        return read_members(self._archive, to_text(self._archive.name), limits=self._limits)


def holds_files(path: Path) -> bool:
    """Tell, by its content, whether a file is an archive, or a batch of pictures, that can be opened."""
    try:
        return path.is_file() and (is_batch(path) or _is_tar(path) or zipfile.is_zipfile(path))
    except _FAILURES:
        return False


def _is_tar(path: Path) -> bool:
    """Tell a tar by its first member; asked before zip, which looks for its directory at the end of any file."""
    try:
        with _open_tar(path) as (archive, _):
            return archive.next() is not None
    except _FAILURES:
        return False


def read_members(archive: Path, path: str, *, limits: Limits, wanted: Collection[str] | None = None) -> Iterator[Item]:
    """Yield the members of an archive, each read already; links, and names that lead outside, refused with a reason.

    Args:
        archive: where it lies.
        path: the archive's own path in the catalog.
        limits: `max_bytes` bounds what is read of one member.
        wanted: paths in the catalog; only these are yielded. None: all.
    """
    if is_batch(archive):
        yield from _pictures_of(archive, path, limits, wanted)
        return
    members = _tar_members if _is_tar(archive) else _zip_members
    try:
        for member in members(archive, limits):
            member_path = path + MEMBER + to_text(member.name)
            if not member.is_ignored and _is_wanted(member_path, wanted):
                yield from _items_of(member, member_path, path, limits, wanted)
    except _FAILURES as error:
        message = f"The archive {path} is damaged ({error}): what follows in it was not read."
        yield refused(path, DamagedPicture(message, hint="Get the archive again from where it came from."))


def _pictures_of(batch: Path, path: str, limits: Limits, wanted: Collection[str] | None) -> Iterator[Item]:
    try:
        data = read_file(batch, limits=batch_limits(limits))
    except PictureError as error:
        yield refused(path, error)
    else:
        yield from read_batch(path, data, archive=path, wanted=wanted)


def _is_wanted(path: str, wanted: Collection[str] | None) -> bool:
    if wanted is None or path in wanted:
        return True
    return names_batch(path) and any(one.startswith(path + MEMBER) for one in wanted)


def _items_of(
    member: "_Member", path: str, archive: str, limits: Limits, wanted: Collection[str] | None
) -> Iterator[Item]:
    """Yield a member, or the pictures in it where it is a batch."""
    may_be_batch = names_batch(path) and (wanted is None or path not in wanted)
    try:
        data = member.read(batch_limits(limits) if may_be_batch else limits)
    except PictureError as error:
        yield refused(path, error, archive=archive)
    else:
        if may_be_batch and begins_pickle(data):
            yield from read_batch(path, data, archive=archive, wanted=wanted)
        else:
            yield as_source(path, data, archive=archive)


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
        return self.folder or any(is_ignored(part) for part in parts if part not in (".", ".."))

    def read(self, limits: Limits) -> bytes:
        """Read it as a member that stays inside, is a plain file, and keeps to its size."""
        if leads_outside(self.name):
            raise UnreadableFile("The name leads outside of its archive.", hint=_REMEDY)
        if not self.regular:
            raise UnreadableFile("A link, pipe or device in an archive is not followed.", hint=_REMEDY)
        if self.size > limits.max_bytes:
            raise PictureTooLarge(f"The file has {self.size:,} bytes.", hint=limits.remedy)
        try:
            with self.open() or io.BytesIO() as file:
                data = _read_all(file, self.size)
        except _FAILURES as error:
            raise DamagedPicture(f"It cannot be read from its archive: {error}.", hint=_REMEDY) from error
        if not data:
            raise EmptyFile("There is nothing in it.", hint="Get the archive again from where it came from.")
        if is_archive(self.name) and data.startswith(_ARCHIVED):
            raise NotAPicture("An archive inside an archive is not opened.", hint=_REMEDY)
        return data


def _read_all(file: IO[bytes], size: int) -> bytes:
    """Read in pieces that `_Bounded` allows, and one byte more than there should be."""
    pieces = [file.read(min(_PIECE, size + 1))]
    while pieces[-1]:
        size -= len(pieces[-1])
        pieces.append(file.read(min(_PIECE, size + 1)))
    return b"".join(pieces)


def _zip_members(archive: Path, limits: Limits) -> Iterator[_Member]:
    with zipfile.ZipFile(archive) as opened:
        infos, size = opened.infolist(), archive.stat().st_size
        if sum(info.compress_size for info in infos) > size:
            raise zipfile.BadZipFile("members lie in one another")
        grown = 0
        for info in infos:
            grown += info.file_size if info.file_size <= limits.max_bytes else 0
            _require_growth(grown, size)
            kind = stat.S_IFMT(info.external_attr >> 16) if info.create_system == 3 else 0
            yield _Member(
                name=info.filename if "/" in info.filename else info.filename.replace("\\", "/"),
                size=info.file_size,
                regular=kind in (0, stat.S_IFREG),
                folder=info.is_dir(),
                open=lambda info=info: opened.open(info),  # type: ignore[misc]
            )


def _require_growth(grown: int, size: int) -> None:
    if grown > max(_GROWN, _GROWTH * size):
        raise ValueError(f"it would grow from {size:,} bytes to more than {grown:,}")


def _tar_members(archive: Path, limits: Limits) -> Iterator[_Member]:
    with _open_tar(archive) as (opened, file):
        while (info := opened.next()) is not None:
            # Else a million members, or what their headers say of those that follow, would all be remembered.
            opened.members.clear()  # type: ignore[attr-defined]
            opened.pax_headers.clear()  # type: ignore[attr-defined]
            file.most = limits.max_bytes
            yield _Member(
                name=info.name.removeprefix("./"),
                size=info.size,
                regular=info.isreg(),
                folder=info.isdir(),
                open=lambda info=info: opened.extractfile(info),  # type: ignore[misc]
            )
            file.most = _LONGEST_HEADER
        # tarfile takes anything that is no header for the end; the true end is zeros or nothing.
        file.seek(opened.offset)
        if file.read(tarfile.BLOCKSIZE).strip(b"\0"):
            raise tarfile.ReadError("no member begins where one should")


@contextmanager
def _open_tar(path: Path) -> Iterator[tuple[tarfile.TarFile, "_Bounded"]]:
    with ExitStack() as stack:
        file = stack.enter_context(path.open("rb"))
        start = file.read(2)
        file.seek(0)
        raw = _COMPRESSED[start](file) if start in _COMPRESSED else file
        bounded = stack.enter_context(_Bounded(raw))
        bounded.packed = path.stat().st_size
        yield stack.enter_context(tarfile.open(fileobj=bounded, mode="r:", tarinfo=_Header)), bounded


class _Bounded(io.BufferedReader):
    """A file that never gives more at once than a header or a member may have, nor grows without end when unpacked."""

    most = _LONGEST_HEADER
    packed = 0

    def read(self, size: int | None = -1, /) -> bytes:
        if size is None or not 0 <= size <= self.most:
            raise tarfile.ReadError(f"a header claims {size} bytes")
        _require_growth(self.tell() + size, self.packed)
        return super().read(size)

    def seek(self, target: int, whence: int = 0, /) -> int:
        _require_growth(target, self.packed)
        return super().seek(target, whence)


class _Header(tarfile.TarInfo):
    """Extended headers are proven before they are read: forged ones would take quadratic time and memory.

    That is CVE-2024-6232; Python has mended it since 3.11.10 and 3.12.6.
    """

    def _proc_pax(self, archive: tarfile.TarFile) -> tarfile.TarInfo:
        file = archive.fileobj
        assert file is not None
        place = file.tell()
        _require_records(file.read(self.size))
        file.seek(place)
        header: tarfile.TarInfo = super()._proc_pax(archive)  # type: ignore[misc]
        return header


def _require_records(data: bytes) -> None:
    """Follow records "length keyword=value" and a newline (POSIX pax, "Extended Header") to their end."""
    if _LONGEST_DIGITS.search(data):
        raise tarfile.ReadError("a header has a number without end")
    place = 0
    while place < len(data) and data[place]:
        found = _RECORD.match(data, place)
        end = place + int(found[1]) if found else place
        if found is None or data[end - 1 : end] != b"\n" or b"=" not in data[found.end() : end]:
            raise tarfile.ReadError("an extended header is damaged")
        place = end
