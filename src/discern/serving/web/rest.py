"""REST endpoints that classify images and describe models (`POST /predict` and `GET /model`)."""

import asyncio

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse

from discern.errors import PictureError
from discern.inference.answer_json import response_json
from discern.inference.batcher import BatchResult
from discern.inference.model_info import describe_model
from discern.serving.web.inference_service import InferenceService
from discern.serving.web.schemas import (
    INFERENCE_ERRORS,
    MODEL,
    PICTURES_BODY,
    ModelJson,
    PredictionJson,
    PredictionsJson,
    error_responses,
)


def rest_router(service: InferenceService) -> APIRouter:
    """Build the router of the REST endpoints."""
    router = APIRouter(tags=["pictures"])

    @router.post(
        "/predict",
        responses={200: {"model": PredictionJson | PredictionsJson}, **error_responses(*INFERENCE_ERRORS)},
        openapi_extra=PICTURES_BODY,
    )
    async def predict(
        request: Request,
        model: str | None = MODEL,
        evidence: bool = Query(False, description="Also localise the predicted label."),  # noqa: FBT001, FBT003
    ) -> JSONResponse:
        """Classify one or several images.

        Several predictions are returned as `{"predictions": [...]}`.
        """
        parsed = await service.reader.read(request)
        served = service.registry.get(model)
        results = await service.predict(request, parsed.pictures, served=served, evidence=evidence)
        # Overlays are rendered outside the event loop.
        body = (
            await asyncio.to_thread(response_json, results, is_list=parsed.is_list)
            if evidence
            else response_json(results, is_list=parsed.is_list)
        )
        return JSONResponse(body, headers={} if parsed.is_list else _server_timing(results[0]))

    @router.get("/model", responses={200: {"model": ModelJson}, **error_responses(401, 404, 429)})
    async def describe(model: str | None = MODEL) -> JSONResponse:
        """Return the description of a served model.

        It holds the labels, thresholds, metrics and model card.
        """
        served = service.registry.get(model)
        described = describe_model(served.name, served.model, list(service.registry.served))
        return JSONResponse(described | ({"capture": True} if service.recorder else {}))

    return router


def _server_timing(result: BatchResult | PictureError) -> dict[str, str]:
    """Build the `Server-Timing` header of a prediction response."""
    if isinstance(result, PictureError):
        return {}
    wait, answer = 1000 * result.queue_seconds, 1000 * result.compute_seconds
    return {"Server-Timing": f"wait;dur={wait:.1f}, answer;dur={answer:.1f}"}
