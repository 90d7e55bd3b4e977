"""HTTP endpoints for Amazon SageMaker (`GET /ping` and `POST /invocations`)."""

from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, Header, Request
from fastapi.responses import JSONResponse

from discern.errors import BadRequest, PictureError
from discern.inference.answer_json import result_json
from discern.inference.batcher import BatchResult
from discern.inference.error_status import error_json
from discern.serving.web.health import require_ready
from discern.serving.web.inference_service import InferenceService
from discern.serving.web.model_choice import TARGET_HEADER
from discern.serving.web.schemas import INFERENCE_ERRORS, MODEL, PICTURES_BODY, error_responses

_TARGET_MODEL = Header(None, alias=TARGET_HEADER, description="Name of the model, as `model`.")


def sagemaker_router(service: InferenceService, is_ready: Callable[[], bool]) -> APIRouter:
    """Build the router of the SageMaker endpoints."""
    router = APIRouter(tags=["SageMaker"])

    @router.get("/ping", responses=error_responses(404, 503))
    async def ping(model: str | None = MODEL, target: str | None = _TARGET_MODEL) -> JSONResponse:
        """Confirm that the server is ready to classify images."""
        require_ready(is_ready)
        service.registry.get(_require_one(model, target))
        return JSONResponse({})

    @router.post("/invocations", responses=error_responses(*INFERENCE_ERRORS), openapi_extra=PICTURES_BODY)
    async def invocations(
        request: Request, model: str | None = MODEL, target: str | None = _TARGET_MODEL
    ) -> JSONResponse:
        """Classify the images in a request body.

        The response has arrays of probabilities if the Accept header has `format=array`. The state of a Step Functions
        workflow, with a picture in `image_data`, is returned with its `inferences`.
        """
        parsed = await service.reader.read(request)
        served = service.registry.get(_require_one(model, target))
        results = await service.predict(request, parsed.pictures, served=served)
        encode = _probabilities if _accepts_array(request.headers.get("accept", "")) else _prediction
        if parsed.is_list:
            return JSONResponse(
                [error_json(each) if isinstance(each, PictureError) else encode(each) for each in results]
            )
        if isinstance(results[0], PictureError):
            raise results[0]
        if parsed.step and encode is _prediction:
            return JSONResponse(parsed.step.response(_prediction(results[0]), _probabilities(results[0])))
        return JSONResponse(encode(results[0]))

    return router


def _require_one(model: str | None, target: str | None) -> str | None:
    if model is not None and target is not None and model != target:
        raise BadRequest(
            f"The query names the model {model[:80]!r}, and the header {target[:80]!r}.", hint="Name one model."
        )
    return target if model is None else model


def _accepts_array(accept: str) -> bool:
    return "format=array" in accept.replace(" ", "").lower()


def _probabilities(result: BatchResult) -> list[float | None]:
    return list(result_json(result)["probabilities"].values())


def _prediction(result: BatchResult) -> dict[str, Any]:
    labels = list(result.prediction.probabilities)
    return result_json(result) | {
        "predicted_label": result.prediction.label,
        "predicted_index": labels.index(result.prediction.label),
        "class_labels": labels,
    }
