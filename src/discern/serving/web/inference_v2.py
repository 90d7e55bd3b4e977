"""HTTP endpoints of the Open Inference Protocol, version 2.

Pictures are sent as base64 in a BYTES tensor, or as preprocessed pixels.
"""

import json
from collections.abc import Callable
from functools import partial
from typing import Any, Literal

import numpy as np
from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from discern._version import __version__
from discern.bundle import Model, Prediction
from discern.errors import BadRequest, NotFound, PictureError
from discern.inference.batcher import BatchResult
from discern.inference.json_parsing import JsonDocument, JsonLimits, parse_document
from discern.inference.model_registry import ServedModel
from discern.serving.web.error_responses import validation_error
from discern.serving.web.health import require_ready
from discern.serving.web.inference_service import InferenceService
from discern.serving.web.request_body import count_pictures
from discern.serving.web.schemas import INFERENCE_BODY, INFERENCE_ERRORS, error_responses

_VALUES_PER_PICTURE = 8
_MAX_PIXEL_PICTURES = 8  # as each of their bytes becomes an object in memory
_INLINE_BYTES = 1 << 15  # parsed in the event loop: at most 5 ms
_CHUNK_VALUES = 1 << 16  # converted at once: takes 3 ms
_MARKS_PER_PIXEL = 5  # commas and brackets, however the numbers are nested
_HINT = 'Send {"inputs": [{"name": "image", "datatype": "BYTES", "shape": [n], "data": [base64, ...]}]}.'


class Tensor(BaseModel):
    """Input tensor in the body of an inference request."""

    model_config = ConfigDict(extra="allow")

    name: str = "image"
    datatype: Literal["BYTES", "UINT8"]
    shape: list[int] = Field(max_length=4)
    data: list[Any]


class RequestedOutput(BaseModel):
    """Output that an inference request asks the model to return."""

    model_config = ConfigDict(extra="allow")

    name: str


class InferenceRequest(BaseModel):
    """Body of an inference request in the Open Inference Protocol."""

    model_config = ConfigDict(extra="allow")

    id: str | None = None
    inputs: list[Tensor] = Field(min_length=1, max_length=1)
    outputs: list[RequestedOutput] | None = Field(default=None, max_length=5)

    @field_validator("id")
    @classmethod
    def _require_encodable(cls, value: str | None) -> str | None:
        """Reject text with lone surrogates because UTF-8 cannot encode it."""
        (value or "").encode()
        return value


def inference_v2_router(service: InferenceService, is_ready: Callable[[], bool], max_pictures: int) -> APIRouter:
    """Build the router for the endpoints of the Open Inference Protocol (KServe, Triton)."""
    router = APIRouter(prefix="/v2", tags=["Open Inference Protocol v2"])

    @router.get("", response_model=None)
    async def server() -> JSONResponse:
        """Return the name and version of the server."""
        return JSONResponse({"name": "discern", "version": __version__, "extensions": []})

    @router.get("/health/live")
    async def live() -> JSONResponse:
        """Confirm that the server process responds."""
        return JSONResponse({"live": True})

    @router.get("/health/ready", responses=error_responses(503))
    async def ready() -> JSONResponse:
        """Confirm that the server is ready to classify images."""
        require_ready(is_ready)
        return JSONResponse({"ready": True})

    @router.get("/models/{name}", responses=error_responses(401, 404, 429))
    @router.get("/models/{name}/versions/{version}", responses=error_responses(401, 404, 429))
    async def metadata(name: str, version: str | None = None) -> JSONResponse:
        """Return the names, data types and shapes of a model's inputs and outputs."""
        return JSONResponse(_metadata(name, _find(service, name, version).model))

    @router.get("/models/{name}/ready", responses=error_responses(401, 404, 429))
    @router.get("/models/{name}/versions/{version}/ready", responses=error_responses(401, 404, 429))
    async def model_ready(name: str, version: str | None = None) -> JSONResponse:
        """Confirm that a model is ready to classify images."""
        _find(service, name, version)
        return JSONResponse({"name": name, "ready": True})

    @router.post("/models/{name}/infer", responses=error_responses(*INFERENCE_ERRORS), openapi_extra=INFERENCE_BODY)
    @router.post(
        "/models/{name}/versions/{version}/infer",
        responses=error_responses(*INFERENCE_ERRORS),
        openapi_extra=INFERENCE_BODY,
    )
    async def infer(name: str, request: Request, version: str | None = None) -> JSONResponse:
        """Classify the images in an input tensor.

        An unusable picture rejects the whole request, as tensors have no place for errors.
        """
        served = _find(service, name, version)
        size = served.model.manifest.recipe.size
        if "inference-header-content-length" in request.headers:
            raise BadRequest("Binary tensor data is not supported.", hint=f"Use binary_data=False. {_HINT}")
        inference, pictures = await service.reader.parse(
            request, partial(_parse, size=size, max_pictures=max_pictures), inline_bytes=_INLINE_BYTES
        )
        _require_same_model(name, inference)
        await count_pictures(request, len(pictures))
        results = await service.predict(request, pictures, served=served, door="v2", is_whole=True)
        return JSONResponse(_response(name, inference, _predictions(results)))

    return router


def _require_same_model(name: str, inference: InferenceRequest) -> None:
    for key in ("model", "model_name"):
        other = (inference.model_extra or {}).get(key, name)
        if other != name:
            raise BadRequest(
                f"The body names the model {str(other)[:80]!r}, and the path {name[:80]!r}.", hint="Name one model."
            )


def _find(service: InferenceService, name: str, version: str | None) -> ServedModel:
    served = service.registry.get(name)
    available = served.model.manifest.version
    if version not in (None, available):
        raise NotFound(
            f"{name} has no version {version[:80]!r} here.", hint=f"Use version {available}, or leave the version out."
        )
    return served


def _parse(body: bytes, *, size: int, max_pictures: int) -> tuple[InferenceRequest, list[bytes] | list[np.ndarray]]:
    few = _VALUES_PER_PICTURE * (max_pictures + 1)
    pixels = _MAX_PIXEL_PICTURES * size**2
    limits = JsonLimits(strings=few, lists=few + pixels + pixels // size, values=few + _MARKS_PER_PIXEL * pixels)
    document = parse_document(body, limits=limits, hint=_HINT)
    inference = _validate(document.content)
    document.require_short("id", inference.id)
    for output in inference.outputs or []:
        document.require_short("name", output.name)
    tensor = inference.inputs[0]
    if tensor.datatype == "UINT8":
        return inference, list(_pixels(tensor, size, min(max_pictures, _MAX_PIXEL_PICTURES)))
    return inference, _pictures(document, tensor, max_pictures)


def _validate(document: Any) -> InferenceRequest:
    try:
        return InferenceRequest.model_validate(document)
    except ValidationError as error:
        raise validation_error(error.errors(include_input=False, include_context=False)) from error


def _pictures(document: JsonDocument, tensor: Tensor, limit: int) -> list[bytes]:
    if tensor.shape not in ([len(tensor.data)], [len(tensor.data), 1]) or not 0 < len(tensor.data) <= limit:
        raise BadRequest(
            f"The shape {tensor.shape} does not fit {len(tensor.data)} pictures (1 to {limit}).", hint=_HINT
        )
    texts = [each[0] if isinstance(each, list) and len(each) == 1 else each for each in tensor.data]
    try:
        return [document.decode_base64(each) for each in texts]
    except ValueError as error:
        raise BadRequest(f"The data must be a list of base64 strings: {error}.", hint=_HINT) from error
    except (AttributeError, TypeError) as error:
        raise BadRequest("The data must be a list of base64 strings.", hint=_HINT) from error


def _pixels(tensor: Tensor, size: int, limit: int) -> np.ndarray:
    """Convert an input tensor to a batch of preprocessed images."""
    shape = tuple(tensor.shape)
    if len(shape) != 4 or shape[1:] != (size, size, 3) or not 0 < shape[0] <= limit:
        raise BadRequest(
            f"Pixels must have the shape [1 to {limit}, {size}, {size}, 3], not {list(shape)}.", hint=_HINT
        )
    try:
        chunks = [tensor.data[at : at + _CHUNK_VALUES] for at in range(0, len(tensor.data), _CHUNK_VALUES)]
        if isinstance(tensor.data[0], list):  # one picture each
            chunks = [[each] for each in tensor.data]
        return np.concatenate([_uint8(chunk) for chunk in chunks]).reshape(shape)
    except (IndexError, ValueError, OverflowError) as error:
        raise BadRequest("The data must be integers from 0 to 255 in that shape.", hint=_HINT) from error


def _uint8(numbers: list[Any]) -> np.ndarray:
    data = np.asarray(numbers)
    if data.dtype.kind != "i" or data.min() < 0 or data.max() > 255:
        raise ValueError
    return data.astype(np.uint8).ravel()


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


def _select(outputs: dict[str, dict[str, Any]], requested: list[RequestedOutput] | None) -> list[dict[str, Any]]:
    names = list(dict.fromkeys(output.name for output in requested or [])) or list(outputs)
    if unknown := [name for name in names if name not in outputs]:
        raise BadRequest(f"There is no output {unknown[0][:80]!r}.", hint=f"Available outputs: {', '.join(outputs)}.")
    return [{"name": name} | outputs[name] for name in names]


def _predictions(results: list[BatchResult | PictureError]) -> list[Prediction]:
    predictions = []
    for result in results:
        if isinstance(result, PictureError):
            raise result
        predictions.append(result.prediction)
    return predictions


def _response(name: str, inference: InferenceRequest, predictions: list[Prediction]) -> dict[str, Any]:
    # The version that answered: the model may have been reloaded since the request started.
    response: dict[str, Any] = {"model_name": name, "model_version": predictions[0].model["version"]}
    if inference.id is not None:
        response["id"] = inference.id
    return response | {"outputs": _select(_outputs(predictions), inference.outputs)}


def _outputs(predictions: list[Prediction]) -> dict[str, dict[str, Any]]:
    count = len(predictions)
    plain = [each.to_json() for each in predictions]
    probabilities = [value for each in plain for value in each["probabilities"].values()]

    def strings(data: list[str]) -> dict[str, Any]:
        return {"datatype": "BYTES", "shape": [count], "data": data}

    return {
        "probabilities": {"datatype": "FP32", "shape": [count, len(probabilities) // count], "data": probabilities},
        "unknown_score": {"datatype": "FP32", "shape": [count], "data": [each["unknown_score"] for each in plain]},
        "label": strings([each.label for each in predictions]),
        "decision": strings([each.decision for each in predictions]),
        "prediction": strings([json.dumps(each) for each in plain]),
    }
