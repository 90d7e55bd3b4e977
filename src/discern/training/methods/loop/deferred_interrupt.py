"""Context that defers Ctrl-C and requests to end until work is in a state that can be saved."""

import signal
import threading
from types import FrameType
from typing import Self


class DeferredInterrupt:
    """Context manager in which a first interrupt is only noted; a second one raises KeyboardInterrupt at once.

    It concerns the signals that raise KeyboardInterrupt outside of it. A noted interrupt is raised at the end of the
    context. Only the main thread receives signals; in others it does nothing.

    Attributes:
        pending: whether an interrupt was noted.
    """

    def __init__(self) -> None:
        self.pending = False
        self._before: list[signal.Signals] = []

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            names = ("SIGINT", "SIGTERM", "SIGHUP")
            numbers = [getattr(signal, name) for name in names if hasattr(signal, name)]
            self._before = [each for each in numbers if signal.getsignal(each) is signal.default_int_handler]
            for number in self._before:
                signal.signal(number, self._note)
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        for number in self._before:
            signal.signal(number, signal.default_int_handler)
        if self.pending and kind is None:
            raise KeyboardInterrupt

    def _note(self, number: int, frame: FrameType | None) -> None:
        if self.pending:
            signal.default_int_handler(number, frame)
        self.pending = True
