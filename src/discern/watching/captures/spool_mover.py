"""Transfer of what waits in a spool to the store."""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from discern.errors import DiscernError, PictureError
from discern.inference.exchange import Exchange, Feedback
from discern.inference.exchange_record import Loss, decode_records
from discern.picture import Limits
from discern.picture.picture_facts import hash_file
from discern.watching.captures.spool_segment import finished_segment, list_segments, seal_of
from discern.watching.stores.exchange_store import ExchangeStore

MAX_BATCH = 500
"""Exchanges and feedback that are stored in one transaction; not tuned."""

_PROBE = "capture.probe"
_CONTENT_ERRORS = ("DataError", "IntegrityError")  # of databases (PEP 249)
_LOG = logging.getLogger("discern.capture")


@dataclass(frozen=True, kw_only=True)
class Moved:
    """Numbers of what was moved from a spool to a store.

    Attributes:
        segments: files that were moved and removed.
        exchanges: exchanges that were new to the store.
        feedback: feedback.
        lost: exchanges and feedback that were lost: noted by their writer, damaged in the file, or not storable.
    """

    segments: int = 0
    exchanges: int = 0
    feedback: int = 0
    lost: int = 0

    def __add__(self, other: "Moved") -> "Moved":
        return Moved(**{name: value + getattr(other, name) for name, value in vars(self).items()})


class SpoolMover:
    """Mover of finished segments of a spool to the store, idempotent by the identifiers of the exchanges.

    Several movers may work on one folder; each segment is moved by one of them. A segment is removed after the store
    has all that is in it. If the process is killed in between, exchanges and feedback are not doubled; a loss that the
    segment notes may be counted twice.

    Args:
        folder: folder of the spool.
        store: the store.
        limits: limits on the pictures whose pixels are hashed.
    """

    def __init__(self, folder: Path, store: ExchangeStore, *, limits: Limits = Limits()) -> None:  # noqa: B008 - frozen
        self._folder, self._store, self._limits = folder, store, limits

    def move(self, *, most: int | None = None, with_pixels: bool = True) -> Moved:
        """Move the finished segments, the oldest first, and return what was moved.

        Args:
            most: number of segments after which to stop; None for all.
            with_pixels: compute the hash of the pixels where it is missing, which takes as long as to decode.

        Raises:
            Exception: raised by the store, if it cannot be used; what it does not have yet stays in the spool.
        """
        moved = Moved()
        for path in list_segments(self._folder):
            if most is not None and moved.segments >= most:
                break
            with finished_segment(path) as segment:
                if segment is not None:
                    moved += self._move(segment.data, path, with_pixels=with_pixels)
                    segment.is_done = True
        return moved

    def _move(self, data: bytes, path: Path, *, with_pixels: bool) -> Moved:
        moved, noted, damaged = Moved(segments=1), 0, 0
        waiting: list[Exchange | Feedback] = []
        for record in decode_records(data, seal=seal_of(path) or b""):
            if record.content is None:
                damaged += 1
                _LOG.warning("%s has %d damaged bytes.", path.name, record.end - record.start)
            elif isinstance(record.content, Loss):
                noted += record.content.count
            else:
                waiting.append(record.content)
        for batch in _batches(waiting):
            moved += self._add([self._with_pixels(each) if with_pixels else each for each in batch])
        if noted + damaged:
            self._store.add([], lost=noted + damaged)
        return moved + Moved(lost=noted + damaged)

    def _with_pixels(self, each: Exchange | Feedback) -> Exchange | Feedback:
        if isinstance(each, Feedback) or each.pixels or each.picture is None:
            return each
        try:
            return replace(each, pixels=hash_file(each.picture, self._limits))
        except PictureError:  # such as one that needs more memory than this machine has
            return each

    def _add(self, batch: Sequence[Exchange | Feedback]) -> Moved:
        """Add a batch; if the store can be written but does not accept it, add what it accepts one by one."""
        try:
            return self._add_all(batch)
        except Exception as error:
            if not _is_about_content(error) or not self._is_writable():
                raise
            if len(batch) > 1:
                return sum((self._add([each]) for each in batch), Moved())
            return self._set_aside(batch, error)

    def _set_aside(self, batch: Sequence[Exchange | Feedback], error: Exception) -> Moved:
        """Count what the store does not accept, so that it never blocks what follows, after a second attempt."""
        try:
            return self._add_all(batch)
        except Exception as again:
            if not _is_about_content(again) or not self._is_writable():
                raise
        _LOG.warning("An exchange cannot be stored: %s", error.message if isinstance(error, DiscernError) else error)
        self._store.add([], lost=1)
        return Moved(lost=1)

    def _add_all(self, batch: Sequence[Exchange | Feedback]) -> Moved:
        exchanges = sorted((each for each in batch if isinstance(each, Exchange)), key=lambda each: each.time)
        feedback = [each for each in batch if isinstance(each, Feedback)]
        return Moved(exchanges=self._store.add(exchanges, feedback), feedback=len(feedback))

    def _is_writable(self) -> bool:
        try:
            self._store.set_setting(_PROBE, 1)
        except Exception:  # noqa: BLE001 - whatever it is, the store cannot be written
            return False
        return True


def _is_about_content(error: BaseException | None) -> bool:
    """Return True if an error or one of its causes is about what was to be stored, rather than a disk or a network."""
    while error is not None:
        if isinstance(error, ValueError | TypeError | OverflowError) or type(error).__name__ in _CONTENT_ERRORS:
            return True
        error = error.__cause__
    return False


def _batches(waiting: Sequence[Exchange | Feedback]) -> Iterator[Sequence[Exchange | Feedback]]:
    for start in range(0, len(waiting), MAX_BATCH):
        yield waiting[start : start + MAX_BATCH]
