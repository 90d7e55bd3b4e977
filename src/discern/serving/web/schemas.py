"""JSON schemas of requests and responses for the OpenAPI document."""

from typing import Any, Literal

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field


class ErrorBody(BaseModel):
    """Description of an error with its code, message and remedy."""

    code: str = Field(description="The type of error, stable from version to version.")
    message: str = Field(description="The problem, and where it is.")
    hint: str = Field(description="The remedy.")


class ErrorJson(BaseModel):
    """JSON body of every error response."""

    error: ErrorBody


class ModelName(BaseModel):
    """Name, version and fingerprint of the model that made a prediction."""

    name: str
    version: str
    fingerprint: str = Field(description="64 hexadecimal digits.")


class EvidenceJson(BaseModel):
    """Region of the image that supports the predicted class label."""

    label: str
    place: Literal["left", "centre", "right"] | None = Field(
        description="Where it is concentrated; null if it is spread out."
    )
    box: list[float] = Field(
        description="Left, top, right and bottom of the map, as shares of the picture's width and height."
    )
    map: str = Field(description="An overlay for the box, a PNG as data URL.")


class PredictionJson(BaseModel):
    """JSON prediction for one image.

    It is the same from every endpoint. A number that is not finite is null.
    """

    model_config = ConfigDict(extra="allow")

    label: str = Field(description="The most probable class, whatever the decision.")
    decision: Literal["accept", "review", "unknown"]
    confidence: float | None = Field(ge=0, le=1, description="The calibrated probability of the label.")
    probabilities: dict[str, float | None]
    set: list[str] | None = Field(description="The labels of the conformal prediction set.")
    unknown_score: float | None = Field(description="Distance from the training pictures; larger is farther.")
    looks_like: str | None = Field(description="The most similar class, if the decision is unknown.")
    message: str = Field(description="The prediction in one sentence.")
    model: ModelName
    id: str
    evidence: EvidenceJson | None = None


class PredictionsJson(BaseModel):
    """JSON predictions for several images, in the order of the images.

    An unusable picture has an error instead of a prediction.
    """

    predictions: list[PredictionJson | ErrorJson]


class ModelJson(BaseModel):
    """JSON description of a served model."""

    model_config = ConfigDict(extra="allow")

    name: str
    version: str
    fingerprint: str
    labels: list[str]
    models: list[str] = Field(description="The names of all served models; the first is the default.")
    card: str = Field(description="The model card, in Markdown.")
    capture: bool = Field(
        default=False, description="Whether answers are kept, so that POST /feedback takes their labels."
    )


class FeedbackKept(BaseModel):
    """JSON response that confirms feedback."""

    id: str
    label: str = Field(description="The label, as the model names it.")
    kept: bool = Field(description="False if it could not be written; then it is counted as lost.")


class Reloaded(BaseModel):
    """JSON response that lists the names of the reloaded model bundles."""

    reloaded: list[str]


def error_responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Build the OpenAPI descriptions of the error responses."""
    return {status: {"model": ErrorJson, "description": _DESCRIPTIONS[status]} for status in statuses}


_DESCRIPTIONS = {
    400: "The request is malformed.",
    401: "The API key is missing or invalid.",
    403: "The API key does not allow this.",
    404: "There is no model of that name.",
    413: "The request is too large or has too many pictures.",
    415: "The content type, or the format of a picture, is not supported.",
    422: "A picture is damaged.",
    429: "The rate limit is exceeded; see Retry-After.",
    503: "The server is overloaded or not ready; see Retry-After.",
}
INFERENCE_ERRORS = (400, 401, 403, 404, 413, 415, 422, 429, 503)

_PICTURE = {"type": "string", "format": "binary"}
_JSON_PICTURE = {
    "type": "object",
    "properties": {
        "image_b64": {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]},
        "image_url": {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]},
    },
    "minProperties": 1,
    "maxProperties": 1,
    "additionalProperties": False,
}
_WORKFLOW_STEP = {
    "type": "object",
    "required": ["image_data"],
    "properties": {
        "image_data": {"type": "string", "description": "The picture in base64."},
        "s3_bucket": {"type": "string"},
        "s3_key": {"type": "string"},
        "inferences": {"type": "array", "items": {"type": "number"}},
    },
}
MODEL = Query(None, description="Name of the model; the first one by default.")

PICTURES_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "properties": {
                        "file": _PICTURE,
                        "files": {"type": "array", "items": _PICTURE},
                        "data": _PICTURE,
                    },
                }
            },
            "image/*": {"schema": _PICTURE},
            "application/octet-stream": {"schema": _PICTURE},
            "application/json": {
                "schema": {"anyOf": [_JSON_PICTURE, {"type": "array", "items": _JSON_PICTURE}, _WORKFLOW_STEP]}
            },
        },
    }
}

FEEDBACK_ERRORS = error_responses(400, 401, 403, 413, 429, 503) | {
    404: {"model": ErrorJson, "description": "There is no answer with this id, or the server keeps none."},
    422: {"model": ErrorJson, "description": "The label is none of the model's classes, and not marked as new."},
}
FEEDBACK_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "required": ["id", "label"],
                    "properties": {
                        "id": {"type": "string", "description": "The id of the answer."},
                        "label": {"type": "string", "description": "The true class, by its label or another name."},
                        "new": {"type": "boolean", "description": "The label is none of the model's classes."},
                        "source": {"enum": ["api", "page", "audit"]},
                    },
                    "additionalProperties": False,
                }
            }
        },
    }
}

_TENSOR = {
    "type": "object",
    "required": ["name", "datatype", "shape", "data"],
    "properties": {
        "name": {"type": "string"},
        "datatype": {"enum": ["BYTES", "UINT8"]},
        "shape": {"type": "array", "items": {"type": "integer"}, "maxItems": 4},
        "data": {"type": "array", "description": "Base64 strings, or pixel values from 0 to 255."},
    },
}
_OUTPUT = {"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}}}
INFERENCE_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "required": ["inputs"],
                    "properties": {
                        "id": {"type": "string"},
                        "inputs": {"type": "array", "items": _TENSOR, "minItems": 1, "maxItems": 1},
                        "outputs": {"type": "array", "items": _OUTPUT, "maxItems": 5},
                    },
                }
            }
        },
    }
}
