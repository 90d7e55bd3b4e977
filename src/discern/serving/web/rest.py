"""`POST /predict` and `GET /model`."""

import asyncio
from typing import Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse

from discern.errors import PictureError
from discern.inference.batcher import BatchResult
from discern.inference.model_info import describe_model
from discern.serving.web.error_responses import to_json
from discern.serving.web.inference_service import InferenceService, answer_json
from discern.serving.web.request_body import ParsedRequest
from discern.serving.web.schemas import ASKING, PICTURES, ModelJson, PredictionJson, PredictionsJson, errors


def rest(desk: InferenceService) -> APIRouter:
    """The door for everybody."""
    door = APIRouter(tags=["pictures"])

    @door.post(
        "/predict",
        responses={200: {"model": PredictionJson | PredictionsJson}, **errors(*ASKING)},
        openapi_extra=PICTURES,
    )
    async def predict(
        request: Request,
        model: str | None = Query(None, description="Which model; the first by default."),
        evidence: bool = Query(False, description="With where in the picture it is seen."),  # noqa: FBT001, FBT003
    ) -> JSONResponse:
        """Answer one picture with an object, several with `{"predictions": [...]}`."""
        asked = await desk.bodies.read(request)
        answers = await desk.answer(request, asked.pictures, model=model, evidence=evidence)
        # Heat maps are drawn beside the loop.
        said = await asyncio.to_thread(_said, asked, answers) if evidence else _said(asked, answers)
        return JSONResponse(said, headers={} if asked.several else timing(answers[0]))

    @door.get("/model", responses={200: {"model": ModelJson}, **errors(401, 404, 429)})
    async def describe(
        model: str | None = Query(None, description="Which model; the first by default."),
    ) -> JSONResponse:
        """Say what is known of a model: labels, card, figures, thresholds."""
        served = desk.roster.get(model)
        return JSONResponse(describe_model(served.name, served.model, list(desk.roster.served)))

    return door


def _said(asked: ParsedRequest, answers: list[BatchResult | PictureError]) -> dict[str, Any]:
    return {"predictions": [_each(answer) for answer in answers]} if asked.several else _one(answers[0])


def _one(answer: BatchResult | PictureError) -> dict[str, Any]:
    if isinstance(answer, PictureError):
        raise answer
    return answer_json(answer)


def _each(answer: BatchResult | PictureError) -> dict[str, Any]:
    return to_json(answer) if isinstance(answer, PictureError) else answer_json(answer)


def timing(answer: BatchResult | PictureError) -> dict[str, str]:
    """How long one picture waited and took, as browsers and proxies show it."""
    if isinstance(answer, PictureError):
        return {}
    return {"Server-Timing": f"wait;dur={1000 * answer.waited:.1f}, answer;dur={1000 * answer.took:.1f}"}
