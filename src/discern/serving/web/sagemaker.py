"""`GET /ping` and `POST /invocations`, as SageMaker and callers of older endpoints want them."""

from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from discern.errors import Overloaded, PictureError
from discern.inference.batcher import BatchResult
from discern.serving.web.error_responses import to_json
from discern.serving.web.inference_service import InferenceService, answer_json
from discern.serving.web.schemas import ASKING, PICTURES, errors


def sagemaker(desk: InferenceService, is_ready: Callable[[], bool]) -> APIRouter:
    """The door for SageMaker."""
    door = APIRouter(tags=["SageMaker"])

    @door.get("/ping", responses=errors(503))
    async def ping() -> JSONResponse:
        """Whether pictures are answered."""
        if not is_ready():
            raise Overloaded("The server begins or ends.", hint="Ask again in a moment.")
        return JSONResponse({})

    @door.post("/invocations", responses=errors(*ASKING), openapi_extra=PICTURES)
    async def invocations(request: Request) -> JSONResponse:
        """Answer with a prediction and the fields of older callers, or with an array where that is asked for."""
        asked = await desk.bodies.read(request)
        answers = await desk.answer(request, asked.pictures)
        say = _array if _wants_array(request.headers.get("accept", "")) else _object
        if asked.several:
            return JSONResponse([say(answer) for answer in answers])
        if isinstance(answers[0], PictureError):
            raise answers[0]
        return JSONResponse(say(answers[0]))

    return door


def _wants_array(accept: str) -> bool:
    return "format=array" in accept.replace(" ", "").lower()


def _array(answer: BatchResult | PictureError) -> Any:
    if isinstance(answer, PictureError):
        return to_json(answer)
    return list(answer.prediction.probabilities.values())


def _object(answer: BatchResult | PictureError) -> dict[str, Any]:
    if isinstance(answer, PictureError):
        return to_json(answer)
    labels = list(answer.prediction.probabilities)
    said = answer_json(answer)
    return said | {
        "predicted_label": answer.prediction.label,
        "predicted_index": labels.index(answer.prediction.label),
        "class_labels": labels,
    }
