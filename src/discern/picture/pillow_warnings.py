"""Keeps Pillow's warnings to itself while a picture is opened, from any number of threads."""

import threading
import warnings
from types import TracebackType


class _Quiet:
    """A context that many threads may be in at once; Python's own, which it stands on, is made for one.

    Only warnings raised in Pillow's modules are silenced, and only while somebody is inside.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._inside = 0
        self._caught = warnings.catch_warnings()

    def __enter__(self) -> None:
        with self._lock:
            if not self._inside:
                self._caught = warnings.catch_warnings()
                self._caught.__enter__()
                warnings.filterwarnings("ignore", module=r"PIL\.")
            self._inside += 1

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._lock:
            self._inside -= 1
            if not self._inside:
                self._caught.__exit__(kind, error, trace)


pillow_warnings = _Quiet()
