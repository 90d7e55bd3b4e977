"""`POST /admin/reload`."""

import asyncio

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from discern.inference.model_registry import ModelRegistry
from discern.serving.web.schemas import Reloaded, errors
from discern.serving.web.workers import ReloadSignal


def admin(roster: ModelRegistry, call: ReloadSignal) -> APIRouter:
    """The door for whoever runs the server; the gate asks for an admin's key."""
    door = APIRouter(prefix="/admin", tags=["admin"])

    @door.post("/reload", responses={200: {"model": Reloaded}, **errors(401, 403, 429, 503)})
    async def reload() -> JSONResponse:
        """Read all bundles anew; what was asked before is answered by the old ones. Other workers follow in seconds."""
        try:
            return JSONResponse({"reloaded": await asyncio.to_thread(roster.reload)})
        finally:
            call.make()

    return door
