"""Startup, shutdown and background tasks of the HTTP server."""

import asyncio
import logging
import multiprocessing
import signal
import time
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI

from discern.errors import DiscernError
from discern.inference.model_registry import ModelRegistry
from discern.serving.config import ServeConfig
from discern.serving.web.exchange_recorder import ExchangeRecorder, report_losses
from discern.serving.web.reloader import Reloader
from discern.serving.web.store_access import StoreAccess
from discern.serving.web.url_fetch import UrlFetcher
from discern.serving.web.workers import ReloadSignal

if TYPE_CHECKING:
    from discern.serving.web.background_looks import BackgroundLooks  # not part of the container image

_LOG = logging.getLogger("discern.serving")
_WATCH_SECONDS, _TICK_SECONDS = 2.0, 1.0
# benchmarks/overload.py: at five times the load, over 93 % of the peak is still answered.
_PAUSE_SECONDS, _IDLE_SECONDS = 0.02, 0.1
_LOOP_ROUNDS = 4  # a request is read, passed on, rejected and sent in as many iterations of the event loop


class Lifespan:
    """ASGI lifespan handler that runs the server's background tasks.

    Args:
        config: the server's configuration.
        registry: the bundles; closed at shutdown.
        signal: received when another worker has reloaded its bundles.
        fetcher: closed at shutdown.
        recorder: keeps the exchanges, from the start to the shutdown; None for a server that keeps none.
        captured: the store of the exchanges; closed at shutdown.
        looks: looks at the exchanges; None for a server that keeps none.
    """

    def __init__(
        self,
        config: ServeConfig,
        *,
        registry: ModelRegistry,
        signal: ReloadSignal,
        fetcher: UrlFetcher | None,
        recorder: ExchangeRecorder | None = None,
        captured: StoreAccess | None = None,
        looks: "BackgroundLooks | None" = None,
    ) -> None:
        self._config = config
        self._registry = registry
        self._signal = signal
        self._fetcher = fetcher
        self._recorder = recorder
        self._captured = captured
        self._looks = looks
        self._ready = False
        self.reloader = Reloader(registry)

    def is_ready(self) -> bool:
        """Return True if the server has started and is not shutting down."""
        return self._ready

    @asynccontextmanager
    async def run(self, _: FastAPI) -> AsyncIterator[None]:
        """Run the background tasks until shutdown and then finish all pending images."""
        if self._recorder:
            await asyncio.to_thread(self._recorder.open)
        tasks = [asyncio.create_task(each) for each in self._background()]
        self._ready = True
        with self.reloader.ending_on_signal():
            yield
        self._ready = False
        self.reloader.end()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.to_thread(self._registry.close)
        if self._recorder:
            await self._recorder.close()
        if self._captured:
            await asyncio.to_thread(self._captured.close)
        if self._fetcher:
            await self._fetcher.close()

    def _background(self) -> list[Coroutine[Any, Any, None]]:
        is_worker = self._signal.is_shared
        coroutines = [_slow_down_under_load(self._registry)]
        if is_worker:
            coroutines.append(_exit_with_parent())
        if is_worker or self._config.watch:
            coroutines.append(_watch(self.reloader, self._signal, files=self._config.watch))
        if self._recorder:
            coroutines.append(report_losses(self._recorder))
        if self._looks:
            coroutines.append(self._looks.run())
        return coroutines


async def _slow_down_under_load(registry: ModelRegistry) -> None:
    """Slow down the event loop while the inference queue is nearly full.

    It then runs fifty times a second, as waking up for each arrival costs more CPU time than rejecting the request.
    """
    while True:
        if any(served.batcher.is_nearly_full for served in registry.served.values()):
            time.sleep(_PAUSE_SECONDS)
            for _ in range(_LOOP_ROUNDS):
                await asyncio.sleep(0)
        else:
            await asyncio.sleep(_IDLE_SECONDS)


async def _exit_with_parent() -> None:
    """Shut down this worker process when its parent process ends."""
    parent = multiprocessing.parent_process()
    if parent is None:
        return
    while parent.is_alive():
        await asyncio.sleep(_TICK_SECONDS)
    _LOG.warning("the parent process is gone: shutting down this worker")
    signal.raise_signal(signal.SIGTERM)


async def _watch(reloader: Reloader, signal: ReloadSignal, *, files: bool) -> None:
    """Reload the model bundles when their files change or another worker process signals it."""
    while True:
        await asyncio.sleep(_WATCH_SECONDS)
        try:
            signalled = signal.receive()
            if not signalled and not files:
                continue
            for name in await reloader.reload(changed_only=not signalled):
                _LOG.info("reloaded %s", name)
        except DiscernError as error:
            _LOG.warning("not reloaded: %s", error)
        except Exception:  # noqa: BLE001 - watching continues whatever happens
            _LOG.exception("bundles cannot be checked for changes")
