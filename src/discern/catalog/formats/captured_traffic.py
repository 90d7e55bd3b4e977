"""Captured requests of an endpoint with their answers and times, from files in nested folders."""

import re
from collections.abc import Iterator, Set
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from discern.catalog.formats.capture_file import (
    MAX_BYTES,
    CapturedPicture,
    begins_capture,
    names_capture,
    read_captured_pictures,
)
from discern.catalog.formats.captured_answers import CapturedAnswer, read_answers, read_time
from discern.catalog.formats.folder_walk import FolderWalk
from discern.catalog.path_text import MEMBER, to_text
from discern.errors import CatalogError, PictureError, UnreadableFile
from discern.picture import Limits, read_bounded

_LINE = re.compile(rb'^\s*\{\s*"captureData"\s*:', re.MULTILINE)  # behind a damaged first line
_PACKED = re.compile(r".*\.jsonl\.(?:gz|bz2|xz|zst|zip)", re.IGNORECASE | re.DOTALL)
_GZIP = b"\x1f\x8b"
_HOUR_FOLDER = re.compile(r"(?:^|/)(\d{4})/(\d\d)/(\d\d)/(\d\d)/")


class Capture(NamedTuple):
    """Captured answer for one picture.

    Attributes:
        path: path of the picture in the catalog.
        answer: the answer; None if it cannot be used.
        time: time of the request in UTC; None if it is not known.
        by_folder: whether the time is only the hour that the folder names.
        problem: reason why there is no picture; "" if there is one.
    """

    path: str
    answer: CapturedAnswer | None
    time: datetime | None
    by_folder: bool
    problem: str


class Traffic(NamedTuple):
    """Captured requests of a folder or a file.

    Attributes:
        captures: the answers, in the order of their files and lines.
        records: number of records that could be read.
        files: paths of the files with captured requests.
        others: paths of the other files.
        damaged: path and reason of each line, or file, that cannot be read.
    """

    captures: list[Capture]
    records: int
    files: list[str]
    others: list[str]
    damaged: list[tuple[str, str]]


def may_be_capture(name: str) -> bool:
    """Return True if a file's name is that of captured requests, or of compressed ones, which are reported."""
    return names_capture(name) or _PACKED.fullmatch(name) is not None


def read_traffic(source: Path, *, shown: str | None = None) -> Traffic:
    """Read the captured requests below a folder, or in one file, without decoding their pictures.

    Args:
        source: the folder or the file.
        shown: its name in messages; None for its path.

    Raises:
        CatalogError: the source does not exist, or has no captured request.
    """
    traffic = Traffic([], 0, [], [], [])
    for path, place in list_files(source):
        try:
            data = _read(place)
        except PictureError as error:
            traffic.damaged.append((path, str(error)))
            continue
        if not begins_capture(data) and not _LINE.search(data):
            traffic.others.append(path)
            continue
        traffic.files.append(path)
        traffic = traffic._replace(records=traffic.records + _read_file(path, data, traffic))
    if not traffic.records:
        raise CatalogError(f"{shown or source} has no captured request.", hint=_remedy(traffic))
    return traffic


def read_traffic_pictures(source: Path, wanted: Set[str]) -> Iterator[tuple[str, bytes]]:
    """Yield the path and the bytes of the pictures at the given catalog paths, file after file."""
    for path, place in list_files(source):
        try:
            data = _read(place)
        except PictureError:  # it was readable a moment ago
            continue
        for picture in read_captured_pictures(path, data, limits=Limits()):
            if picture.error is None and picture.path in wanted:
                yield picture.path, picture.data


def list_files(source: Path) -> Iterator[tuple[str, Path]]:
    """Yield the files of captured requests below a folder, in natural order, or the one file, with their places.

    Raises:
        CatalogError: the source does not exist, or is a folder that cannot be read.
    """
    if source.is_file():
        yield to_text(source.name), source
    elif source.is_dir():
        for folder, name in FolderWalk(source).files:
            if may_be_capture(name) or not name:
                yield to_text(folder + name), source / folder / name
    else:
        raise CatalogError(f"{source} does not exist.", hint="Pass the folder that data capture writes to, or a file.")


def _read(place: Path) -> bytes:
    try:
        data = b"" if _PACKED.fullmatch(place.name) else read_bounded(place, max_bytes=MAX_BYTES)
    except OSError as error:
        raise UnreadableFile(f"It cannot be read: {error.strerror}.", hint="Check its permissions.") from error
    if _PACKED.fullmatch(place.name) or data.startswith(_GZIP):
        raise UnreadableFile("It is compressed.", hint="Unpack it first, such as with gunzip.")
    return data


def _read_file(path: str, data: bytes, traffic: Traffic) -> int:
    """Add the answers and the damaged lines of a file, and return its number of records."""
    records = 0
    for pictures in _by_record(read_captured_pictures(path, data, limits=Limits())):
        if pictures[0].record is None:
            traffic.damaged.append((path, str(pictures[0].error)))
        else:
            records += 1
            traffic.captures.extend(_captures(path, pictures))
    return records


def _by_record(pictures: Iterator[CapturedPicture]) -> Iterator[list[CapturedPicture]]:
    """Yield the pictures of each record, without their bytes."""
    record: list[CapturedPicture] = []
    for each in pictures:
        if record and (each.record is None or each.record is not record[0].record):
            yield record
            record = []
        record.append(each._replace(data=b""))
    if record:
        yield record


def _captures(path: str, pictures: list[CapturedPicture]) -> Iterator[Capture]:
    """Yield the answers of one record, each with its picture."""
    record = pictures[0].record or {}
    answers, own = read_answers(record), read_time(record)
    time = own or _time_of_folder(path)
    if len(pictures) == 1 and pictures[0].error is not None:
        pictures = [pictures[0]._replace(path=_numbered(pictures[0].path, number)) for number in range(len(answers))]
    if len(answers) != len(pictures):
        answers = [None] * len(pictures)
    for picture, answer in zip(pictures, answers, strict=True):
        problem = "" if picture.error is None else str(picture.error)
        yield Capture(picture.path, answer, time, by_folder=own is None and time is not None, problem=problem)


def _numbered(path: str, number: int) -> str:
    return path if number == 0 else f"{path}-{number + 1}"


def _time_of_folder(path: str) -> datetime | None:
    found = _HOUR_FOLDER.search(path.partition(MEMBER)[0])
    try:
        return None if found is None else datetime(*map(int, found.groups()), tzinfo=UTC)  # type: ignore[misc,arg-type]
    except ValueError:
        return None


def _remedy(traffic: Traffic) -> str:
    if traffic.damaged:
        path, why = traffic.damaged[0]
        return f"{path}: {why}"
    if traffic.others:
        return "A file of captured requests has lines of JSON with `captureData`."
    return "Data capture writes .jsonl files into folders by date; pass the folder that contains these."
