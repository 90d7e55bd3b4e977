"""Functions that write members to a zip archive of one canonical form, and check an archive for it."""

import io
import struct
import zipfile
from collections.abc import Mapping
from typing import IO, Any, cast

_EPOCH = (1980, 1, 1, 0, 0, 0)
_SMALL_BYTES = 4096  # larger than any header
_HEADER_BYTES, _NAME_LENGTH = 30, 26  # of a member's own header, by the format's specification


def write_zip(file: IO[bytes], members: Mapping[str, bytes], comment: bytes) -> None:
    """Write members in their order, uncompressed, with fixed timestamps and attributes."""
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        for name, data in members.items():
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.create_system = 3
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, data)
        archive.comment = comment


def is_canonical(data: bytes, members: Mapping[str, bytes], comment: bytes) -> bool:
    """Check whether `write_zip` would write exactly the given bytes, without a second copy of them."""
    comparison = _Comparison(data)
    write_zip(cast("IO[bytes]", comparison), members, comment)
    return comparison.is_equal()


def read_stored(file: IO[bytes], entry: zipfile.ZipInfo) -> bytes:
    """Read the content of an uncompressed member of an archive, without computing its checksum.

    Raises:
        ValueError: the member is compressed or incomplete.
    """
    file.seek(entry.header_offset)
    header = file.read(_HEADER_BYTES)
    if entry.compress_type != zipfile.ZIP_STORED or len(header) < _HEADER_BYTES:
        raise ValueError(f"{entry.filename} is compressed or incomplete")
    name, extra = struct.unpack_from("<HH", header, _NAME_LENGTH)
    file.seek(name + extra, io.SEEK_CUR)
    content = file.read(entry.file_size)
    if len(content) < entry.file_size:
        raise ValueError(f"{entry.filename} is incomplete")
    return content


class _Comparison(io.RawIOBase):
    """Writable file that compares large blocks with the expected content instead of storing them.

    Args:
        expected: the content.
    """

    def __init__(self, expected: bytes) -> None:
        self._expected = memoryview(expected)
        self._at = self._end = 0
        self._small: dict[int, bytes] = {}  # headers are written again when the checksum is known
        self._differs = False

    def is_equal(self) -> bool:
        """Return True if exactly the expected content was written."""
        is_small_equal = all(self._equals(at, block) for at, block in self._small.items())
        return is_small_equal and not self._differs and self._end == len(self._expected)

    def write(self, block: Any, /) -> int:
        if len(block) <= _SMALL_BYTES:
            self._small[self._at] = bytes(block)
        elif not self._equals(self._at, block):
            self._differs = True
        self.seek(self._at + len(block))
        self._end = max(self._end, self._at)
        return len(block)

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        self._at = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._end}[whence] + offset
        return self._at

    def seekable(self) -> bool:
        return True

    def writable(self) -> bool:
        return True

    def _equals(self, at: int, block: bytes) -> bool:
        return self._expected[at : at + len(block)] == block
