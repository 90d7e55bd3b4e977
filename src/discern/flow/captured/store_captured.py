"""Function that reads captured requests into a store of exchanges (`discern captured --store`)."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Any

from discern.bundle import Model, load
from discern.catalog.formats.capture_file import MAX_BYTES, CapturedPicture, begins_capture, read_captured_pictures
from discern.catalog.formats.captured_answers import read_time
from discern.catalog.formats.captured_traffic import list_files, may_be_capture
from discern.catalog.formats.folder_walk import FolderWalk
from discern.catalog.path_text import to_text
from discern.display.displayed import Displayed
from discern.errors import CatalogError, PictureError
from discern.flow.captured.captured_exchanges import answered, build_exchange
from discern.flow.captured.captured_source import open_captured
from discern.inference.exchange import Exchange, Feedback
from discern.inference.exchange_record import Loss, decode_records
from discern.picture import Limits, read_bounded
from discern.progress import Progress, silent
from discern.watching.stores.exchange_store import ExchangeStore
from discern.watching.stores.open_exchanges import open_store
from discern.watching.stores.store_address import parse_address

RECORDS = ".records"
"""Suffix of the objects that a function on AWS Lambda writes."""

_BATCH = 200  # exchanges that are stored at once; not tuned


@dataclass(frozen=True, kw_only=True, repr=False)
class StoredCaptures(Displayed):
    """Result of reading captured requests into a store.

    Attributes:
        source: folder or file of the captured requests, or their address in a bucket.
        store: the store, without a password.
        files: number of files with captured requests.
        found: number of captured answers that can be used.
        stored: number of those that were not in the store before.
        feedback: number of labels that were read.
        without_picture: number of answers without a picture that can be decoded.
        left_out: number of captured requests without a usable answer.
        damaged: path and reason of what could not be read.
    """

    source: str
    store: str
    files: int
    found: int
    stored: int
    feedback: int
    without_picture: int
    left_out: int
    damaged: tuple[tuple[str, str], ...]

    def to_json(self) -> dict[str, Any]:
        """Return the result as a JSON-serialisable dictionary, with its attributes as keys."""
        damaged = [{"path": path, "message": why} for path, why in self.damaged]
        return {name: getattr(self, name) for name in self.__dataclass_fields__} | {"damaged": damaged}


@dataclass(kw_only=True)
class _Tally:
    """Numbers of what was read."""

    files: int = 0
    found: int = 0
    stored: int = 0
    feedback: int = 0
    without_picture: int = 0
    left_out: int = 0
    damaged: list[tuple[str, str]] = field(default_factory=list)


def store_captured(
    source: str | Path, *, store: str | Path, bundle: str | Path | None = None, progress: Progress = silent
) -> StoredCaptures:
    """Read captured requests of an endpoint into a store of exchanges, each once.

    Sources are the JSON lines of SageMaker's data capture and the objects that a function on AWS Lambda writes.
    Pictures are kept without their metadata. The captured predictions are kept as they are.

    Args:
        source: folder with nested folders, or one file; also in a bucket, as `s3://BUCKET/PREFIX`.
        store: store to write, as `--capture` of a server; it is created if it does not exist.
        bundle: bundle with which embeddings, brightness and sharpness are computed again; without it, SageMaker's lines
            have no embedding, so that parts of the drift and new classes are not measured.
        progress: called with the stage, items done and items in all.

    Raises:
        BundleError: the bundle cannot be used.
        CatalogError: the source does not exist, or has no captured request.
        StoreError: the store cannot be used.
        UsageError: an option is invalid, or the bucket cannot be read.
    """
    model = None if bundle is None else load(bundle)
    tally = _Tally()
    with open_captured(source, progress, wanted=_may_be_captured) as opened:
        reader = _read(opened.path, model, tally)
        first = next(reader, None)  # so that no store is created for a source without a captured request
        if first is None:
            raise CatalogError(f"{opened.address} has no captured answer that can be stored.", hint=_remedy(tally))
        with closing(open_store(store, create=True)) as target:
            _store(target, first, reader, tally, progress)
    return StoredCaptures(
        source=opened.address, store=parse_address(store).name, **vars(tally) | {"damaged": tuple(tally.damaged)}
    )


def _store(
    target: ExchangeStore,
    first: Exchange | Feedback | Loss,
    rest: Iterator[Exchange | Feedback | Loss],
    tally: _Tally,
    progress: Progress,
) -> None:
    exchanges, feedback, lost = list[Exchange](), list[Feedback](), 0

    def write() -> None:
        tally.stored += target.add(exchanges, feedback, lost=lost)
        progress("exchanges", tally.found, None)

    batch: Exchange | Feedback | Loss | None = first
    while batch is not None:
        if isinstance(batch, Exchange):
            exchanges.append(batch)
        elif isinstance(batch, Feedback):
            feedback.append(batch)
        else:
            lost += batch.count
        batch = next(rest, None)
        if batch is None or len(exchanges) + len(feedback) >= _BATCH:
            write()
            exchanges, feedback, lost = [], [], 0


def _may_be_captured(name: str) -> bool:
    return may_be_capture(name) or name.lower().endswith(RECORDS)


def _remedy(tally: _Tally) -> str:
    if tally.damaged:
        path, why = tally.damaged[0]
        return f"{path}: {why}"
    return "Pass the folder of the .jsonl files of data capture, or of the .records objects of a function."


def _read(source: Path, model: Model | None, tally: _Tally) -> Iterator[Exchange | Feedback | Loss]:
    for path, place in _record_files(source):
        yield from _read_records(path, place, tally)
    if source.is_file() and source.name.lower().endswith(RECORDS):
        return
    for path, place in list_files(source):
        yield from _read_lines(path, place, model, tally)


def _record_files(source: Path) -> Iterator[tuple[str, Path]]:
    if source.is_file():
        names = [("", source.name)] if source.name.lower().endswith(RECORDS) else []
        yield from ((to_text(name), source) for _, name in names)
    elif source.is_dir():
        for folder, name in FolderWalk(source).files:
            if name.lower().endswith(RECORDS):
                yield to_text(folder + name), source / folder / name


def _read_records(path: str, place: Path, tally: _Tally) -> Iterator[Exchange | Feedback | Loss]:
    data = _bytes(path, place, tally)
    if data is None:
        return
    tally.files += 1
    for record in decode_records(data):
        if record.content is None:
            tally.damaged.append((path, f"{record.end - record.start:,} bytes are not a whole record."))
            continue
        if isinstance(record.content, Exchange):
            tally.found += 1
            tally.without_picture += record.content.picture is None
        tally.feedback += isinstance(record.content, Feedback)
        yield record.content


def _read_lines(path: str, place: Path, model: Model | None, tally: _Tally) -> Iterator[Exchange]:
    data = _bytes(path, place, tally)
    if data is None or not begins_capture(data):
        return
    tally.files += 1
    labels = () if model is None else model.labels
    for record, pictures in _by_record(read_captured_pictures(path, data, limits=Limits())):
        if record is None:
            tally.damaged.extend((path, str(each.error)) for each in pictures)
            continue
        for found in answered(pictures, time=read_time(record), labels=labels):
            if found is None:
                tally.left_out += 1
                continue
            exchange = build_exchange(found, model=model)
            tally.found += 1
            tally.without_picture += exchange.picture is None
            yield exchange


def _by_record(
    pictures: Iterator[CapturedPicture],
) -> Iterator[tuple[dict[str, Any] | None, list[CapturedPicture]]]:
    """Yield the pictures of each record together."""
    for _, own in groupby(pictures, key=lambda each: id(each.record) if each.record is not None else each.path):
        together = list(own)
        yield together[0].record, together


def _bytes(path: str, place: Path, tally: _Tally) -> bytes | None:
    try:
        return read_bounded(place, max_bytes=MAX_BYTES)
    except (OSError, PictureError) as error:
        tally.damaged.append((path, str(error)))
        return None
