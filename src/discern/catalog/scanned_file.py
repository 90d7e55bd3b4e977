"""Functions that scan files for their content hash, label and image properties."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from discern.catalog.formats.source import Item
from discern.catalog.path_text import to_text
from discern.catalog.picture_cache import PictureCache
from discern.errors import PictureError
from discern.picture.picture_facts import PictureFacts, Problem

_READ_AHEAD = 4 << 20


class ScannedFile(NamedTuple):
    """Result of scanning one file, with its content hash, label and image properties.

    `error` and `message` give the reason if the file is not a usable picture.
    """

    path: str
    archive: str = ""
    bytes: int | None = None
    content: str | None = None
    label: str | None = None
    part: str | None = None
    group: str | None = None
    error: str | None = None
    message: str | None = None


class _LoadedFile(NamedTuple):
    item: Item
    data: bytes | None = None
    content: str | None = None
    problem: Problem | None = None


def scan_files(
    items: Iterable[Item], cache: PictureCache, read_facts: Callable[[Sequence[bytes]], PictureFacts]
) -> list[ScannedFile]:
    """Scan files and add the properties of new images to the cache."""
    return [scanned for files in _batches(map(_load, items)) for scanned in _scan(files, cache, read_facts)]


def _load(item: Item) -> _LoadedFile:
    try:
        data = item.load()
    except PictureError as error:
        return _LoadedFile(item=item, problem=Problem(error.code, str(error)))
    return _LoadedFile(item=item, data=data, content=hashlib.sha256(data).hexdigest())


def _batches(files: Iterable[_LoadedFile]) -> Iterator[list[_LoadedFile]]:
    batch: list[_LoadedFile] = []
    size = 0
    for file in files:
        batch.append(file)
        size += len(file.data or b"")
        if size > _READ_AHEAD:
            yield batch
            batch, size = [], 0
    yield batch


def _scan(
    files: Sequence[_LoadedFile], cache: PictureCache, read_facts: Callable[[Sequence[bytes]], PictureFacts]
) -> Iterator[ScannedFile]:
    data = {file.content: file.data for file in files if file.content and file.data}
    new = [content for content, is_cached in zip(data, cache.contains(list(data)), strict=True) if not is_cached]
    problems: dict[str | None, Problem] = {}
    if new:
        found = read_facts([data[content] for content in new])
        problems = {new[at]: problem for at, problem in found.problems.items()}
        for at, content in enumerate(new):
            if at not in found.problems:
                cache.add(content, found.facts[at], found.thumbs[at])
    for file in files:
        yield _scanned_file(file, file.problem or problems.get(file.content))


def _scanned_file(file: _LoadedFile, problem: Problem | None) -> ScannedFile:
    return ScannedFile(
        path=file.item.path,
        archive=file.item.archive,
        bytes=None if file.data is None else len(file.data),
        content=file.content,
        label=file.item.label,
        part=file.item.part,
        group=file.item.group,
        error=problem.code if problem else None,
        message=to_text(problem.message) if problem else None,
    )
