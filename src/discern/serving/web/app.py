"""ASGI application of the HTTP server that classifies images."""

from dataclasses import replace

from fastapi import FastAPI
from starlette.types import ASGIApp

from discern._version import __version__
from discern.inference.model_registry import ModelRegistry
from discern.parallel import count_cores
from discern.serving.config import ServeConfig
from discern.serving.web.access_control import AccessControl
from discern.serving.web.admin import admin_router
from discern.serving.web.cors import CorsMiddleware
from discern.serving.web.error_responses import handle_errors
from discern.serving.web.health import health_router
from discern.serving.web.inference_service import InferenceService
from discern.serving.web.inference_v2 import inference_v2_router
from discern.serving.web.lifespan import Lifespan
from discern.serving.web.pages import add_pages
from discern.serving.web.prometheus import ServerMetrics
from discern.serving.web.request_body import RequestReader
from discern.serving.web.request_guard import RequestGuard
from discern.serving.web.rest import rest_router
from discern.serving.web.sagemaker import sagemaker_router
from discern.serving.web.url_fetch import UrlFetcher
from discern.serving.web.workers import ReloadSignal

_DESCRIPTION = (
    "Classifies pictures. The decision about each prediction is `accept`, `review` (show it to a person) or `unknown` "
    "(none of the classes)."
)


def open_registry(config: ServeConfig) -> ModelRegistry:
    """Load the configured model bundles and divide the CPU cores among the worker processes."""
    threads = config.batching.threads or max(1, count_cores() // config.workers)
    return ModelRegistry(config.bundles, limits=config.limits, batching=replace(config.batching, threads=threads))


def create_app(
    config: ServeConfig, *, registry: ModelRegistry | None = None, fetcher: UrlFetcher | None = None
) -> ASGIApp:
    """Build the ASGI application of the HTTP server.

    Args:
        config: the server's configuration.
        registry: the loaded bundles; None to load them.
        fetcher: fetches `image_url`, where the configuration allows that; None for the default.

    Raises:
        BundleError: a bundle cannot be used.
        UsageError: the key file or the rate limit is invalid.
    """
    registry = registry or open_registry(config)
    access, metrics = AccessControl(config), ServerMetrics(registry)
    fetcher = (fetcher or UrlFetcher(max_bytes=config.limits.max_bytes)) if config.allow_urls else None
    signal = ReloadSignal()
    lifespan = Lifespan(config, registry=registry, metrics=metrics, signal=signal, fetcher=fetcher)
    app = FastAPI(
        title="Discern",
        version=__version__,
        description=_DESCRIPTION,
        lifespan=lifespan.run,
        docs_url=None,
        redoc_url=None,
    )
    handle_errors(app)
    reader = RequestReader(
        max_pictures=config.pictures_per_request,
        max_fetched_bytes=config.max_request_bytes,
        fetch_timeout=config.request_timeout,
        fetcher=fetcher,
    )
    service = InferenceService(registry=registry, reader=reader, metrics=metrics)
    _add_routers(app, config, service, lifespan, signal)
    guard = RequestGuard(app, config=config, access=access, metrics=metrics, is_full=lambda: _is_full(registry, config))
    # Outside the guard, so that pages of other origins can read its rejections, too.
    return CorsMiddleware(guard, origins=config.cors) if config.cors else guard


def _add_routers(
    app: FastAPI, config: ServeConfig, service: InferenceService, lifespan: Lifespan, signal: ReloadSignal
) -> None:
    app.include_router(rest_router(service))
    app.include_router(health_router(service.metrics, lifespan.is_ready))
    app.include_router(sagemaker_router(service, lifespan.is_ready))
    app.include_router(inference_v2_router(service, lifespan.is_ready, config.pictures_per_request))
    app.include_router(admin_router(lifespan.reloader, signal))
    add_pages(app, config)
    if config.key_file:
        _document_keys(app)


def _document_keys(app: FastAPI) -> None:
    """Add API key authentication to the OpenAPI document."""
    document = app.openapi()
    document["components"]["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
    document["security"] = [{"key": []}]


def _is_full(registry: ModelRegistry, config: ServeConfig) -> bool:
    return all(served.batcher.pending >= config.batching.max_queue for served in registry.served.values())
