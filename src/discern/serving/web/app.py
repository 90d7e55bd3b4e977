"""The application: all doors behind one gate."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
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
    if config.allow_urls:
        fetcher = fetcher or Fetcher(max_bytes=config.limits.max_bytes)
    bodies = Bodies(
        max_pictures=config.max_pictures,
        max_bytes=config.max_request_bytes,
        seconds=config.body_seconds,
        fetcher=fetcher if config.allow_urls else None,
    )
    desk = Desk(roster=roster, bodies=bodies, figures=figures)
    state = {"ready": False}

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        watching = asyncio.create_task(_watch(roster)) if config.watch else None
        state["ready"] = True
        yield
        state["ready"] = False
        if watching:
            watching.cancel()
            with suppress(asyncio.CancelledError):
                await watching
        await asyncio.to_thread(roster.close)
        if fetcher:
            await fetcher.close()

    app = FastAPI(
        title="Discern", version=__version__, description=_ABOUT, lifespan=lifespan, docs_url=None, redoc_url=None
    )
    refuse_all(app)

    def is_ready() -> bool:
        return state["ready"]

    app.include_router(rest(desk))
    app.include_router(health(figures, is_ready))
    app.include_router(sagemaker(desk, is_ready))
    app.include_router(inference_v2(desk, is_ready, config.max_pictures))
    app.include_router(admin(roster))
    add_pages(app, config)
    if config.key_file:
        _ask_for_keys(app)
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


_ABOUT = "Answers pictures, and knows its limits: `accept`, `review` (ask a person) or `unknown` (none of these)."


def _ask_for_keys(app: FastAPI) -> None:
    """Say in the OpenAPI document how a key is sent; the gate looks at it."""
    document = app.openapi()
    document["components"]["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
    document["security"] = [{"key": []}]


def _is_full(roster: Roster, config: ServeConfig) -> bool:
    return all(served.batcher.pending >= config.batching.queue for served in roster.served.values())


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
