"""Functions that resume an interrupted batch prediction."""

import os
from collections.abc import Iterator

import polars as pl

from discern.catalog import Item, Source
from discern.catalog.formats.read_items import archive_of
from discern.catalog.path_text import MEMBER, to_name
from discern.errors import UnreadableFile
from discern.flow.predict.answer_table import AT, MARK


class ResumePlan:
    """Plan that selects the images still to be classified after an interruption.

    A picture is skipped if its file, or its archive, has the same size and modification time as before. Unreadable
    files are tried again.

    Args:
        source: the pictures as they are now.
        before: earlier rows, columns `at`, `mark` and `error` of `answer_table.schema`.

    Attributes:
        marks: size and time of each picture visited so far, in the source's order; "" for a missing file.
        skipped: number of skipped pictures.
    """

    def __init__(self, source: Source, before: pl.DataFrame) -> None:
        self.marks: dict[str, str] = {}
        self.skipped = 0
        self._source = source
        read = before.filter(pl.col("error").ne_missing(UnreadableFile.code))
        self._before = dict(zip(read[AT], read[MARK], strict=True))

    def remaining(self) -> Iterator[Item]:
        """Yield the images that have not been classified yet, and mark all images as visited."""
        marker = _FileMarker(self._source)
        for item in self._source.items():
            mark = marker.mark(item.path)
            # If an archive contains a name twice, the later file counts.
            is_current = mark and item.path not in self.marks and self._before.get(item.path) == mark
            self.marks[item.path] = mark
            self.skipped += bool(is_current)
            if not is_current:
                yield item


class _FileMarker:
    def __init__(self, source: Source) -> None:
        self._root = source.root
        self._text = str(source.root)
        self._archive, self._mark = "\0", ""

    def mark(self, path: str) -> str:
        """Return the size and modification time of the file or archive that holds an image."""
        if path.startswith(self._archive + MEMBER):
            return self._mark
        archive = archive_of(self._root, path)
        mark = _mark(os.path.join(self._text, to_name(archive or path)))  # noqa: PTH118 - faster on text
        if archive:
            self._archive, self._mark = archive, mark
        return mark


def _mark(path: str) -> str:
    try:
        status = os.stat(path)  # noqa: PTH116 - faster on text
    except (OSError, ValueError):
        return ""
    return f"{status.st_size}:{status.st_mtime_ns}"
