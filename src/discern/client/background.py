"""An event loop beside the program, for those who wait for its answers."""

import asyncio
import os
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache
from typing import Any, TypeVar

_T = TypeVar("_T")
_STARTING = threading.RLock()


def in_background(work: Coroutine[Any, Any, _T]) -> Future[_T]:
    """Begin something on this process' event loop, in a thread of its own that keeps no process from ending.

    To cancel what is given back stops the work, too.
    """
    with _STARTING:
        loop = _loop_of(os.getpid())
    return asyncio.run_coroutine_threadsafe(work, loop)


@cache
def _loop_of(_process: int) -> asyncio.AbstractEventLoop:  # a thread does not outlive a fork
    loop = asyncio.new_event_loop()
    loop.set_default_executor(_Aside())
    threading.Thread(target=loop.run_forever, name="discern-client", daemon=True).start()
    return loop


class _Aside(ThreadPoolExecutor):
    """Looks names up and reads files, each in a thread that may be left behind.

    The usual pool takes nothing any more once the main thread has ended, and its threads hold the process until then.
    """

    def submit(self, fn: Callable[..., Any], /, *args: Any, **options: Any) -> Future[Any]:
        future: Future[Any] = Future()

        def work() -> None:
            try:
                future.set_result(fn(*args, **options))
            except BaseException as error:  # noqa: BLE001 - as any pool does
                future.set_exception(error)

        future.set_running_or_notify_cancel()
        threading.Thread(target=work, name="discern-client", daemon=True).start()
        return future
