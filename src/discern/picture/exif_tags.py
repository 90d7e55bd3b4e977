"""Parser of TIFF directories, which also hold the EXIF metadata of images.

Every offset and count is checked before use. The layout is that of TIFF 6.0 (Adobe, 1992), section 2, and of BigTIFF.
"""

import struct
from dataclasses import dataclass

ORIENTATION = 0x0112
_WIDTHS = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}
_INTEGERS = {1: "B", 3: "H", 4: "L", 13: "L", 16: "Q"}
_ASCII = 2


@dataclass(frozen=True, kw_only=True)
class Tag:
    """Entry of a TIFF directory, with the type, number and byte position of its values."""

    type: int
    count: int
    start: int

    @property
    def size(self) -> int:
        """Return the size of the values of the entry in bytes."""
        return self.count * _WIDTHS.get(self.type, 0)


class Directory:
    """Image file directory (IFD) of a TIFF structure.

    Args:
        data: the structure, starting with its byte order mark.
        start: byte position of the directory; None for the first one.

    Raises:
        ValueError: the data is not a TIFF structure.
        struct.error: the data ends too early.
    """

    def __init__(self, data: bytes, start: int | None = None) -> None:
        self._data = data
        self._order = {b"II": "<", b"MM": ">"}.get(data[:2], "")
        if not self._order:
            raise ValueError("no byte order")
        big = self._unpack("H", 2)[0] == 43
        head, entry, inline = ("Q", "HHQ8s", 8) if big else ("H", "HHL4s", 4)
        width = struct.calcsize(self._order + entry)
        if start is None:
            start = self._unpack("Q" if big else "L", 8 if big else 4)[0]
        entries = self._unpack(head, start)[0]
        first = start + struct.calcsize(head)
        if first + entries * width > len(data):
            raise struct.error("the directory is truncated")
        self.tags: dict[int, Tag] = {}
        for offset in range(first, first + entries * width, width):
            number, field_type, count, _ = self._unpack(entry, offset)
            tag = Tag(type=field_type, count=count, start=offset + width - inline)
            if tag.size > inline:
                tag = Tag(type=field_type, count=count, start=self._unpack("Q" if big else "L", tag.start)[0])
            self.tags.setdefault(number, tag)
        end = first + entries * width
        self.has_next = end + inline <= len(data) and self._unpack("Q" if big else "L", end)[0] != 0

    def values(self, tag: int, *, most: int) -> tuple[int, ...]:
        """Read the integer values of a TIFF tag.

        The result is () if the tag is missing, truncated, not of integers, or has more than `most` values.
        """
        entry = self.tags.get(tag)
        if entry is None or entry.type not in _INTEGERS or entry.count > most:
            return ()
        if entry.start + entry.size > len(self._data):
            return ()
        return self._unpack(f"{entry.count}{_INTEGERS[entry.type]}", entry.start)

    def text(self, tag: int, *, most: int) -> str:
        """Read the printable ASCII characters among the first `most` bytes of a text tag.

        The result is "" if the tag is missing, truncated, or no text; blanks are single, and none are around it.
        """
        entry = self.tags.get(tag)
        if entry is None or entry.type != _ASCII or entry.start + entry.size > len(self._data):
            return ""
        value = self._data[entry.start : entry.start + min(entry.size, most)].partition(b"\0")[0]
        characters = value.decode("ascii", "ignore")
        return " ".join("".join(each for each in characters if each.isprintable()).split())

    def _unpack(self, layout: str, offset: int) -> tuple[int, ...]:
        if offset > len(self._data):  # a 64-bit offset overflows in `struct`, which then raises another error
            raise struct.error("an offset lies behind the end")
        return struct.unpack_from(self._order + layout, self._data, offset)


def orientation(exif: bytes) -> int:
    """Read the EXIF orientation of an image, or return 1 (upright) if it is missing or invalid."""
    try:
        values = Directory(exif.removeprefix(b"Exif\0\0")).values(ORIENTATION, most=1)
    except (ValueError, struct.error):
        return 1
    return values[0] if values and 1 <= values[0] <= 8 else 1
