"""Admin endpoint that reloads the model bundles (`POST /admin/reload`)."""

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from discern.serving.web.reloader import Reloader
from discern.serving.web.schemas import Reloaded, error_responses
from discern.serving.web.workers import ReloadSignal


def admin_router(reloader: Reloader, signal: ReloadSignal) -> APIRouter:
    """Build the router of the admin endpoint, which requires an admin key."""
    router = APIRouter(prefix="/admin", tags=["admin"])

    @router.post("/reload", responses={200: {"model": Reloaded}, **error_responses(401, 403, 429, 503)})
    async def reload() -> JSONResponse:
        """Reload all model bundles from their files.

        Each is first tried in a helper process; one that cannot be used replaces nothing, and the response states the
        reason. The old bundles finish pending requests, and other workers follow within seconds.
        """
        try:
            return JSONResponse({"reloaded": await reloader.reload()})
        finally:
            signal.send()

    return router
