"""Class that reloads model bundles without delaying the event loop or the end of the server."""

import asyncio
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from types import FrameType

from discern.errors import Overloaded
from discern.inference.model_registry import ModelRegistry
from discern.parallel import run_in_daemon_thread

_SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))


class Reloader:
    """Reloads the model bundles of a server, and abandons the reloads when it ends.

    A reload runs in a thread that neither the event loop nor the interpreter waits for: a bundle may take long to load,
    and the old one to finish its pictures.

    Args:
        registry: the bundles.
    """

    def __init__(self, registry: ModelRegistry) -> None:
        self._registry = registry
        self._ending = asyncio.Event()

    async def reload(self, *, changed_only: bool = False) -> list[str]:
        """Reload the model bundles (see `ModelRegistry.reload`).

        Raises:
            BundleError: a bundle cannot be used.
            Overloaded: the server is ending.
        """
        running = run_in_daemon_thread(self._registry.reload, changed_only=changed_only)
        reloaded = asyncio.ensure_future(_finish(running))
        ending = asyncio.ensure_future(self._ending.wait())
        try:
            await asyncio.wait({reloaded, ending}, return_when=asyncio.FIRST_COMPLETED)
            if not reloaded.done():
                raise Overloaded("The server is ending.", hint="Retry in a moment.", retry_after=1)
            return reloaded.result()
        finally:
            ending.cancel()
            reloaded.cancel()

    def end(self) -> None:
        """Abandon all reloads, at once."""
        self._ending.set()
        self._registry.cancel_reload()

    @contextmanager
    def ending_on_signal(self) -> Iterator[None]:
        """Call `end` as soon as a signal ends the server, which first waits for open requests, also those to reload."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        loop = asyncio.get_running_loop()
        before = {number: signal.getsignal(number) for number in _SIGNALS}
        for number, handler in before.items():
            if callable(handler):
                signal.signal(number, _chain(lambda: loop.call_soon_threadsafe(self.end), handler))
        try:
            yield
        finally:
            for number, handler in before.items():
                if callable(handler):
                    signal.signal(number, handler)


async def _finish(running: Future[list[str]]) -> list[str]:
    return await asyncio.wrap_future(running)


def _chain(
    first: Callable[[], object], handler: Callable[[int, FrameType | None], object]
) -> Callable[[int, FrameType | None], None]:
    def handle(number: int, frame: FrameType | None) -> None:
        first()
        handler(number, frame)

    return handle
