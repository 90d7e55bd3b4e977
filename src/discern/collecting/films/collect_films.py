"""Collection of the frames of films, each film as a group of its own."""

import hashlib
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, NamedTuple

from PIL import Image

from discern.catalog.formats.folder_walk import FolderWalk
from discern.catalog.label_text import normalise_label
from discern.catalog.path_text import to_text
from discern.collecting.collected_record import CollectedPicture, CollectedRecord
from discern.collecting.films.film_reader import SUFFIXES, Film, is_film_name, open_film, require_video
from discern.collecting.films.frame_choice import FrameChoice
from discern.errors import CatalogError, PictureError
from discern.progress import Progress, silent

if TYPE_CHECKING:
    from discern.collecting.collection import Collection

UNREADABLE = "unreadable_film"
"""Reason of a film that cannot be read to its end."""

_QUALITY = 95  # not tuned: of JPEG; the film's own compression loses more
_DIGITS = 8  # of a digest that makes names unique
_STAGE = "films"


@dataclass(frozen=True, kw_only=True)
class FilmFile:
    """Film to collect frames from.

    Attributes:
        path: its file.
        name: its path as the user knows it.
        label: label of its frames; "" for none.
    """

    path: Path
    name: str
    label: str


@dataclass(frozen=True, kw_only=True)
class FilmFolder:
    """Films in a folder, and the files in it that are not films.

    Attributes:
        films: the films, labelled by the folders that they are in.
        others: paths of the other files.
    """

    films: tuple[FilmFile, ...]
    others: tuple[str, ...]


def find_films(folder: Path, label: str | None) -> FilmFolder:
    """Find the films in a folder and its subfolders, the topmost of which are the labels.

    Args:
        folder: the folder.
        label: label of all films; None for the names of the folders.

    Raises:
        CatalogError: there is no film, or some have no label while others have.
    """
    films, others = [], []
    for parent, name in FolderWalk(folder, None).files:
        path = to_text(parent + name)
        if name and is_film_name(name):
            folders = PurePath(path).parts[:-1]
            own = label if label is not None else normalise_label(folders[0]) if folders else ""
            films.append(FilmFile(path=folder / f"{parent}{name}", name=path, label=own))
        elif name:
            others.append(path)
    if not films:
        raise CatalogError(f"{folder} contains no film.", hint=f"Films end in {', '.join(SUFFIXES)}.")
    unlabelled = [each.name for each in films if not each.label]
    if unlabelled and len(unlabelled) < len(films):
        raise CatalogError(
            f"{unlabelled[0]} is in {folder} itself, beside folders of classes.",
            hint="Move each film into the folder of its class, or pass --label.",
        )
    return FilmFolder(films=tuple(films), others=tuple(others))


def collect_films(
    films: Sequence[FilmFile],
    collection: "Collection",
    *,
    every: float | None,
    progress: Progress = silent,
) -> list[CollectedRecord]:
    """Collect the frames of films, and return a record for each.

    A film that was collected before with the same settings is not read again. One that cannot be read to its end gives
    no frame, and the record says why.

    Args:
        films: the films.
        collection: where to collect.
        every: seconds between the frames that are looked at; None for a frame of each scene.
        progress: called with the films done and films in all, and with the frames kept of each.

    Raises:
        UsageError: PyAV is not installed.
    """
    records: dict[str, CollectedRecord] = {}
    for number, film in enumerate(films):
        progress(_STAGE, number, len(films))
        record = _collect(film, collection, FrameChoice(every=every), progress)
        records.setdefault(record.key, record)
    progress(_STAGE, len(films), len(films))
    return list(records.values())


def _collect(film: FilmFile, collection: "Collection", choice: FrameChoice, progress: Progress) -> CollectedRecord:
    try:
        with open_film(film.path) as opened:
            with film.path.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
            key = f"film {film.label}\t{digest}"
            if found := collection.find(key, choice.settings):
                return found
            with TemporaryDirectory(prefix=".film-", dir=collection.folder) as temporary:
                group = f"{PurePath(film.name).stem}-{digest[:_DIGITS]}"
                pictures = []
                for frame in _save_frames(opened, choice, Path(temporary)):
                    path = collection.path(film.label, f"{group}_{frame.seconds:09.3f}s.jpg")
                    picture = CollectedPicture(file=path, group=group, seconds=frame.seconds, sha256=frame.sha256)
                    pictures.append((frame.file, picture))
                    progress(f"frames of {PurePath(film.name).name}", len(pictures), None)
                for saved, picture in pictures:
                    saved.replace(collection.folder / picture.file)
    except (CatalogError, PictureError, require_video().error.FFmpegError) as error:
        # Not recorded, so that the film is read again once it was replaced.
        key = f"film {film.label}\t{film.path}"
        return CollectedRecord(key=key, source=film.name, label=film.label, failure=UNREADABLE, message=str(error))
    record = CollectedRecord(
        key=key,
        source=film.name,
        label=film.label,
        settings=choice.settings,
        pictures=tuple(picture for _, picture in pictures),
        left_out=dict(choice.left_out),
    )
    collection.add(record)
    return record


class _SavedFrame(NamedTuple):
    file: Path
    seconds: float
    sha256: str


def _save_frames(film: Film, choice: FrameChoice, folder: Path) -> Iterator[_SavedFrame]:
    """Yield each frame that is kept, saved in a folder."""
    for number, (seconds, pixels) in enumerate(choice.choose(film.frames())):
        buffer = io.BytesIO()
        Image.fromarray(pixels).save(buffer, "JPEG", quality=_QUALITY)
        file = folder / f"{number}.jpg"
        file.write_bytes(buffer.getbuffer())
        yield _SavedFrame(file, round(seconds, 3), hashlib.sha256(buffer.getbuffer()).hexdigest())
    if film.damaged:
        choice.left_out["damaged"] += film.damaged
