"""What is seen of files."""

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
    """One file as it was seen; `error` and `message` say why it is no usable picture."""

    path: str
    archive: str = ""
    bytes: int | None = None
    content: str | None = None
    label: str | None = None
    part: str | None = None
    group: str | None = None
    error: str | None = None
    message: str | None = None


class _File(NamedTuple):
    item: Item
    data: bytes | None = None
    content: str | None = None
    problem: Problem | None = None


def scan_files(
    items: Iterable[Item], known: PictureCache, look: Callable[[Sequence[bytes]], PictureFacts]
) -> list[ScannedFile]:
    """Read files, a few megabytes ahead, and look at those whose content is not known."""
    return [sighting for files in _some_at_a_time(map(_read, items)) for sighting in _see(files, known, look)]


def _read(item: Item) -> _File:
    try:
        data = item.load()
    except PictureError as error:
        return _File(item=item, problem=Problem(error.code, str(error)))
    return _File(item=item, data=data, content=hashlib.sha256(data).hexdigest())


def _some_at_a_time(files: Iterable[_File]) -> Iterator[list[_File]]:
    some: list[_File] = []
    held = 0
    for file in files:
        some.append(file)
        held += len(file.data or b"")
        if held > _READ_AHEAD:
            yield some
            some, held = [], 0
    yield some


def _see(
    files: Sequence[_File], known: PictureCache, look: Callable[[Sequence[bytes]], PictureFacts]
) -> Iterator[ScannedFile]:
    read = {file.content: file.data for file in files if file.content and file.data}
    new = [content for content, kept in zip(read, known.known(list(read)), strict=True) if not kept]
    problems: dict[str | None, Problem] = {}
    if new:
        looks = look([read[content] for content in new])
        problems = {new[at]: problem for at, problem in looks.problems.items()}
        for at, content in enumerate(new):
            if at not in looks.problems:
                known.add(content, looks.facts[at], looks.thumbs[at])
    for file in files:
        yield _sighting(file, file.problem or problems.get(file.content))


def _sighting(file: _File, problem: Problem | None) -> ScannedFile:
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
