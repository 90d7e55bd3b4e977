"""Endpoints of the monitor page (`GET /monitor`), which shows how a served model fares."""

import re
import time
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import JSONResponse
from starlette.responses import Response

from discern.errors import Forbidden, NotFound
from discern.inference.model_registry import ModelRegistry, ServedModel
from discern.serving.web.monitor_data import audit_json, exchange_json, monitor_json
from discern.serving.web.schemas import MODEL, error_responses
from discern.serving.web.store_access import StoreAccess
from discern.serving.web.stored_pictures import picture_response

_ID = re.compile(r"[0-9a-f]{32}")
_ERRORS = error_responses(401, 403, 404, 429, 503)
_MAX_ITEMS, _MAX_SKIPPED = 100, 1_000
_PRIVATE = {"Cache-Control": "no-store", "Cross-Origin-Resource-Policy": "same-origin"}
_OWN_SITES = ("same-origin", "none")


def monitor_router(access: StoreAccess, registry: ModelRegistry) -> APIRouter:
    """Build the router of the monitor's and the audit's data, which need a key where the server has keys."""
    router = APIRouter(tags=["monitor"], dependencies=[Depends(require_own_page)])

    @router.get("/monitor.json", responses=_ERRORS)
    async def figures(model: str | None = MODEL, after: int = Query(0, ge=0)) -> JSONResponse:
        """Return traffic, the newest 2,000 exchanges and the newest look at a model's exchanges."""
        served = registry.get(model)
        read = partial(monitor_json, **_named(registry, served), after=after, now=time.time())
        return JSONResponse(await access.read(read), headers=_PRIVATE)

    @router.get("/monitor/exchanges/{exchange_id}", responses=_ERRORS)
    async def exchange(exchange_id: str) -> JSONResponse:
        """Return one exchange with its prediction and feedback."""
        asked = _require_id(exchange_id)
        found = await access.read(lambda store: exchange_json(store, asked))
        if found is None:
            raise _no_exchange(asked)
        return JSONResponse(found, headers=_PRIVATE)

    @router.get("/monitor/pictures/{exchange_id}", response_class=Response, responses=_ERRORS)
    async def picture(exchange_id: str, side: int | None = Query(None, ge=16, le=2_048)) -> Response:
        """Return the stored picture of an exchange, or a smaller copy of it."""
        asked = _require_id(exchange_id)
        return await access.read(lambda store: picture_response(store.picture(asked), side=side))

    @router.get("/audit.json", responses=_ERRORS)
    async def queue(
        model: str | None = MODEL,
        limit: int = Query(10, ge=1, le=_MAX_ITEMS),
        skip: str = Query("", max_length=33 * _MAX_SKIPPED),
    ) -> JSONResponse:
        """Return the next pictures that wait for a person's label, without their predictions."""
        skipped = frozenset(_require_id(each) for each in skip.split(",") if each)
        read = partial(audit_json, **_named(registry, registry.get(model)), limit=limit, skipped=skipped)
        return JSONResponse(await access.read(read), headers=_PRIVATE)

    return router


def require_own_page(request: Request) -> None:
    """Refuse a request that a page of another origin sent: these are other people's pictures.

    Raises:
        Forbidden: a browser says that another page sent it.
    """
    origin = request.headers.get("origin")  # where a browser says nothing of sites, as over plain HTTP
    is_own = origin is None or urlsplit(origin).netloc == request.headers.get("host")
    if request.headers.get("sec-fetch-site", "none") not in _OWN_SITES or not is_own:
        raise Forbidden("Pages of other origins may not read what was captured.", hint="Open /monitor itself.")


def _named(registry: ModelRegistry, served: ServedModel) -> dict[str, Any]:
    return {"model": served.model, "name": served.name, "models": list(registry.served)}


def _require_id(given: str) -> str:
    if not _ID.fullmatch(given):
        raise NotFound("An exchange is named by 32 hexadecimal digits.", hint="Take the `id` of an answer.")
    return given


def _no_exchange(exchange_id: str) -> NotFound:
    return NotFound(
        f"No exchange {exchange_id} is stored.",
        hint="It may be seconds old and on its way to the store, left out by sampling, or forgotten.",
    )
