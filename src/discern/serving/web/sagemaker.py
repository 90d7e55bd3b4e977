"""HTTP endpoints for Amazon SageMaker (`GET /ping` and `POST /invocations`)."""

from collections.abc import Callable

from fastapi import APIRouter, Header, Request
from fastapi.responses import JSONResponse

from discern.errors import BadRequest
from discern.inference.answer_json import invocation_json
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
        results = await service.predict(request, parsed.pictures, served=served, door="sagemaker")
        accept = request.headers.get("accept", "")
        return JSONResponse(invocation_json(results, is_list=parsed.is_list, step=parsed.step, accept=accept))

    return router


def _require_one(model: str | None, target: str | None) -> str | None:
    if model is not None and target is not None and model != target:
        raise BadRequest(
            f"The query names the model {model[:80]!r}, and the header {target[:80]!r}.", hint="Name one model."
        )
    return target if model is None else model
