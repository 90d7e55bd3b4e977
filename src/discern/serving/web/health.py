"""`/healthz`, `/readyz`, `/metrics`."""

from collections.abc import Callable

from fastapi import APIRouter
from fastapi.responses import JSONResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST

from discern.errors import Overloaded
from discern.serving.web.prometheus import ServerMetrics
from discern.serving.web.schemas import errors


def health(figures: ServerMetrics, is_ready: Callable[[], bool]) -> APIRouter:
    """The doors for whoever keeps the server alive."""
    door = APIRouter(tags=["health"])

    @door.head("/healthz", include_in_schema=False)
    @door.get("/healthz")
    async def alive() -> JSONResponse:
        """Whether the process answers at all."""
        return JSONResponse({"status": "ok"})

    @door.head("/readyz", include_in_schema=False)
    @door.get("/readyz", responses=errors(503))
    async def ready() -> JSONResponse:
        """Whether pictures are answered: not while it begins or ends."""
        if not is_ready():
            raise Overloaded("The server begins or ends.", hint="Ask again in a moment.")
        return JSONResponse({"status": "ready"})

    @door.get("/metrics", response_class=Response, responses=errors(401, 429))
    async def metrics() -> Response:
        """What was counted, for Prometheus."""
        return Response(figures.page(), media_type=CONTENT_TYPE_LATEST)

    return door
