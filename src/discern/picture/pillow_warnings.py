"""Thread-safe suppression of the warnings that Pillow raises while it decodes images."""

import threading
import warnings
from types import TracebackType


class _SuppressPillowWarnings:
    """Context manager that suppresses Pillow warnings in several threads at a time.

    Several threads may enter it together, while `warnings.catch_warnings` supports one at a time.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._depth = 0
        self._filters = warnings.catch_warnings()

    def __enter__(self) -> None:
        with self._lock:
            if not self._depth:
                self._filters = warnings.catch_warnings()
                self._filters.__enter__()
                warnings.filterwarnings("ignore", module=r"PIL\.")
            self._depth += 1

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._lock:
            self._depth -= 1
            if not self._depth:
                self._filters.__exit__(kind, error, trace)


suppress_pillow_warnings = _SuppressPillowWarnings()
