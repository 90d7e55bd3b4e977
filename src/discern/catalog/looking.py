"""Looks at pictures here or, where there are many, in processes of their own."""

import threading
from collections.abc import Sequence
from dataclasses import replace
from types import TracebackType

from discern.cores import Helper
from discern.errors import PictureTooLarge
from discern.picture import Limits
from discern.picture.looking import Looks, look

# A helper takes as long to begin as some hundred small pictures.
_MANY = 1_000
_SMALL_FILE = 1 << 20
_SMALL_PICTURE = 64 << 20


class Eyes:
    """What several threads look at pictures with.

    Small pictures cost more Python than decoding, and threads share one Python: so after the first thousand each thread
    has a helper for them. What is large is looked at here, where all threads share the memory that decoding may take.

    Args:
        limits: what is refused before decoding.
        helpers: whether there may be any.
    """

    def __init__(self, limits: Limits, *, helpers: bool) -> None:
        self._limits = limits
        self._may_help = helpers
        self._done = 0
        self._own = threading.local()
        self._helpers: list[Helper] = []

    def __enter__(self) -> "Eyes":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for helper in self._helpers:
            helper.close()

    def __call__(self, files: Sequence[bytes]) -> Looks:
        """Look at the bytes of some files."""
        helper = self._helper()
        self._done += len(files)
        if helper is None or max(map(len, files), default=0) > _SMALL_FILE:
            return look(files, self._limits)
        small = min(self._limits.max_memory, _SMALL_PICTURE)
        try:
            looks = helper.run(look, files, replace(self._limits, max_memory=small))
        except OSError:
            self._may_help = False
            return look(files, self._limits)
        for at, problem in list(looks.problems.items()):
            if problem.code == PictureTooLarge.code:
                looks.replace(at, look(files[at : at + 1], self._limits))
        return looks

    def _helper(self) -> Helper | None:
        if not self._may_help or self._done < _MANY:
            return None
        try:
            if not hasattr(self._own, "helper"):
                self._own.helper = Helper()
                self._helpers.append(self._own.helper)
        except OSError:
            self._may_help = False
            return None
        helper: Helper = self._own.helper
        return helper
