"""Data sources that read the images for `discern predict`."""

import os
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Literal

from discern.catalog import Item, Source
from discern.catalog.formats.archive_source import holds_files
from discern.catalog.formats.listing.listing_source import SUFFIXES
from discern.catalog.formats.open_source import open_source
from discern.catalog.formats.picture_container import names_container
from discern.catalog.formats.source import item_from_bytes
from discern.catalog.left_out import LeftOut
from discern.catalog.path_text import is_archive, to_text
from discern.errors import UsageError
from discern.flow.paths import is_file, is_folder, resolve_path
from discern.flow.predict.inputs import STANDARD_INPUT, resolve_inputs
from discern.flow.run import is_own
from discern.picture import Limits, read_file


class FileListSource:
    """Data source that reads individual image files.

    Args:
        paths: absolute paths.
        limits: `max_bytes` limits the size of a file.
    """

    layout: Literal["folders", "archive", "declared"] = "declared"

    def __init__(self, paths: Sequence[str], *, limits: Limits) -> None:
        self.root = _common(dict.fromkeys(map(os.path.dirname, paths)))
        self.total: int | None = len(paths)
        self.left_out = list[LeftOut]()
        self.empty_folders = list[str]()
        self.notes = list[str]()
        self._paths, self._limits = paths, limits

    def items(self) -> Iterator[Item]:
        """Yield the image files in the given order."""
        root = os.path.join(self.root, "")  # noqa: PTH118 - as text
        for path in self._paths:
            name = to_text(path.removeprefix(root).replace(os.sep, "/"))
            yield Item(path=name, load=partial(read_file, path, limits=self._limits))


class StdinSource:
    """Data source that reads one image from standard input."""

    layout: Literal["folders", "archive", "declared"] = "declared"
    total: int | None = 1

    def __init__(self, data: bytes) -> None:
        self.root = Path.cwd()
        self.left_out = list[LeftOut]()
        self.empty_folders = list[str]()
        self.notes = list[str]()
        self._data = data

    def items(self) -> Iterator[Item]:
        """Yield the image read from standard input."""
        yield item_from_bytes(STANDARD_INPUT, self._data)


class CombinedSource:
    """Data source that concatenates several other data sources."""

    layout: Literal["folders", "archive", "declared"] = "declared"

    def __init__(self, sources: Sequence[Source]) -> None:
        self.root = _common(str(source.root) for source in sources)
        totals = [source.total for source in sources if source.total is not None]
        self.total: int | None = sum(totals) if len(totals) == len(sources) else None
        self.left_out = list[LeftOut]()
        self.empty_folders = list[str]()
        self.notes = list[str]()
        self._sources = sources

    def items(self) -> Iterator[Item]:
        """Yield the images of each data source with paths relative to their common folder."""
        self.left_out.clear()
        self.empty_folders.clear()
        for source in self._sources:
            prefix = to_text(source.root.relative_to(self.root).as_posix())
            add = partial(_with_prefix, "" if prefix == "." else f"{prefix}/")
            for item in source.items():
                yield item._replace(path=add(item.path))
            self.left_out += [each._replace(path=add(each.path)) for each in source.left_out]
            self.empty_folders += map(add, source.empty_folders)


def _with_prefix(prefix: str, path: str) -> str:
    return path if os.path.isabs(path) else prefix + path  # noqa: PTH117 - text


def open_inputs(inputs: Sequence[str], limits: Limits) -> Source:
    """Open the path arguments of `discern predict` as one data source.

    Args:
        inputs: inputs, checked by `require_inputs`. A single input may be a folder, a picture, a pattern, "-" for
            standard input, or a list or an archive of any name. Of several inputs, lists and archives are recognised
            by their suffix, and all other files are pictures.
        limits: `max_bytes` limits the size of a file.

    Raises:
        CatalogError: an input does not exist or cannot be read.
        UsageError: standard input is closed, a terminal, empty or too long, or lists a URL.
    """
    found = list(resolve_inputs(inputs, limits))
    if not found:
        raise UsageError("There is no picture to predict.", hint="List paths, one per line, or pipe a picture.")
    paths = [str(resolve_path(each)) for each in found if isinstance(each, str)]
    sources: list[Source] = [StdinSource(each) for each in found if isinstance(each, bytes)]
    if len(found) == 1 and paths and not _is_plain_file(Path(paths[0])):
        return open_source(Path(paths[0]), limits, is_own, labels=False)
    for is_container, group in groupby(paths, _is_container):
        if is_container:
            sources += [open_source(Path(path), limits, is_own, labels=False) for path in group]
        else:
            sources.append(FileListSource(list(group), limits=limits))
    return sources[0] if len(sources) == 1 else CombinedSource(sources)


def _is_plain_file(path: Path) -> bool:
    return is_file(path) and not path.name.lower().endswith(SUFFIXES) and not holds_files(path)


def _is_container(path: str) -> bool:
    if path.lower().endswith(SUFFIXES) or is_folder(Path(path)):
        return True
    return (is_archive(path) or names_container(path)) and holds_files(Path(path))


def _common(folders: Iterable[str]) -> Path:
    try:
        return Path(os.path.commonpath(list(folders)))
    except ValueError as error:
        raise UsageError(
            "The pictures are on several drives.", hint="Run the command once for each drive, with its own --out."
        ) from error
