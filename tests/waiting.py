"""Waiting for conditions in tests."""

import time
from collections.abc import Callable


def wait_until(condition: Callable[[], object], seconds: float = 20, *, interval: float = 0.01) -> None:
    """Poll a condition until it is true.

    Raises:
        AssertionError: it is still false after `seconds`.
    """
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"The condition is still false after {seconds} s."
        time.sleep(interval)
