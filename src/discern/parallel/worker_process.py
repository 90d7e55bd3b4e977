"""Worker process that runs Python function calls received through a pipe."""

import os
import pickle
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

Result = TypeVar("Result")


class WorkerProcess:
    """Worker process that runs one call at a time, free of the parent's interpreter lock.

    It is started from the command line rather than by `multiprocessing`, so the main script needs no
    `if __name__ == "__main__"` guard. It exits when its standard input closes, however the parent ends.

    Args:
        quiet: discard messages on standard error, as those of a native library that would end up in the parent's log.

    Raises:
        OSError: no process can be started.
    """

    def __init__(self, *, quiet: bool = False) -> None:
        if not sys.executable or getattr(sys, "frozen", False):
            raise FileNotFoundError("A frozen application has no Python interpreter to start a worker process with.")
        import subprocess  # noqa: PLC0415 - programs that start no process need not wait for it

        self._process = subprocess.Popen(  # noqa: S603 - the current interpreter
            [sys.executable, "-P", "-c", _PROGRAM],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL if quiet else None,
            env=os.environ | _SINGLE_CORE_ENVIRONMENT,
        )
        self._lock = threading.Lock()
        self._broken = False
        try:
            self._send(sys.path)
        except OSError:  # it was killed already
            self.kill()
            self.close()
            raise

    def run(self, function: Callable[..., Result], *arguments: object) -> Result:
        """Call a module-level function in the worker process, with picklable arguments and result.

        Safe to call from several threads; the process executes one call after the other.

        Raises:
            OSError: the process has ended.
            Exception: raised by the function; the worker's traceback is added as a note.
        """
        assert self._process.stdout is not None
        with self._lock:
            if self._process.stdout.closed:
                raise BrokenPipeError("the worker process was closed")
            self._send((function, arguments))
            try:
                fault, result = pickle.load(self._process.stdout)  # noqa: S301 - written by our own child
            except (EOFError, pickle.UnpicklingError) as ended:
                self._broken = True
                raise BrokenPipeError("the worker process ended") from ended
        if fault:
            error_type, args, attributes = fault
            error = error_type.__new__(error_type, *args)  # not `__init__`, whose parameters may differ from `args`
            error.__dict__.update(attributes)
            raise error
        returned: Result = result
        return returned

    @property
    def ended(self) -> bool:
        """Return True once the worker process has ended."""
        return self._broken or self._process.poll() is not None

    def kill(self) -> None:
        """End the worker process at once, whatever it does; a call in progress raises OSError in its thread."""
        self._process.kill()

    def wait(self, seconds: float) -> int:
        """Wait for the worker process to end, kill it if it does not, and return its exit code.

        A negative exit code is the number of the signal that ended it.
        """
        from subprocess import TimeoutExpired  # noqa: PLC0415 - as above

        try:
            return self._process.wait(seconds)
        except TimeoutExpired:
            self._process.kill()
            return self._process.wait()

    def close(self) -> None:
        """End the worker process after its current call."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with self._lock:
            with suppress(OSError):
                self._process.stdin.close()
            self._process.stdout.close()
        self._process.wait()

    def _send(self, message: object) -> None:
        assert self._process.stdin is not None
        pickle.dump(message, self._process.stdin, protocol=pickle.HIGHEST_PROTOCOL)
        self._process.stdin.flush()


# One core; and glibc keeps freed memory, which it would otherwise return to the system and request again per picture.
_SINGLE_CORE_ENVIRONMENT = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MALLOC_TOP_PAD_": str(16 << 20),
    "MALLOC_MMAP_THRESHOLD_": str(32 << 20),
}
_PROGRAM = """
import pickle, sys
sys.path[:] = pickle.load(sys.stdin.buffer)
from discern.parallel import run_worker
run_worker()
"""


def run_worker() -> None:
    """Run the loop of a `WorkerProcess` from standard input to standard output."""
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):  # sent to all processes; an interrupted parent closes our input
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    calls, results = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # printed text must not mix with the results
    fault: tuple[type[Exception], tuple[object, ...], dict[str, object]] | tuple[()]
    with suppress(EOFError, OSError):
        while True:
            function, arguments = pickle.load(calls)  # noqa: S301 - written by our own parent
            try:
                fault, result = (), function(*arguments)
            except Exception as error:  # noqa: BLE001 - raised again in the parent
                error.add_note(traceback.format_exc())
                fault, result = (type(error), error.args, error.__dict__), None
            pickle.dump((fault, result), results, protocol=pickle.HIGHEST_PROTOCOL)
            results.flush()
