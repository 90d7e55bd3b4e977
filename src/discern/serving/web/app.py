"""The application: all doors behind one gate."""

from dataclasses import replace

from fastapi import FastAPI
from starlette.types import ASGIApp

from discern._version import __version__
from discern.inference.model_registry import ModelRegistry
from discern.parallel import count_cores
from discern.serving.config import ServeConfig
from discern.serving.web.access import Access
from discern.serving.web.admin import admin
from discern.serving.web.cors import CorsMiddleware
from discern.serving.web.error_responses import handle_errors
from discern.serving.web.health import health
from discern.serving.web.inference_service import InferenceService
from discern.serving.web.inference_v2 import inference_v2
from discern.serving.web.lifespan import Lifespan
from discern.serving.web.pages import add_pages
from discern.serving.web.prometheus import ServerMetrics
from discern.serving.web.request_body import RequestReader
from discern.serving.web.request_guard import RequestGuard
from discern.serving.web.rest import rest
from discern.serving.web.sagemaker import sagemaker
from discern.serving.web.url_fetch import UrlFetcher
from discern.serving.web.workers import ReloadSignal


def open_registry(config: ServeConfig) -> ModelRegistry:
    """Load the bundles that a configuration names; the workers share the cores."""
    threads = config.batching.threads or max(1, count_cores() // config.workers)
    return ModelRegistry(config.bundles, limits=config.limits, batching=replace(config.batching, threads=threads))


def create_app(
    config: ServeConfig, *, roster: ModelRegistry | None = None, fetcher: UrlFetcher | None = None
) -> ASGIApp:
    """Build the application.

    Args:
        config: what is offered.
        roster: the bundles, if they are loaded already.
        fetcher: fetches URLs, where the configuration allows them.

    Raises:
        BundleError: a bundle cannot be used.
        UsageError: keys or rates make no sense.
    """
    roster = roster or open_registry(config)
    access, figures = Access(config), ServerMetrics(roster)
    fetcher = (fetcher or UrlFetcher(max_bytes=config.limits.max_bytes)) if config.allow_urls else None
    call = ReloadSignal()
    life = Lifespan(config, roster=roster, figures=figures, call=call, fetcher=fetcher)
    app = FastAPI(
        title="Discern", version=__version__, description=_ABOUT, lifespan=life.run, docs_url=None, redoc_url=None
    )
    handle_errors(app)
    bodies = RequestReader(
        max_pictures=config.most_pictures,
        max_bytes=config.max_request_bytes,
        seconds=config.body_seconds,
        fetcher=fetcher,
    )
    _open_doors(app, config, InferenceService(roster=roster, bodies=bodies, figures=figures), life, call)
    gate = RequestGuard(app, config=config, access=access, figures=figures, busy=lambda: _is_full(roster, config))
    # Outside the gate: a page of another origin is to read refusals, too.
    return CorsMiddleware(gate, origins=config.cors) if config.cors else gate


def _open_doors(app: FastAPI, config: ServeConfig, desk: InferenceService, life: Lifespan, call: ReloadSignal) -> None:
    app.include_router(rest(desk))
    app.include_router(health(desk.figures, life.is_ready))
    app.include_router(sagemaker(desk, life.is_ready))
    app.include_router(inference_v2(desk, life.is_ready, config.most_pictures))
    app.include_router(admin(desk.roster, call))
    add_pages(app, config)
    if config.key_file:
        _ask_for_keys(app)


_ABOUT = "Answers pictures, and knows its limits: `accept`, `review` (ask a person) or `unknown` (none of these)."


def _ask_for_keys(app: FastAPI) -> None:
    """Say in the OpenAPI document how a key is sent; the gate looks at it."""
    document = app.openapi()
    document["components"]["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
    document["security"] = [{"key": []}]


def _is_full(roster: ModelRegistry, config: ServeConfig) -> bool:
    return all(served.batcher.pending >= config.batching.queue for served in roster.served.values())
