"""What begins and ends with the application, and what goes on beside it."""

import asyncio
import logging
import multiprocessing
import signal
import time
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI

from discern.errors import DiscernError
from discern.inference.model_registry import ModelRegistry
from discern.serving.config import ServeConfig
from discern.serving.web.prometheus import ServerMetrics
from discern.serving.web.url_fetch import UrlFetcher
from discern.serving.web.workers import ReloadSignal, shared_folder

_LOG = logging.getLogger("discern.serving")
_LOOK_SECONDS, _TICK_SECONDS = 2.0, 1.0
_REST_SECONDS, _CALM_SECONDS = 0.02, 0.1
_ROUNDS = 4  # of the loop: a request is read, passed on, refused and sent in as many


class Lifespan:
    """Keeps what is served up to date.

    Args:
        config: whether files are watched.
        roster: the bundles; closed at the end.
        figures: what is counted.
        call: how other workers say that bundles are to be read anew.
        fetcher: closed at the end.
    """

    def __init__(
        self,
        config: ServeConfig,
        *,
        roster: ModelRegistry,
        figures: ServerMetrics,
        call: ReloadSignal,
        fetcher: UrlFetcher | None,
    ) -> None:
        self._config = config
        self._roster = roster
        self._figures = figures
        self._call = call
        self._fetcher = fetcher
        self._ready = False

    def is_ready(self) -> bool:
        """Whether pictures are answered."""
        return self._ready

    @asynccontextmanager
    async def run(self, _: FastAPI) -> AsyncIterator[None]:
        """Watch the bundles' files; at the end answer what was taken."""
        beside = [asyncio.create_task(each) for each in self._beside()]
        self._ready = True
        yield
        self._ready = False
        for task in beside:
            task.cancel()
        await asyncio.gather(*beside, return_exceptions=True)
        await asyncio.to_thread(self._roster.close)
        if self._fetcher:
            await self._fetcher.close()

    def _beside(self) -> list[Coroutine[Any, Any, None]]:
        shared = shared_folder() is not None
        going = [_rest_in_a_rush(self._roster)]
        if shared:
            going += [_tell_pending(self._figures), _end_with_parent()]
        if shared or self._config.watch:
            going.append(_watch(self._roster, self._call, files=self._config.watch))
        return going


async def _rest_in_a_rush(roster: ModelRegistry) -> None:
    """While the queue is all but full, look at sockets fifty times a second instead of at each arrival.

    Every arrival interrupts whoever answers on that core, which costs more than refusing it. What waits in the queue
    waits for seconds then; a fiftieth more is nothing to it.
    """
    while True:
        if any(served.batcher.is_pressed for served in roster.served.values()):
            time.sleep(_REST_SECONDS)
            for _ in range(_ROUNDS):
                await asyncio.sleep(0)
        else:
            await asyncio.sleep(_CALM_SECONDS)


async def _tell_pending(figures: ServerMetrics) -> None:
    """Let the worker that is asked for figures know what waits at this one."""
    while True:
        figures.note_pending()
        await asyncio.sleep(_TICK_SECONDS)


async def _end_with_parent() -> None:
    """End as if told to when the process is gone that would tell: nobody else knows of its workers."""
    parent = multiprocessing.parent_process()
    if parent is None:
        return
    while parent.is_alive():
        await asyncio.sleep(_TICK_SECONDS)
    _LOG.warning("whoever started this worker is gone: it ends")
    signal.raise_signal(signal.SIGTERM)


async def _watch(roster: ModelRegistry, call: ReloadSignal, *, files: bool) -> None:
    """Replace bundles when another worker calls, and those whose file has changed; what cannot be used is said once."""
    while True:
        await asyncio.sleep(_LOOK_SECONDS)
        try:
            called = call.is_heard()
            if not called and not files:
                continue
            for name in await asyncio.to_thread(roster.reload, changed_only=not called):
                _LOG.info("replaced %s", name)
        except DiscernError as error:
            _LOG.warning("not replaced: %s", error)
        except Exception:  # noqa: BLE001 - whatever it is, watching goes on
            _LOG.exception("bundles cannot be looked at")
