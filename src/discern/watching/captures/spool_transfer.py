"""Background transfer of a spool to its store, by a process of low priority."""

import logging
import threading

from filelock import FileLock, Timeout

from discern.parallel import WorkerProcess
from discern.watching.captures.capture_config import CaptureConfig
from discern.watching.captures.spool import Spool
from discern.watching.captures.spool_segment import list_segments, spool_bytes
from discern.watching.captures.store_filling import fill_store, lower_priority

INTERVAL = 2.0
"""Seconds between transfers; not tuned."""

WAKE_RECORDS = 200
"""Number of waiting records from which a transfer begins at once; not tuned."""

CLOSE_SECONDS = 4.0
"""Longest time that closing waits for a last transfer, in seconds; the rest is moved at the next start. Not tuned."""

_LOCK = "mover.lock"
_MAX_BACKOFF = 30.0
_MANY_SEGMENTS = 64  # while the store is down, segments are finished by their size alone
# Shares of the spool, not tuned: above the first one, hashes of pixels are left out, which take most of the time, and
# the priority is raised, until it falls to the second one.
_HURRY, _CALM = 0.25, 0.02
_NICENESS, _HURRIED_NICENESS = 19, 5
_STUCK_SECONDS = 600.0  # not tuned: six times what a segment takes at the lowest priority on a busy machine
_KILL_EVERY = 0.1
_LOG = logging.getLogger("discern.capture")


class SpoolTransfer:
    """Background transfer of a spool to its store.

    Each process that writes to the spool has one. A lock in the folder chooses the one that works; if its process ends,
    another takes over. The work is done by a child process, as a thread of low priority would stop all others of its
    process while it holds the interpreter.

    Args:
        config: settings of the capture.
        spool: this process's writer, whose segments are finished at each interval.
        close_seconds: longest time that closing waits for a last transfer.
    """

    def __init__(self, config: CaptureConfig, spool: Spool, *, close_seconds: float = CLOSE_SECONDS) -> None:
        self._config, self._spool, self._close_seconds = config, spool, close_seconds
        self._wake, self._stop = threading.Event(), threading.Event()
        self._lock = FileLock(config.spool_folder / _LOCK, mode=0o600, thread_local=False)
        self._worker: WorkerProcess | None = None
        self._in_hurry = self._is_abandoned = False
        self._problem: str | None = None
        self._thread = threading.Thread(target=self._run, name="discern-capture", daemon=True)
        self._thread.start()

    @property
    def problem(self) -> str | None:
        """Return why the last transfer of this process failed, or None."""
        return self._problem

    @property
    def is_active(self) -> bool:
        """Return True if this process is the one that transfers."""
        return self._lock.is_locked

    def wake(self) -> None:
        """Begin a transfer at once."""
        self._wake.set()

    def close(self) -> None:
        """Transfer what is waiting, as far as the time allows, and end the child process."""
        self._stop.set()
        self._wake.set()
        self._thread.join(self._close_seconds)
        self._is_abandoned = True
        while self._thread.is_alive():
            if self._worker is not None:
                self._worker.kill()
            self._thread.join(_KILL_EVERY)
        if self._worker is not None:
            self._worker.close()
        self._lock.release(force=True)

    def _run(self) -> None:
        delay, is_last = INTERVAL, False
        while not is_last:
            # While the store is down, no number of waiting records makes it worth another attempt.
            (self._wake if self._problem is None else self._stop).wait(delay)
            self._wake.clear()
            is_last = self._stop.is_set()
            try:
                self._finish_segment(is_last=is_last)
                self._transfer()
            except Exception as error:  # noqa: BLE001 - the next attempt may succeed
                delay = min(2 * delay, _MAX_BACKOFF)
                self._note(error)
            else:
                delay = INTERVAL
                self._note(None)

    def _finish_segment(self, *, is_last: bool) -> None:
        if is_last:
            self._spool.close()
        elif self._problem is None or len(list_segments(self._spool.folder)) < _MANY_SEGMENTS:
            self._spool.rotate()

    def _transfer(self) -> None:
        """Transfer all finished segments, unless another process does so."""
        self._config.spool_folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not self._lock.is_locked:
            try:
                self._lock.acquire(blocking=False)
            except Timeout:
                return
        while self._fill():
            pass

    def _fill(self) -> bool:
        """Transfer one segment, and return True if there may be more."""
        if self._is_abandoned or self._has_nothing_to_do():
            return False
        used = spool_bytes(self._config.spool_folder) / self._config.max_spool
        if self._worker is None or self._worker.ended or self._in_hurry != self._is_urgent(used):
            self._restart(in_hurry=self._is_urgent(used))
        assert self._worker is not None
        watchdog = threading.Timer(_STUCK_SECONDS, self._worker.kill)
        watchdog.daemon = True
        watchdog.start()
        try:
            return self._worker.run(fill_store, self._config, self._in_hurry).segments > 0
        finally:
            watchdog.cancel()

    def _has_nothing_to_do(self) -> bool:
        """Return True if no process is needed yet: nothing waits, and the store has no limits to apply."""
        has_limits = self._config.max_days is not None or self._config.max_gb is not None
        return self._worker is None and not has_limits and not list_segments(self._config.spool_folder)

    def _is_urgent(self, used: float) -> bool:
        return used > (_CALM if self._in_hurry else _HURRY)

    def _restart(self, *, in_hurry: bool) -> None:
        """Start another child process, as none can raise its own priority."""
        if self._worker is not None:
            self._worker.close()
        self._in_hurry = in_hurry
        self._worker = WorkerProcess()
        self._worker.run(lower_priority, _HURRIED_NICENESS if in_hurry else _NICENESS)

    def _note(self, error: Exception | None) -> None:
        problem = None if error is None else str(error) or type(error).__name__
        if problem is not None and problem != self._problem:
            _LOG.warning("Captured exchanges wait in %s: %s", self._config.spool_folder, problem)
        elif problem is None and self._problem is not None:
            _LOG.info("Captured exchanges are stored again.")
        self._problem = problem
