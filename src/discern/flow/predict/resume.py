"""Going on where an interrupted work was: which pictures are there now, and which of them need no answer again."""

import os
from collections.abc import Iterator

import polars as pl

from discern.catalog import Item, Source
from discern.catalog.formats.read_items import archive_of
from discern.catalog.path_text import MEMBER, to_name
from discern.errors import UnreadableFile
from discern.flow.predict.answer_table import AT, MARK


class ResumePlan:
    """The way through a source beside what was answered before.

    A picture needs no answer again while its file, or that of its archive, has the size and the time of its last change
    that it had. What could not be read is tried again.

    Args:
        source: the pictures, as they are now.
        before: what was kept, the columns `at`, `mark` and `error` of `tabling.schema`.

    Attributes:
        marks: of the pictures met until now, in the source's order; "" for a file that is not there.
        kept: how many of them need no answer again.
    """

    def __init__(self, source: Source, before: pl.DataFrame) -> None:
        self.marks: dict[str, str] = {}
        self.kept = 0
        self._source = source
        read = before.filter(pl.col("error").ne_missing(UnreadableFile.code))
        self._before = dict(zip(read[AT], read[MARK], strict=True))

    def left(self) -> Iterator[Item]:
        """Yield what is to be answered, and note all."""
        marker = _FileMarker(self._source)
        for item in self._source.items():
            mark = marker.mark(item.path)
            # Where an archive has a name twice, the later file replaces the earlier.
            is_kept = mark and item.path not in self.marks and self._before.get(item.path) == mark
            self.marks[item.path] = mark
            self.kept += bool(is_kept)
            if not is_kept:
                yield item


class _FileMarker:
    def __init__(self, source: Source) -> None:
        self._root = source.root
        self._text = str(source.root)
        self._archive, self._mark = "\0", ""

    def mark(self, path: str) -> str:
        """The size and the time of the last change of a picture's file; of its archive, where it is in one."""
        if path.startswith(self._archive + MEMBER):
            return self._mark
        archive = archive_of(self._root, path)
        mark = _mark(os.path.join(self._text, to_name(archive or path)))  # noqa: PTH118 - quicker as text
        if archive:
            self._archive, self._mark = archive, mark
        return mark


def _mark(place: str) -> str:
    try:
        status = os.stat(place)  # noqa: PTH116 - quicker as text
    except (OSError, ValueError):
        return ""
    return f"{status.st_size}:{status.st_mtime_ns}"
