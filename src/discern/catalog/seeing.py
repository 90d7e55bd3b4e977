"""What is seen of files."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from discern.catalog.facts import KnownPictures
from discern.catalog.naming import to_text
from discern.catalog.sources import Item
from discern.errors import PictureError
from discern.picture.looking import Looks, Problem

_READ_AHEAD = 4 << 20


@dataclass(frozen=True, kw_only=True, slots=True)
class Sighting:
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


@dataclass(frozen=True, kw_only=True, slots=True)
class _File:
    item: Item
    data: bytes | None = None
    content: str | None = None
    problem: Problem | None = None


def see(items: Iterable[Item], known: KnownPictures, look: Callable[[Sequence[bytes]], Looks]) -> list[Sighting]:
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


def _see(files: Sequence[_File], known: KnownPictures, look: Callable[[Sequence[bytes]], Looks]) -> Iterator[Sighting]:
    new = {file.content: file.data for file in files if file.content and file.data and file.content not in known}
    problems: dict[str | None, Problem] = {}
    if new:
        looks = look(list(new.values()))
        contents = list(new)
        problems = {contents[at]: problem for at, problem in looks.problems.items()}
        if problems:
            good = [at for at in range(len(new)) if at not in looks.problems]
            known.add([contents[at] for at in good], looks.facts[good], looks.thumbs[good])
        else:
            known.add(contents, looks.facts, looks.thumbs)
    for file in files:
        yield _sighting(file, file.problem or problems.get(file.content))


def _sighting(file: _File, problem: Problem | None) -> Sighting:
    return Sighting(
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
