"""Reads TIFF directories, which EXIF uses as well: as far as needed, and never trusting a figure.

The layout is that of TIFF 6.0 (Adobe, 1992), section 2, and of BigTIFF.
"""

import struct
from dataclasses import dataclass

ORIENTATION = 0x0112
_WIDTHS = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}
_NUMBERS = {1: "B", 3: "H", 4: "L", 13: "L", 16: "Q"}


@dataclass(frozen=True, kw_only=True)
class Tag:
    """One entry of a directory: `count` values of a kind, at an offset in the data."""

    kind: int
    count: int
    start: int

    @property
    def size(self) -> int:
        """Bytes that the values take."""
        return self.count * _WIDTHS.get(self.kind, 0)


class Directory:
    """The first directory of a TIFF structure.

    Args:
        data: the structure, beginning with its byte order.

    Raises:
        ValueError: not such a structure.
        struct.error: it ends too early.
    """

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._order = {b"II": "<", b"MM": ">"}.get(data[:2], "")
        if not self._order:
            raise ValueError("no byte order")
        big = self._unpack("H", 2)[0] == 43
        head, entry, inline = ("Q", "HHQ8s", 8) if big else ("H", "HHL4s", 4)
        width = struct.calcsize(self._order + entry)
        place = self._unpack("Q" if big else "L", 8 if big else 4)[0]
        entries = self._unpack(head, place)[0]
        first = place + struct.calcsize(head)
        if first + entries * width > len(data):
            raise struct.error("the directory is cut")
        self.tags: dict[int, Tag] = {}
        for at in range(first, first + entries * width, width):
            tag, kind, count, _ = self._unpack(entry, at)
            held = Tag(kind=kind, count=count, start=at + width - inline)
            if held.size > inline:
                held = Tag(kind=kind, count=count, start=self._unpack("Q" if big else "L", held.start)[0])
            self.tags.setdefault(tag, held)
        after = first + entries * width
        self.more = after + inline <= len(data) and self._unpack("Q" if big else "L", after)[0] != 0

    def values(self, tag: int, *, most: int) -> tuple[int, ...]:
        """The whole numbers under a tag; none where it is missing, cut, no number, or holds more than `most`."""
        held = self.tags.get(tag)
        if held is None or held.kind not in _NUMBERS or held.count > most or held.start + held.size > len(self._data):
            return ()
        return self._unpack(f"{held.count}{_NUMBERS[held.kind]}", held.start)

    def _unpack(self, layout: str, place: int) -> tuple[int, ...]:
        return struct.unpack_from(self._order + layout, self._data, place)


def orientation(exif: bytes) -> int:
    """How a camera was held, from an EXIF block: 1 (upright) to 8; 1 where nothing sensible is said."""
    try:
        values = Directory(exif.removeprefix(b"Exif\0\0")).values(ORIENTATION, most=1)
    except (ValueError, struct.error):
        return 1
    return values[0] if values and 1 <= values[0] <= 8 else 1
