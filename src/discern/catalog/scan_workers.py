"""Sees files here or, where there are many, in processes of their own."""

import threading
from contextlib import suppress
from dataclasses import replace
from functools import lru_cache, partial
from pathlib import Path
from types import TracebackType

from discern.catalog.formats.source import Item
from discern.catalog.picture_cache import PictureCache, Proven
from discern.catalog.scanned_file import ScannedFile, scan_files
from discern.errors import PictureTooLarge
from discern.parallel import WorkerProcess
from discern.picture import Limits
from discern.picture.picture_facts import read_facts

# A helper takes as long to begin as some hundred small pictures.
_MANY = 1_000
_SMALL_FILE = 1 << 20
_SMALL_PICTURE = 64 << 20


class ScanWorkers:
    """What several threads see files with.

    Small pictures cost more Python than decoding, and threads share one Python: so after the first thousand each thread
    has a helper, which reads files, looks at them and keeps what it saw on its own. What takes much memory is looked at
    here, where all threads share the memory that decoding may take.

    Args:
        cache: the folder that keeps what is known of pictures.
        limits: what is refused before decoding.
        helpers: whether there may be any.
    """

    def __init__(self, cache: Path, limits: Limits, *, helpers: bool) -> None:
        self.known = PictureCache(cache, limits)
        self._limits = limits
        small = replace(limits, max_memory=min(limits.max_memory, _SMALL_PICTURE))
        self._there = cache, small
        self._may_help = helpers
        self._done = 0
        self._own = threading.local()
        self._helpers: list[WorkerProcess] = []

    def __enter__(self) -> "ScanWorkers":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.known.keep()
            for helper in self._helpers:
                with suppress(OSError):
                    self.known.trust(helper.run(_keep_there, *self._there))
        finally:
            for helper in self._helpers:
                helper.close()

    def __call__(self, items: list[Item]) -> list[ScannedFile]:
        """See some files; what is new is kept at once or soon, at the end in any case.

        Raises:
            StoreError: the cache cannot be written.
        """
        helper = self._helper()
        self._done += len(items)
        if helper is None or max((item.held for item in items), default=0) > _SMALL_FILE:
            return self._see_here(items)
        try:
            seen = helper.run(_see_there, items, *self._there)
        except OSError:
            self._may_help = False
            return self._see_here(items)
        large = [at for at, sighting in enumerate(seen) if sighting.error == PictureTooLarge.code]
        for at, sighting in zip(large, self._see_here([items[at] for at in large]), strict=True):
            seen[at] = sighting
        return seen

    def _see_here(self, items: list[Item]) -> list[ScannedFile]:
        return scan_files(items, self.known, partial(read_facts, limits=self._limits)) if items else []

    def _helper(self) -> WorkerProcess | None:
        if not self._may_help or self._done < _MANY:
            return None
        try:
            if not hasattr(self._own, "helper"):
                self._own.helper = WorkerProcess()
                self._helpers.append(self._own.helper)
        except OSError:
            self._may_help = False
            return None
        helper: WorkerProcess = self._own.helper
        return helper


def _see_there(items: list[Item], cache: Path, limits: Limits) -> list[ScannedFile]:
    return scan_files(items, _known_there(cache, limits), partial(read_facts, limits=limits))


def _keep_there(cache: Path, limits: Limits) -> Proven:
    known = _known_there(cache, limits)
    known.keep()
    return known.proven()


@lru_cache(maxsize=1)
def _known_there(cache: Path, limits: Limits) -> PictureCache:
    return PictureCache(cache, limits)
