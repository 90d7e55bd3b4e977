"""Endpoint that takes the true labels of answers (`POST /feedback`)."""

import time
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from discern.errors import NotFound, RequestTooLarge
from discern.inference.feedback_request import MAX_BYTES, parse_feedback
from discern.serving.web.exchange_recorder import ExchangeRecorder
from discern.serving.web.prometheus import ServerMetrics
from discern.serving.web.schemas import FEEDBACK_BODY, FEEDBACK_ERRORS, FeedbackKept


def feedback_router(recorder: ExchangeRecorder | None, metrics: ServerMetrics) -> APIRouter:
    """Build the router of the feedback endpoint.

    Args:
        recorder: keeps the exchanges; None for a server that keeps none.
        metrics: counts feedback.
    """
    router = APIRouter(tags=["pictures"])

    @router.post("/feedback", responses={200: {"model": FeedbackKept}, **FEEDBACK_ERRORS}, openapi_extra=FEEDBACK_BODY)
    async def feedback(request: Request) -> JSONResponse:
        """Keep the true label of an earlier answer; the last one holds."""
        if recorder is None:
            raise NotFound("This server keeps no answers.", hint="Start it with --capture STORE.")
        given = parse_feedback(await _read_short(request))
        labels = await recorder.labels_of(given.exchange)
        found = given.feedback(labels, time=time.time(), client=recorder.client(request.scope))
        kept = await recorder.keep_feedback(found)
        metrics.count_feedback(found.source)
        response: dict[str, Any] = {"id": found.exchange, "label": found.label, "kept": kept}
        return JSONResponse(response)

    return router


async def _read_short(request: Request) -> bytes:
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BYTES:
            raise RequestTooLarge(f"The feedback has more than {MAX_BYTES:,} bytes.", hint="Send one label at a time.")
    return body
