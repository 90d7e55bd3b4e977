"""Endpoints for health checks and metrics of the HTTP server."""

import asyncio
from collections.abc import Callable

from fastapi import APIRouter
from fastapi.responses import JSONResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST

from discern.errors import Overloaded
from discern.serving.web.prometheus import ServerMetrics
from discern.serving.web.schemas import error_responses


def require_ready(is_ready: Callable[[], bool]) -> None:
    """Raise `Overloaded` while the server is starting or shutting down."""
    if not is_ready():
        raise Overloaded("The server is starting up or shutting down.", hint="Retry in a moment.")


def health_router(metrics: ServerMetrics, is_ready: Callable[[], bool]) -> APIRouter:
    """Build the router of the health check and metrics endpoints."""
    router = APIRouter(tags=["health"])

    @router.head("/healthz", include_in_schema=False)
    @router.get("/healthz")
    async def alive() -> JSONResponse:
        """Confirm that the server process responds."""
        return JSONResponse({"status": "ok"})

    @router.head("/readyz", include_in_schema=False)
    @router.get("/readyz", responses=error_responses(503))
    async def ready() -> JSONResponse:
        """Confirm that the server is ready to classify images.

        It is not ready during startup and shutdown.
        """
        require_ready(is_ready)
        return JSONResponse({"status": "ready"})

    @router.get("/metrics", name="metrics", response_class=Response, responses=error_responses(401, 429))
    async def metrics_page() -> Response:
        """Return the server's metrics in the Prometheus text format."""
        return Response(await asyncio.to_thread(metrics.render), media_type=CONTENT_TYPE_LATEST)

    return router
