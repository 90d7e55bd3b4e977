"""A Python process that calls functions as it is told."""

import os
import pickle
import signal
import subprocess
import sys
import threading
import traceback
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

Result = TypeVar("Result")


class WorkerProcess:
    """A Python of its own, which does one thing at a time as it is told; for work in which Python itself is the brake.

    It is begun by its command line and not by `multiprocessing`, so no script must be written with it in mind. It ends
    when nobody can tell it anything any more: with the process that began it, however that one ends.

    Raises:
        OSError: no process can be started.
    """

    def __init__(self) -> None:
        if not sys.executable or getattr(sys, "frozen", False):
            raise FileNotFoundError("This program brings no Python that could be begun once more.")
        self._process = subprocess.Popen(  # noqa: S603 - this very Python
            [sys.executable, "-P", "-c", _BEGINNING],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=os.environ | _ALONE,
        )
        self._asking = threading.Lock()
        self._broken = False
        self._say(sys.path)

    def run(self, function: Callable[..., Result], *arguments: object) -> Result:
        """Call a function of some module there, and give what it gives; all of it must be picklable.

        Threads may call at once; the helper does one thing after the other.

        Raises:
            OSError: the helper is no more.
            Exception: what the function raised; a note on it is the traceback.
        """
        assert self._process.stdout is not None
        with self._asking:
            if self._process.stdout.closed:
                raise BrokenPipeError("the helper was closed")
            self._say((function, arguments))
            try:
                fault, result = pickle.load(self._process.stdout)  # noqa: S301 - our own child wrote it
            except (EOFError, pickle.UnpicklingError) as ended:
                self._broken = True
                raise BrokenPipeError("the helper ended") from ended
        if fault:
            kind, said, noted = fault
            error = kind.__new__(kind, *said)  # not by its own way of making one, which may want other arguments
            error.__dict__.update(noted)
            raise error
        answer: Result = result
        return answer

    @property
    def ended(self) -> bool:
        """Whether the process is no more."""
        return self._broken or self._process.poll() is not None

    def close(self) -> None:
        """Let it end, when it has done what it is doing."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with self._asking:
            with suppress(OSError):
                self._process.stdin.close()
            self._process.stdout.close()
        self._process.wait()

    def _say(self, what: object) -> None:
        assert self._process.stdin is not None
        pickle.dump(what, self._process.stdin, protocol=pickle.HIGHEST_PROTOCOL)
        self._process.stdin.flush()


# One core; and glibc keeps some memory, where it would return it to the system after each picture and ask for it again.
_ALONE = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MALLOC_TOP_PAD_": str(16 << 20),
    "MALLOC_MMAP_THRESHOLD_": str(32 << 20),
}
_BEGINNING = """
import pickle, sys
sys.path[:] = pickle.load(sys.stdin.buffer)
from discern.parallel import run_worker
run_worker()
"""


def run_worker() -> None:
    """Serve a `WorkerProcess`: read calls from standard input, write results to standard output."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever is interrupted closes our input
    told, said = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever else is printed must not come between
    fault: tuple[type[Exception], tuple[object, ...], dict[str, object]] | tuple[()]
    with suppress(EOFError, OSError):
        while True:
            function, arguments = pickle.load(told)  # noqa: S301 - our own parent wrote it
            try:
                fault, result = (), function(*arguments)
            except Exception as error:  # noqa: BLE001 - it is the caller's to judge
                error.add_note(traceback.format_exc())
                fault, result = (type(error), error.args, error.__dict__), None
            pickle.dump((fault, result), said, protocol=pickle.HIGHEST_PROTOCOL)
            said.flush()
