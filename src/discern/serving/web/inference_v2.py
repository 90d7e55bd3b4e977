"""The Open Inference Protocol, version 2: pictures as base64 BYTES, or as ready pixels."""

import base64
import binascii
import json
from collections.abc import Callable
from typing import Any, Literal

import numpy as np
from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from discern._version import __version__
from discern.bundle import Model
from discern.errors import BadRequest, Overloaded, PictureError
from discern.serving.batching import Answered
from discern.serving.web.bodies import read_json
from discern.serving.web.desk import Desk
from discern.serving.web.refusals import misunderstood
from discern.serving.web.schemas import ASKING, INFERENCE, errors

_VALUES_EACH = 8
_MOST_PIXELS = 8  # pictures as numbers in JSON: each of their bytes becomes an object
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


def inference_v2(desk: Desk, is_ready: Callable[[], bool], max_pictures: int) -> APIRouter:
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
    async def metadata(name: str) -> JSONResponse:
        """Describe a model's inputs and outputs."""
        return JSONResponse(_metadata(name, desk.roster.get(name).model))

    @door.get("/models/{name}/ready", responses=errors(401, 404, 429))
    async def model_ready(name: str) -> JSONResponse:
        """Whether this model answers."""
        return JSONResponse({"name": desk.roster.get(name).name, "ready": True})

    @door.post("/models/{name}/infer", responses=errors(*ASKING), openapi_extra=INFERENCE)
    async def infer(name: str, request: Request) -> JSONResponse:
        """Answer pictures; one that cannot be used refuses the request, as tensors have no place for errors."""
        model = desk.roster.get(name).model
        values = max(_VALUES_EACH * max_pictures, _MOST_PIXELS * 3 * model.manifest.recipe.size**2)
        asked = _understood(await read_json(request, most_values=values + _VALUES_EACH))
        answers = await desk.answer(request, _pictures(asked.inputs[0], model, max_pictures), model=name)
        said = {"model_name": name, "model_version": model.manifest.version}
        if asked.id is not None:
            said["id"] = asked.id
        return JSONResponse(said | {"outputs": _chosen(_outputs(answers, model), asked.outputs)})

    return door


def _understood(said: Any) -> Inference:
    try:
        return Inference.model_validate(said)
    except ValidationError as error:
        raise misunderstood(error.errors(include_input=False, include_context=False)) from error


def _pictures(tensor: Tensor, model: Model, most: int) -> list[bytes] | list[np.ndarray]:
    if tensor.datatype == "UINT8":
        return list(_pixels(tensor, model.manifest.recipe.size, min(most, _MOST_PIXELS)))
    if tensor.shape not in ([len(tensor.data)], [len(tensor.data), 1]) or not 0 < len(tensor.data) <= most:
        raise BadRequest(
            f"The shape {tensor.shape} does not fit {len(tensor.data)} pictures (1 to {most}).", hint=_HINT
        )
    try:
        return [base64.b64decode(each, validate=True) for each in tensor.data]
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


def _outputs(answers: list[Answered | PictureError], model: Model) -> dict[str, dict[str, Any]]:
    predictions = []
    for answer in answers:
        if isinstance(answer, PictureError):
            raise answer
        predictions.append(answer.prediction)
    count = len(predictions)
    rows = [value for each in predictions for value in each.probabilities.values()]

    def texts(data: list[str]) -> dict[str, Any]:
        return {"datatype": "BYTES", "shape": [count], "data": data}

    return {
        "probabilities": {"datatype": "FP32", "shape": [count, len(model.labels)], "data": rows},
        "unknown_score": {"datatype": "FP32", "shape": [count], "data": [each.unknown_score for each in predictions]},
        "label": texts([each.label for each in predictions]),
        "decision": texts([each.decision for each in predictions]),
        "prediction": texts([json.dumps(each.to_json()) for each in predictions]),
    }
