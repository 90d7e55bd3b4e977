"""A source out of what people name: one of any form, or several things one after the other."""

import os
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Literal

from discern.catalog import Item, Source
from discern.catalog.formats.archive_source import holds_files
from discern.catalog.formats.cifar.batch_file import names_batch
from discern.catalog.formats.listing.listing_source import SUFFIXES
from discern.catalog.formats.source import item_from_bytes
from discern.catalog.path_text import is_archive, to_text
from discern.catalog.scanner import open_source
from discern.errors import UsageError
from discern.flow.paths import is_folder, resolve_path
from discern.flow.predict.inputs import STANDARD_INPUT, resolve_inputs
from discern.flow.run import is_own
from discern.picture import Limits, read_file


class FileListSource:
    """Some files, each of which should be a picture.

    Args:
        places: absolute paths.
        limits: `max_bytes` bounds what is read of one file.
    """

    layout: Literal["folders", "archive", "declared"] = "declared"

    def __init__(self, places: Sequence[str], *, limits: Limits) -> None:
        self.root = _common(dict.fromkeys(map(os.path.dirname, places)))
        self.total: int | None = len(places)
        self._places, self._limits = places, limits

    def items(self) -> Iterator[Item]:
        """Yield them in the order given."""
        root = os.path.join(self.root, "")  # noqa: PTH118 - as text
        for path in self._places:
            name = to_text(path.removeprefix(root).replace(os.sep, "/"))
            yield Item(path=name, load=partial(read_file, path, limits=self._limits))


class StdinSource:
    """The picture that came through standard input."""

    layout: Literal["folders", "archive", "declared"] = "declared"
    total: int | None = 1

    def __init__(self, data: bytes) -> None:
        self.root = Path.cwd()
        self._data = data

    def items(self) -> Iterator[Item]:
        """Yield it."""
        yield item_from_bytes(STANDARD_INPUT, self._data)


class CombinedSource:
    """Sources one after the other, as one."""

    layout: Literal["folders", "archive", "declared"] = "declared"

    def __init__(self, sources: Sequence[Source]) -> None:
        self.root = _common(str(source.root) for source in sources)
        totals = [source.total for source in sources if source.total is not None]
        self.total: int | None = sum(totals) if len(totals) == len(sources) else None
        self._sources = sources

    def items(self) -> Iterator[Item]:
        """Yield the items of each, with their paths below what is common to all."""
        for source in self._sources:
            before = to_text(source.root.relative_to(self.root).as_posix())
            for item in source.items():
                inside = before == "." or os.path.isabs(item.path)  # noqa: PTH117 - text
                yield item if inside else item._replace(path=f"{before}/{item.path}")


def open_inputs(words: Sequence[str], limits: Limits) -> Source:
    """Open what words name.

    One word may be a folder, a list or an archive, whatever it is called, a picture, a pattern, or "-" for standard
    input. Of several, those are lists and archives that are called so, and all else that is no folder is a picture.

    Args:
        words: as `words.require_names` gives them.
        limits: `max_bytes` bounds what is read of one file.

    Raises:
        CatalogError: there is nothing of that name, or it cannot be read.
        UsageError: standard input is closed, lists nothing, or lists an address.
    """
    meant = list(resolve_inputs(words))
    if not meant:
        raise UsageError("There is no picture to answer.", hint="List paths, one a line, or pipe a picture.")
    paths = [str(resolve_path(each)) for each in meant if isinstance(each, str)]
    sources: list[Source] = [StdinSource(each) for each in meant if isinstance(each, bytes)]
    if len(meant) == 1 and paths and not _is_plain_file(Path(paths[0])):
        return open_source(Path(paths[0]), limits, is_own, labels=False)
    for holds_more, some in groupby(paths, _holds_more):
        if holds_more:
            sources += [open_source(Path(path), limits, is_own, labels=False) for path in some]
        else:
            sources.append(FileListSource(list(some), limits=limits))
    return sources[0] if len(sources) == 1 else CombinedSource(sources)


def _is_plain_file(path: Path) -> bool:
    return path.is_file() and not path.name.lower().endswith(SUFFIXES) and not holds_files(path)


def _holds_more(path: str) -> bool:
    """Whether it is a folder, a list or an archive, by its name: to look into a hundred thousand files takes long."""
    if path.lower().endswith(SUFFIXES) or is_folder(Path(path)):
        return True
    return (is_archive(path) or names_batch(path)) and holds_files(Path(path))


def _common(folders: Iterable[str]) -> Path:
    try:
        return Path(os.path.commonpath(list(folders)))
    except ValueError as error:
        raise UsageError(
            "The pictures lie on several drives.", hint="Answer those of each drive into a file of their own."
        ) from error
