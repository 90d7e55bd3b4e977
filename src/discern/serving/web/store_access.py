"""Access of a server process to the store of captured exchanges."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import TypeVar

from discern.errors import DiscernError, NotFound, Overloaded, StoreError
from discern.watching.captures.capture_config import CaptureConfig
from discern.watching.stores.exchange_store import ExchangeStore

Result = TypeVar("Result")

_THREADS = 2  # not tuned: pages wait for each other, and predictions for none of them


def store_opener(capture: CaptureConfig | None) -> Callable[[], ExchangeStore] | None:
    """Return a function that opens the store of captured exchanges, or None without settings of the capture."""
    return None if capture is None else partial(_open_configured, capture.store)


def _open_configured(address: str) -> ExchangeStore:
    # Loads SQLAlchemy, which a server that keeps nothing does without.
    from discern.watching.stores.open_exchanges import open_store  # noqa: PLC0415

    return open_store(address)


class StoreAccess:
    """Access to the store of captured exchanges, which is opened at its first use.

    Args:
        opener: opens the store; None if the server captures nothing.
    """

    def __init__(self, opener: Callable[[], ExchangeStore] | None) -> None:
        self._opener = opener
        self._store: ExchangeStore | None = None
        self._lock = threading.Lock()
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="monitor")

    @property
    def captures(self) -> bool:
        """Return True if the server captures exchanges."""
        return self._opener is not None

    async def read(self, function: Callable[[ExchangeStore], Result]) -> Result:
        """Call a function with the store in a thread, and return its result.

        Raises:
            NotFound: the server captures nothing.
            Overloaded: the store cannot be read now.
        """
        return await asyncio.get_running_loop().run_in_executor(self._threads, self.read_here, function)

    def read_within(self, function: Callable[[ExchangeStore], Result], *, seconds: float) -> Result:
        """Call a function with the store in a thread, and wait no longer than that for its result.

        Raises:
            NotFound: the server captures nothing.
            Overloaded: the store cannot be read now, or not in time.
        """
        try:
            return self._threads.submit(self.read_here, function).result(seconds)
        except TimeoutError as error:
            raise Overloaded("The captured exchanges cannot be read in time.", hint="Retry in a moment.") from error

    def read_here(self, function: Callable[[ExchangeStore], Result]) -> Result:
        """Call a function with the store in this thread, which may wait for a database.

        Raises:
            NotFound: the server captures nothing.
            Overloaded: the store cannot be read now.
        """
        try:
            return function(self._open())
        except StoreError as error:
            raise Overloaded(f"The captured exchanges cannot be read: {error.message}", hint=error.hint) from error

    def close(self) -> None:
        """Close the store."""
        self._threads.shutdown(wait=True, cancel_futures=True)
        with self._lock, suppress(DiscernError):
            if self._store is not None:
                self._store.close()

    def _open(self) -> ExchangeStore:
        if self._opener is None:
            raise NotFound(
                "This server captures no exchanges.", hint="Start it with `discern serve BUNDLE --capture STORE`."
            )
        with self._lock:
            if self._store is None:
                self._store = self._opener()
            return self._store
