"""ASGI application of the HTTP server that classifies images."""

from collections.abc import Callable
from dataclasses import replace

from fastapi import Depends, FastAPI
from starlette.types import ASGIApp

from discern._version import __version__
from discern.inference.model_registry import ModelRegistry
from discern.parallel import count_cores
from discern.serving.config import ServeConfig
from discern.serving.web.access_control import AccessControl
from discern.serving.web.admin import admin_router
from discern.serving.web.cors import CorsMiddleware
from discern.serving.web.error_responses import handle_errors
from discern.serving.web.exchange_recorder import ExchangeRecorder
from discern.serving.web.feedback_router import feedback_router
from discern.serving.web.health import health_router
from discern.serving.web.inference_service import InferenceService
from discern.serving.web.inference_v2 import inference_v2_router
from discern.serving.web.lifespan import Lifespan
from discern.serving.web.look_metrics import LookMetrics
from discern.serving.web.model_choice import (
    require_model_in_query,
    require_model_of_path,
    require_no_model,
    require_one_model,
)
from discern.serving.web.monitor import monitor_router
from discern.serving.web.pages import add_pages
from discern.serving.web.prometheus import ServerMetrics
from discern.serving.web.request_body import RequestReader
from discern.serving.web.request_guard import RequestGuard
from discern.serving.web.rest import rest_router
from discern.serving.web.sagemaker import sagemaker_router
from discern.serving.web.store_access import StoreAccess, store_opener
from discern.serving.web.url_fetch import UrlFetcher
from discern.serving.web.workers import ReloadSignal, WorkerLink
from discern.watching.stores.exchange_store import ExchangeStore

_DESCRIPTION = (
    "Classifies pictures. The decision about each prediction is `accept`, `review` (show it to a person) or `unknown` "
    "(none of the classes)."
)


def open_registry(config: ServeConfig) -> ModelRegistry:
    """Load the configured model bundles and divide the CPU cores among the worker processes."""
    threads = config.batching.threads or max(1, count_cores() // config.workers)
    batching = replace(config.batching, threads=threads, capture=config.capture is not None)
    return ModelRegistry(config.bundles, limits=config.limits, batching=batching)


def create_app(
    config: ServeConfig,
    *,
    registry: ModelRegistry | None = None,
    fetcher: UrlFetcher | None = None,
    recorder: ExchangeRecorder | None = None,
    link: WorkerLink | None = None,
    store: Callable[[], ExchangeStore] | None = None,
) -> ASGIApp:
    """Build the ASGI application of the HTTP server.

    Args:
        config: the server's configuration.
        registry: the loaded bundles; None to load them.
        fetcher: fetches `image_url`, where the configuration allows that; None for the default.
        recorder: keeps the exchanges; None for that of the configuration.
        link: connection to the supervisor of several worker processes; None if there is only one.
        store: opens the store of captured exchanges that the monitor shows; None for the configured one.

    Raises:
        BundleError: a bundle cannot be used.
        UsageError: the key file or the rate limit is invalid.
    """
    registry = registry or open_registry(config)
    access, metrics = AccessControl(config), ServerMetrics(registry, link)
    captured = StoreAccess(store or store_opener(config.capture))
    metrics.add(LookMetrics(captured, registry).render)
    fetcher = (fetcher or UrlFetcher(max_bytes=config.limits.max_bytes)) if config.allow_urls else None
    signal = ReloadSignal(link)
    looks = None
    if config.capture is not None:
        # These load SQLAlchemy and more, which a server that keeps nothing does without.
        from discern.serving.web.background_looks import background_looks  # noqa: PLC0415
        from discern.serving.web.open_recorder import open_recorder  # noqa: PLC0415

        looks = background_looks(config, captured, registry)
        recorder = recorder or open_recorder(config.capture, registry)
    lifespan = Lifespan(
        config,
        registry=registry,
        signal=signal,
        fetcher=fetcher,
        recorder=recorder,
        captured=captured,
        looks=looks,
    )
    app = FastAPI(
        title="Discern",
        version=__version__,
        description=_DESCRIPTION,
        lifespan=lifespan.run,
        docs_url=None,
        redoc_url=None,
        # Otherwise later versions export traces, and errors with the request, to collectors that the environment names.
        telemetry={"tracing": False, "metrics": False, "logs": False, "auto_configure": False},
    )
    handle_errors(app)
    reader = RequestReader(
        max_pictures=config.pictures_per_request,
        max_fetched_bytes=config.max_request_bytes,
        fetch_timeout=config.request_timeout,
        fetcher=fetcher,
    )
    if recorder:
        metrics.watch_capture(lambda: recorder.sink, recorder.waiting_bytes)
    service = InferenceService(registry=registry, reader=reader, metrics=metrics, recorder=recorder)
    _add_routers(app, config, service, lifespan, signal, captured=captured)
    guard = RequestGuard(app, config=config, access=access, metrics=metrics, is_full=lambda: _is_full(registry, config))
    # Outside the guard, so that pages of other origins can read its rejections, too.
    return CorsMiddleware(guard, origins=config.cors) if config.cors else guard


def _add_routers(
    app: FastAPI,
    config: ServeConfig,
    service: InferenceService,
    lifespan: Lifespan,
    signal: ReloadSignal,
    *,
    captured: StoreAccess,
) -> None:
    routers = (
        (rest_router(service), require_model_in_query),
        (feedback_router(service.recorder, service.metrics), require_no_model),
        (health_router(service.metrics, lifespan.is_ready), require_no_model),
        (sagemaker_router(service, lifespan.is_ready), require_one_model),
        (inference_v2_router(service, lifespan.is_ready, config.pictures_per_request), require_model_of_path),
        (admin_router(lifespan.reloader, signal), require_no_model),
        (monitor_router(captured, service.registry), require_model_in_query),
    )
    for router, check in routers:
        app.include_router(router, dependencies=[Depends(check)])
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
