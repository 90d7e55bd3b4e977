"""What is seen of one file."""

import hashlib
from dataclasses import dataclass

from discern.catalog.facts import KnownPictures, look
from discern.catalog.naming import to_text
from discern.catalog.sources import Item
from discern.errors import PictureError
from discern.picture import Limits


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


def see(item: Item, known: KnownPictures, limits: Limits) -> Sighting:
    """Read one file, and open it unless its content is known."""
    data = content = None
    problem: PictureError | None = None
    try:
        data = item.load()
        content = hashlib.sha256(data).hexdigest()
        if content not in known:
            known.add(content, *look(data, limits))
    except PictureError as error:
        problem = error
    return Sighting(
        path=item.path,
        archive=item.archive,
        bytes=None if data is None else len(data),
        content=content,
        label=item.label,
        part=item.part,
        group=item.group,
        error=problem.code if problem else None,
        message=to_text(str(problem)) if problem else None,
    )
