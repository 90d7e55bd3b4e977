"""The JSON of requests and answers, for the OpenAPI document."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class ErrorBody(BaseModel):
    """What every error says."""

    code: str = Field(description="What kind of error it is; stays the same from version to version.")
    message: str = Field(description="What was found, and where.")
    hint: str = Field(description="What to do next.")


class ErrorJson(BaseModel):
    """Every error."""

    error: ErrorBody


class ModelName(BaseModel):
    """Which model answered."""

    name: str
    version: str
    fingerprint: str = Field(description="64 hexadecimal digits.")


class EvidenceJson(BaseModel):
    """Where in the picture the label speaks."""

    label: str
    place: Literal["left", "centre", "right"] | None = Field(description="Where it is concentrated; else null.")
    box: list[float] = Field(description="Left, top, right, bottom of the map, as shares of width and height.")
    map: str = Field(description="A PNG as data URL, to be laid over the box.")


class PredictionJson(BaseModel):
    """One answer; the same from every door."""

    model_config = ConfigDict(extra="allow")

    label: str = Field(description="The most probable class, whatever the decision.")
    decision: Literal["accept", "review", "unknown"]
    confidence: float = Field(ge=0, le=1, description="The calibrated probability of the label.")
    probabilities: dict[str, float]
    set: list[str] | None = Field(description="The labels of the conformal set.")
    unknown_score: float
    looks_like: str | None = Field(description="What it looks like most, where the decision is unknown.")
    message: str = Field(description="The answer in one plain sentence.")
    model: ModelName
    id: str
    evidence: EvidenceJson | None = None


class PredictionsJson(BaseModel):
    """The answers to several pictures, in their order; a bad one has its error in its place."""

    predictions: list[PredictionJson | ErrorJson]


class ModelJson(BaseModel):
    """What is known of a model."""

    model_config = ConfigDict(extra="allow")

    name: str
    version: str
    fingerprint: str
    labels: list[str]
    models: list[str] = Field(description="The names of all models here, the first one first.")
    card: str = Field(description="The model card, Markdown.")


class Reloaded(BaseModel):
    """Which bundles were replaced."""

    reloaded: list[str]


def errors(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The error answers of a door, for its documentation."""
    return {status: {"model": ErrorJson, "description": _MEANING[status]} for status in statuses}


_MEANING = {
    400: "The request cannot be understood.",
    401: "A key is needed, or it is not known.",
    403: "This may not be asked, or not with this key.",
    404: "There is no such model.",
    413: "Too large, or too many pictures.",
    415: "The body, or what should be a picture, is of a kind that is not read.",
    422: "The picture is damaged.",
    429: "Asked too often; see Retry-After.",
    503: "More is asked than can be answered now; see Retry-After.",
}
ASKING = (400, 401, 403, 404, 413, 415, 422, 429, 503)

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
PICTURES = {
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
            "application/json": {"schema": {"anyOf": [_JSON_PICTURE, {"type": "array", "items": _JSON_PICTURE}]}},
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
        "data": {"type": "array", "description": "Base64 texts; or the pixels' bytes, 0 to 255."},
    },
}
_OUTPUT = {"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}}}
INFERENCE = {
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
