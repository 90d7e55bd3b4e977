"""The application: all doors behind one gate."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp

from discern._version import __version__
from discern.cores import count_cores
from discern.errors import DiscernError
from discern.serving.config import ServeConfig
from discern.serving.roster import Roster
from discern.serving.web.access import Access
from discern.serving.web.admin import admin
from discern.serving.web.bodies import Bodies
from discern.serving.web.desk import Desk
from discern.serving.web.fetching import Fetcher
from discern.serving.web.figures import Figures
from discern.serving.web.gate import Gate
from discern.serving.web.health import health
from discern.serving.web.inference_v2 import inference_v2
from discern.serving.web.pages import add_pages
from discern.serving.web.refusals import refuse_all
from discern.serving.web.rest import rest
from discern.serving.web.sagemaker import sagemaker

_LOG = logging.getLogger("discern.serving")
_LOOK_SECONDS = 2.0
_REST_SECONDS, _CALM_SECONDS = 0.02, 0.1
_ROUNDS = 4  # of the loop: a request is read, passed on, refused and sent in as many


def open_roster(config: ServeConfig) -> Roster:
    """Load the bundles that a configuration names; the workers share the cores."""
    threads = config.batching.threads or max(1, count_cores() // config.workers)
    return Roster(config.bundles, limits=config.limits, batching=replace(config.batching, threads=threads))


def create_app(config: ServeConfig, *, roster: Roster | None = None, fetcher: Fetcher | None = None) -> ASGIApp:
    """Build the application.

    Args:
        config: what is offered.
        roster: the bundles, if they are loaded already.
        fetcher: fetches URLs, where the configuration allows them.

    Raises:
        BundleError: a bundle cannot be used.
        UsageError: keys or rates make no sense.
    """
    roster = roster or open_roster(config)
    access, figures = Access(config), Figures(roster)
    fetcher = (fetcher or Fetcher(max_bytes=config.limits.max_bytes)) if config.allow_urls else None
    life = _Life(config, roster, fetcher)
    app = FastAPI(
        title="Discern", version=__version__, description=_ABOUT, lifespan=life.run, docs_url=None, redoc_url=None
    )
    refuse_all(app)
    bodies = Bodies(
        max_pictures=config.most_pictures,
        max_bytes=config.max_request_bytes,
        seconds=config.body_seconds,
        fetcher=fetcher,
    )
    _open_doors(app, config, Desk(roster=roster, bodies=bodies, figures=figures), life)
    gate = Gate(app, config=config, access=access, figures=figures, busy=lambda: _is_full(roster, config))
    if not config.cors:
        return gate
    # Outside the gate: a page of another origin is to read refusals, too.
    return CORSMiddleware(
        gate,
        allow_origins=config.cors,
        allow_methods=["GET", "POST"],
        allow_headers=["*"],
        expose_headers=["Retry-After", "Server-Timing", "X-Request-ID"],
    )


class _Life:
    """What begins and ends with the application."""

    def __init__(self, config: ServeConfig, roster: Roster, fetcher: Fetcher | None) -> None:
        self._config = config
        self._roster = roster
        self._fetcher = fetcher
        self._ready = False

    def is_ready(self) -> bool:
        """Whether pictures are answered."""
        return self._ready

    @asynccontextmanager
    async def run(self, _: FastAPI) -> AsyncIterator[None]:
        """Watch the bundles' files; at the end answer what was taken."""
        beside = [asyncio.create_task(_rest_in_a_rush(self._roster))]
        if self._config.watch:
            beside.append(asyncio.create_task(_watch(self._roster)))
        self._ready = True
        yield
        self._ready = False
        for task in beside:
            task.cancel()
        await asyncio.gather(*beside, return_exceptions=True)
        await asyncio.to_thread(self._roster.close)
        if self._fetcher:
            await self._fetcher.close()


def _open_doors(app: FastAPI, config: ServeConfig, desk: Desk, life: _Life) -> None:
    app.include_router(rest(desk))
    app.include_router(health(desk.figures, life.is_ready))
    app.include_router(sagemaker(desk, life.is_ready))
    app.include_router(inference_v2(desk, life.is_ready, config.most_pictures))
    app.include_router(admin(desk.roster))
    add_pages(app, config)
    if config.key_file:
        _ask_for_keys(app)


_ABOUT = "Answers pictures, and knows its limits: `accept`, `review` (ask a person) or `unknown` (none of these)."


def _ask_for_keys(app: FastAPI) -> None:
    """Say in the OpenAPI document how a key is sent; the gate looks at it."""
    document = app.openapi()
    document["components"]["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
    document["security"] = [{"key": []}]


def _is_full(roster: Roster, config: ServeConfig) -> bool:
    return all(served.batcher.pending >= config.batching.queue for served in roster.served.values())


async def _rest_in_a_rush(roster: Roster) -> None:
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


async def _watch(roster: Roster) -> None:
    """Replace bundles whose file has changed; a file that cannot be used changes nothing, and is said once."""
    while True:
        await asyncio.sleep(_LOOK_SECONDS)
        try:
            for name in await asyncio.to_thread(roster.reload, changed_only=True):
                _LOG.info("replaced %s", name)
        except DiscernError as error:
            _LOG.warning("not replaced: %s", error)
        except Exception:  # noqa: BLE001 - whatever it is, watching goes on
            _LOG.exception("bundles cannot be looked at")
