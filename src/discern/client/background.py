"""Background event loop that runs the coroutines of the synchronous client."""

import asyncio
import os
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache
from typing import Any, TypeVar

_T = TypeVar("_T")
_start_lock = threading.RLock()


def _renew_lock() -> None:
    """Replace the lock in a forked process, where a thread that held it no longer exists."""
    global _start_lock  # noqa: PLW0603
    _start_lock = threading.RLock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_lock)


def in_background(coroutine: Coroutine[Any, Any, _T]) -> Future[_T]:
    """Run a coroutine on the background event loop and return its result.

    Cancelling the returned future cancels the coroutine.
    """
    with _start_lock:
        loop = _loop_of(os.getpid())
    return asyncio.run_coroutine_threadsafe(coroutine, loop)


@cache
def _loop_of(_process: int) -> asyncio.AbstractEventLoop:  # a thread does not survive a fork
    loop = asyncio.new_event_loop()
    loop.set_default_executor(_DaemonExecutor())
    threading.Thread(target=loop.run_forever, name="discern-client", daemon=True).start()
    return loop


class _DaemonExecutor(ThreadPoolExecutor):
    """Executor that runs each call in a new daemon thread.

    Unlike with `ThreadPoolExecutor`, calls are accepted after the main thread has ended, and do not delay exit.
    """

    def submit(self, fn: Callable[..., Any], /, *args: Any, **options: Any) -> Future[Any]:
        future: Future[Any] = Future()

        def work() -> None:
            try:
                future.set_result(fn(*args, **options))
            except BaseException as error:  # noqa: BLE001 - as in any executor
                future.set_exception(error)

        future.set_running_or_notify_cancel()
        threading.Thread(target=work, name="discern-client", daemon=True).start()
        return future
