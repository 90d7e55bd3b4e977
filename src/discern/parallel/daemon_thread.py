"""Function that runs a call in a thread that does not delay the end of the program."""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

Result = TypeVar("Result")


def run_in_daemon_thread(function: Callable[..., Result], /, *arguments: Any, **options: Any) -> Future[Result]:
    """Start a call in a daemon thread of its own and return its future.

    The threads of pools are joined when the program ends, however long they take; this one is not.
    """
    future: Future[Result] = Future()

    def run() -> None:
        future.set_running_or_notify_cancel()
        try:
            result = function(*arguments, **options)
        except BaseException as error:  # noqa: BLE001 - passed on through the future
            future.set_exception(error)
        else:
            future.set_result(result)

    threading.Thread(target=run, name=f"discern-{function.__name__}", daemon=True).start()
    return future
