"""The Open Inference Protocol, version 2: pictures as base64 BYTES, or as ready pixels."""

import base64
import binascii
import json
from collections.abc import Callable
from typing import Any, Literal

import numpy as np
from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from discern._version import __version__
from discern.bundle import Model, Prediction
from discern.errors import BadRequest, NotFound, Overloaded, PictureError
from discern.inference.batcher import BatchResult
from discern.serving.web.error_responses import validation_error
from discern.serving.web.inference_service import InferenceService
from discern.serving.web.request_body import read_json
from discern.serving.web.schemas import ASKING, INFERENCE, errors

_VALUES_EACH = 8
_MOST_PIXELS = 8  # pictures as numbers in JSON: each of their bytes becomes an object
_MARKS_A_PIXEL = 5  # commas and brackets, however the numbers are nested
_HINT = 'Send {"inputs": [{"name": "image", "datatype": "BYTES", "shape": [n], "data": [base64, ...]}]}.'


class Tensor(BaseModel):
    """An input."""

    model_config = ConfigDict(extra="allow")

    name: str = "image"
    datatype: Literal["BYTES", "UINT8"]
    shape: list[int] = Field(max_length=4)
    data: list[Any]


class Wanted(BaseModel):
    """The name of an output."""

    model_config = ConfigDict(extra="allow")

    name: str


class Inference(BaseModel):
    """A request."""

    model_config = ConfigDict(extra="allow")

    id: str | None = None
    inputs: list[Tensor] = Field(min_length=1, max_length=1)
    outputs: list[Wanted] | None = Field(default=None, max_length=5)

    @field_validator("id")
    @classmethod
    def _can_be_said(cls, given: str | None) -> str | None:
        """JSON can name half a character, which no answer can repeat."""
        (given or "").encode()
        return given


def inference_v2(desk: InferenceService, is_ready: Callable[[], bool], max_pictures: int) -> APIRouter:
    """The door for KServe's, Triton's and other clients."""
    door = APIRouter(prefix="/v2", tags=["Open Inference Protocol v2"])

    @door.get("", response_model=None)
    async def server() -> JSONResponse:
        """Name the server."""
        return JSONResponse({"name": "discern", "version": __version__, "extensions": []})

    @door.get("/health/live")
    async def live() -> JSONResponse:
        """Whether the process answers."""
        return JSONResponse({"live": True})

    @door.get("/health/ready", responses=errors(503))
    async def ready() -> JSONResponse:
        """Whether pictures are answered."""
        if not is_ready():
            raise Overloaded("The server begins or ends.", hint="Ask again in a moment.")
        return JSONResponse({"ready": True})

    @door.get("/models/{name}", responses=errors(401, 404, 429))
    @door.get("/models/{name}/versions/{version}", responses=errors(401, 404, 429))
    async def metadata(name: str, version: str | None = None) -> JSONResponse:
        """Describe a model's inputs and outputs."""
        return JSONResponse(_metadata(name, _model(desk, name, version)))

    @door.get("/models/{name}/ready", responses=errors(401, 404, 429))
    @door.get("/models/{name}/versions/{version}/ready", responses=errors(401, 404, 429))
    async def model_ready(name: str, version: str | None = None) -> JSONResponse:
        """Whether this model answers."""
        _model(desk, name, version)
        return JSONResponse({"name": name, "ready": True})

    @door.post("/models/{name}/infer", responses=errors(*ASKING), openapi_extra=INFERENCE)
    @door.post("/models/{name}/versions/{version}/infer", responses=errors(*ASKING), openapi_extra=INFERENCE)
    async def infer(name: str, request: Request, version: str | None = None) -> JSONResponse:
        """Answer pictures; one that cannot be used refuses the request, as tensors have no place for errors."""
        size = _model(desk, name, version).manifest.recipe.size
        if "inference-header-content-length" in request.headers:
            raise BadRequest("Tensors in binary form are not read here.", hint=f"Ask with binary_data=False. {_HINT}")
        values = max(_VALUES_EACH * max_pictures, _MOST_PIXELS * _MARKS_A_PIXEL * size**2)
        asked = _understood(await read_json(request, most_values=values + _VALUES_EACH, hint=_HINT))
        answers = await desk.answer(request, _pictures(asked.inputs[0], size, max_pictures), model=name)
        return JSONResponse(_said(name, asked, _usable(answers)))

    return door


def _model(desk: InferenceService, name: str, version: str | None) -> Model:
    model = desk.roster.get(name).model
    if version not in (None, model.manifest.version):
        raise NotFound(
            f"{name} has no version {version[:80]!r} here.", hint=f"It has {model.manifest.version}; or name none."
        )
    return model


def _understood(said: Any) -> Inference:
    try:
        return Inference.model_validate(said)
    except ValidationError as error:
        raise validation_error(error.errors(include_input=False, include_context=False)) from error


def _pictures(tensor: Tensor, size: int, most: int) -> list[bytes] | list[np.ndarray]:
    if tensor.datatype == "UINT8":
        return list(_pixels(tensor, size, min(most, _MOST_PIXELS)))
    if tensor.shape not in ([len(tensor.data)], [len(tensor.data), 1]) or not 0 < len(tensor.data) <= most:
        raise BadRequest(
            f"The shape {tensor.shape} does not fit {len(tensor.data)} pictures (1 to {most}).", hint=_HINT
        )
    texts = [each[0] if isinstance(each, list) and len(each) == 1 else each for each in tensor.data]
    try:
        return [base64.b64decode(each, validate=True) for each in texts]
    except (binascii.Error, TypeError, ValueError) as error:
        raise BadRequest("The data is no list of base64 texts.", hint=_HINT) from error


def _pixels(tensor: Tensor, size: int, most: int) -> np.ndarray:
    """Pixels as the graph takes them, uint8 [n, size, size, 3]."""
    shape = tuple(tensor.shape)
    if len(shape) != 4 or shape[1:] != (size, size, 3) or not 0 < shape[0] <= most:
        raise BadRequest(f"Pixels have shape [1 to {most}, {size}, {size}, 3], not {list(shape)}.", hint=_HINT)
    try:
        data = np.asarray(tensor.data)
        if data.dtype.kind != "i" or data.min() < 0 or data.max() > 255:
            raise ValueError
        return data.astype(np.uint8).reshape(shape)
    except (ValueError, OverflowError) as error:
        raise BadRequest("The data is no list of bytes (0 to 255) of that shape.", hint=_HINT) from error


def _metadata(name: str, model: Model) -> dict[str, Any]:
    labels, size = len(model.labels), model.manifest.recipe.size
    return {
        "name": name,
        "versions": [model.manifest.version],
        "platform": "onnxruntime_onnx",
        "inputs": [
            {"name": "image", "datatype": "BYTES", "shape": [-1]},
            {"name": "pixels", "datatype": "UINT8", "shape": [-1, size, size, 3]},
        ],
        "outputs": [
            {"name": "probabilities", "datatype": "FP32", "shape": [-1, labels]},
            {"name": "unknown_score", "datatype": "FP32", "shape": [-1]},
            {"name": "label", "datatype": "BYTES", "shape": [-1]},
            {"name": "decision", "datatype": "BYTES", "shape": [-1]},
            {"name": "prediction", "datatype": "BYTES", "shape": [-1]},
        ],
        "parameters": {"labels": list(model.labels)},
    }


def _chosen(outputs: dict[str, dict[str, Any]], wanted: list[Wanted] | None) -> list[dict[str, Any]]:
    names = list(dict.fromkeys(output.name for output in wanted or [])) or list(outputs)
    if unknown := [name for name in names if name not in outputs]:
        raise BadRequest(f"There is no output {unknown[0][:80]!r}.", hint=f"There are {', '.join(outputs)}.")
    return [{"name": name} | outputs[name] for name in names]


def _usable(answers: list[BatchResult | PictureError]) -> list[Prediction]:
    predictions = []
    for answer in answers:
        if isinstance(answer, PictureError):
            raise answer
        predictions.append(answer.prediction)
    return predictions


def _said(name: str, asked: Inference, predictions: list[Prediction]) -> dict[str, Any]:
    # Of the model that answered: another one may have taken its place since the request began.
    said: dict[str, Any] = {"model_name": name, "model_version": predictions[0].model["version"]}
    if asked.id is not None:
        said["id"] = asked.id
    return said | {"outputs": _chosen(_outputs(predictions), asked.outputs)}


def _outputs(predictions: list[Prediction]) -> dict[str, dict[str, Any]]:
    count = len(predictions)
    rows = [value for each in predictions for value in each.probabilities.values()]

    def texts(data: list[str]) -> dict[str, Any]:
        return {"datatype": "BYTES", "shape": [count], "data": data}

    return {
        "probabilities": {"datatype": "FP32", "shape": [count, len(rows) // count], "data": rows},
        "unknown_score": {"datatype": "FP32", "shape": [count], "data": [each.unknown_score for each in predictions]},
        "label": texts([each.label for each in predictions]),
        "decision": texts([each.decision for each in predictions]),
        "prediction": texts([json.dumps(each.to_json()) for each in predictions]),
    }
