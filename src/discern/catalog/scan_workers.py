"""Threads and worker processes that scan image files."""

import threading
from contextlib import suppress
from dataclasses import replace
from functools import lru_cache, partial
from pathlib import Path
from types import TracebackType

from discern.catalog.formats.source import Item
from discern.catalog.picture_cache import PictureCache, VerifiedFiles
from discern.catalog.scanned_file import ScannedFile, scan_files
from discern.errors import PictureTooLarge
from discern.parallel import WorkerProcess
from discern.picture import Limits
from discern.picture.picture_facts import read_facts

# Starting a worker process takes as long as scanning some hundred small pictures (benchmarks/scaling.py measures
# scans).
_FILES_BEFORE_PROCESSES = 1_000
# Not tuned: larger files and pictures spend most of their time outside Python anyway.
_SMALL_FILE = 1 << 20
_SMALL_PICTURE = 64 << 20


class ScanWorkers:
    """Thread-safe scanner that distributes image files to worker processes.

    Small pictures spend more time in Python than in decoding, and threads share the interpreter lock. After the first
    thousand files, each thread therefore has a worker process, which reads and scans files and writes to the cache
    itself. Large pictures are scanned in this process, where all threads share one memory budget for decoding.

    Args:
        cache: directory of the cache.
        limits: picture limits, checked before decoding.
        processes: whether worker processes may be started.
    """

    def __init__(self, cache: Path, limits: Limits, *, processes: bool) -> None:
        self.cache = PictureCache(cache, limits)
        self._limits = limits
        small = replace(limits, max_memory=min(limits.max_memory, _SMALL_PICTURE))
        self._remote_arguments = cache, small
        self._use_processes = processes
        self._scanned = 0
        self._thread = threading.local()
        self._processes: list[WorkerProcess] = []

    def __enter__(self) -> "ScanWorkers":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.cache.flush()
            for process in self._processes:
                with suppress(OSError):
                    self.cache.mark_verified(process.run(_flush_remotely, *self._remote_arguments))
        finally:
            for process in self._processes:
                process.close()

    def __call__(self, items: list[Item]) -> list[ScannedFile]:
        """Scan the given files, in a worker process if possible, and return the results.

        New cache entries are written within seconds, and at the latest on exit.

        Raises:
            StoreError: the cache cannot be written.
        """
        process = self._worker_process()
        self._scanned += len(items)
        if process is None or max((item.in_memory for item in items), default=0) > _SMALL_FILE:
            return self._scan_here(items)
        try:
            scanned = process.run(_scan_remotely, items, *self._remote_arguments)
        except OSError:
            self._use_processes = False
            return self._scan_here(items)
        large = [at for at, file in enumerate(scanned) if file.error == PictureTooLarge.code]
        for at, file in zip(large, self._scan_here([items[at] for at in large]), strict=True):
            scanned[at] = file
        return scanned

    def _scan_here(self, items: list[Item]) -> list[ScannedFile]:
        return scan_files(items, self.cache, partial(read_facts, limits=self._limits)) if items else []

    def _worker_process(self) -> WorkerProcess | None:
        if not self._use_processes or self._scanned < _FILES_BEFORE_PROCESSES:
            return None
        try:
            if not hasattr(self._thread, "process"):
                self._thread.process = WorkerProcess()
                self._processes.append(self._thread.process)
        except OSError:
            self._use_processes = False
            return None
        process: WorkerProcess = self._thread.process
        return process


def _scan_remotely(items: list[Item], cache: Path, limits: Limits) -> list[ScannedFile]:
    return scan_files(items, _remote_cache(cache, limits), partial(read_facts, limits=limits))


def _flush_remotely(cache: Path, limits: Limits) -> VerifiedFiles:
    pictures = _remote_cache(cache, limits)
    pictures.flush()
    return pictures.verified()


@lru_cache(maxsize=1)
def _remote_cache(cache: Path, limits: Limits) -> PictureCache:
    return PictureCache(cache, limits)
