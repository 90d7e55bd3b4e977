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

    Cancelling the returned future cancels the coroutine. From Python 3.12 on, no thread starts once the main thread has
    ended; coroutines then run in the calling thread.
    """
    with _start_lock:
        loop = _loop_of(os.getpid())
        if _is_started(loop):
            return asyncio.run_coroutine_threadsafe(coroutine, loop)
        return _run_here(coroutine, loop)


@cache
def _loop_of(_process: int) -> asyncio.AbstractEventLoop:  # a thread does not survive a fork
    loop = asyncio.new_event_loop()
    loop.set_default_executor(_DaemonExecutor())
    return loop


@cache
def _is_started(loop: asyncio.AbstractEventLoop) -> bool:
    """Start the thread of a loop, or return False if it cannot be started."""
    try:
        threading.Thread(target=loop.run_forever, name="discern-client", daemon=True).start()
    except RuntimeError:
        return False
    return True


def _run_here(coroutine: Coroutine[Any, Any, _T], loop: asyncio.AbstractEventLoop) -> Future[_T]:
    future: Future[_T] = Future()
    try:
        future.set_result(loop.run_until_complete(coroutine))
    except BaseException as error:  # noqa: BLE001 - passed on through the future
        future.set_exception(error)
    return future


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
        try:
            threading.Thread(target=work, name="discern-client", daemon=True).start()
        except RuntimeError:  # the main thread has ended, as above
            work()
        return future
