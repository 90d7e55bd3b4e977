"""Spool: files on the local disk in which exchanges wait until the store has them."""

import os
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from discern.inference.exchange_record import Loss, encode_loss
from discern.watching.captures.capture_config import MAX_SPOOL
from discern.watching.captures.spool_segment import create_segment, is_removed, new_seal, read_all, spool_bytes

SEGMENT_BYTES = 16_000_000
"""Size from which a segment is finished; it is read whole into memory later. Not tuned."""

_MEASURED_EVERY = 1.0  # seconds; not tuned: a server writes a fraction of the spool in this time


class Spool:
    """Writer of records to a spool, of which several threads and processes may have one each for the same folder.

    Records are appended by one write without waiting for the disk, so they survive the death of the process but not a
    loss of power. No method raises for a disk that is full or a folder that is read-only or gone: what cannot be
    written is counted, and the count is written as soon as that is possible.

    Args:
        folder: folder of the spool; it is created with the first record.
        max_bytes: size of all segments in the folder beyond which records are lost.
        clock: time in seconds since 1970 UTC, for the note of a loss.
    """

    def __init__(self, folder: Path, *, max_bytes: int = MAX_SPOOL, clock: Callable[[], float] = time.time) -> None:
        self.folder = folder
        self.seal = new_seal()
        self._max_bytes, self._clock = max_bytes, clock
        self._lock = threading.Lock()
        self._number = 0
        self._descriptor: int | None = None
        self._path: Path | None = None
        self._size = self._records = 0
        self._others, self._measured_at = 0, -_MEASURED_EVERY
        self._lost = self._unreported = 0
        self._closed = False

    @property
    def lost(self) -> int:
        """Return the number of records that could not be written."""
        return self._lost

    @property
    def waiting(self) -> int:
        """Return the number of records in the segment that is not finished yet."""
        return self._records

    def append(self, records: Sequence[bytes]) -> int:
        """Append records by one write, and return how many of them are kept: the first ones.

        Args:
            records: records that were encoded with `seal`.
        """
        with self._lock:
            kept = 0
            if records and not self._closed:
                with suppress(OSError):
                    kept = self._append(records)
            self._lost += len(records) - kept
            self._unreported += len(records) - kept
        return kept

    def rotate(self) -> None:
        """Finish the current segment, so that it may be moved to the store."""
        with self._lock:
            self._finish()

    def close(self) -> None:
        """Finish the current segment, with the number of records that were lost, and lose all further records."""
        with self._lock:
            if self._unreported and not self._closed:
                with suppress(OSError):
                    self._append([])
            self._finish()
            if self._descriptor is not None:  # it was removed for good
                self._lost += self._records
                self._drop(self._descriptor)
            self._closed = True

    def _append(self, records: Sequence[bytes]) -> int:
        unreported = self._unreported
        loss = [encode_loss(Loss(count=unreported, time=self._clock()), seal=self.seal)] if unreported else []
        written = self._write([*loss, *records])
        if loss and written:
            self._unreported -= unreported
        return max(0, written - len(loss))

    def _write(self, parts: Sequence[bytes]) -> int:
        """Write whole parts, and return their number."""
        data = b"".join(parts)
        if self._used() + len(data) > self._max_bytes:
            return 0
        if self._size and self._size + len(data) > SEGMENT_BYTES:
            self._finish()
        descriptor = self._open()
        before = self._size
        try:
            written = os.write(descriptor, data)
            kept, ends = _whole_parts(parts, written)
            if ends < written:
                os.ftruncate(descriptor, before + ends)
        except OSError:
            self._abandon_damaged(descriptor, before)
            raise
        self._size, self._records = before + ends, self._records + kept
        if is_removed(descriptor):
            self._rescue(descriptor, before, kept)
        return kept

    def _open(self) -> int:
        """Return the descriptor of the current segment, after it was moved to a new one if it was removed."""
        if self._descriptor is not None and is_removed(self._descriptor):
            self._rescue(self._descriptor, self._size, 0)
        if self._descriptor is None:
            self._number += 1
            self._descriptor, self._path = create_segment(self.folder, self.seal, self._number)
            self._size = self._records = 0
        return self._descriptor

    def _rescue(self, removed: int, before: int, kept: int) -> None:
        """Copy a segment that somebody has removed to a new one.

        If that fails, only the records that were written before `before` wait for the next attempt.
        """
        try:
            data = read_all(removed)
            self._number += 1
            descriptor, path = create_segment(self.folder, self.seal, self._number)
            if os.write(descriptor, data) < len(data):
                path.unlink(missing_ok=True)
                os.close(descriptor)
                raise OSError("the disk is full")
        except OSError:
            os.ftruncate(removed, before)
            self._size, self._records = before, self._records - kept
            raise
        os.close(removed)
        self._descriptor, self._path = descriptor, path

    def _abandon_damaged(self, descriptor: int, size: int) -> None:
        """Remove what a failed write has left, or finish the segment, whose reader passes over it."""
        try:
            os.ftruncate(descriptor, size)
        except OSError:
            self._drop(descriptor)

    def _finish(self) -> None:
        """Close the current segment, unless somebody has removed it and it cannot be written again yet."""
        if self._descriptor is None:
            return
        if self._size and is_removed(self._descriptor):
            try:
                self._rescue(self._descriptor, self._size, 0)
            except OSError:
                return
        self._drop(self._descriptor)

    def _drop(self, descriptor: int) -> None:
        if not self._size and self._path is not None:
            with suppress(OSError):
                self._path.unlink(missing_ok=True)
        os.close(descriptor)
        self._descriptor, self._path = None, None
        self._size = self._records = 0
        self._measured_at = -_MEASURED_EVERY

    def _used(self) -> int:
        """Return the size of all segments in the folder, of which those of others are measured once a second."""
        now = time.monotonic()
        if now - self._measured_at >= _MEASURED_EVERY:
            self._others, self._measured_at = spool_bytes(self.folder) - self._size, now
        return self._others + self._size


def _whole_parts(parts: Sequence[bytes], written: int) -> tuple[int, int]:
    """Return the number of parts that were written whole, and their size."""
    size = 0
    for number, part in enumerate(parts):
        if size + len(part) > written:
            return number, size
        size += len(part)
    return len(parts), size
