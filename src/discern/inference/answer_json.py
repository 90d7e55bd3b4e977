"""Functions that convert predictions to the JSON responses of all endpoints."""

import base64
import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from discern.errors import PictureError
from discern.inference.batcher import BatchResult
from discern.inference.error_status import error_json
from discern.inference.localisation import Localisation

if TYPE_CHECKING:
    from discern.inference.workflow_step import WorkflowStep

_HEAT = (255, 120, 0)
_MAX_ALPHA = 200
_SIDE = 96


def response_json(results: Sequence[BatchResult | PictureError], *, is_list: bool) -> dict[str, Any]:
    """Build the JSON response body for the images of a request.

    The body is one prediction, or `{"predictions": [...]}` with each error in its place.

    Args:
        results: one for each picture of the request, in its order.
        is_list: whether the request has a list of pictures; otherwise there is one result.

    Raises:
        PictureError: the only picture of a request that is not a list cannot be used.
    """
    if is_list:
        return {"predictions": [result_or_error_json(each) for each in results]}
    [result] = results
    if isinstance(result, PictureError):
        raise result
    return result_json(result)


def result_or_error_json(result: BatchResult | PictureError) -> dict[str, Any]:
    """Build the JSON object of a prediction or of the error in its place."""
    return error_json(result) if isinstance(result, PictureError) else result_json(result)


def result_json(result: BatchResult) -> dict[str, Any]:
    """Build the JSON object of one prediction, with its evidence if it was localised."""
    plain = result.prediction.to_json()
    if result.localisation is not None:
        plain["evidence"] = {
            "label": result.prediction.label,
            "place": result.localisation.place,
            "box": list(result.localisation.box),
            "map": _data_url(result.localisation),
        }
    return plain


def labelled_json(result: BatchResult) -> dict[str, Any]:
    """Build the JSON object of one prediction with the fields that callers of earlier systems read."""
    labels = list(result.prediction.probabilities)
    return result_json(result) | {
        "predicted_label": result.prediction.label,
        "predicted_index": labels.index(result.prediction.label),
        "class_labels": labels,
    }


def probability_list(result: BatchResult) -> list[float | None]:
    """Return the probabilities of one prediction in the order of the labels."""
    return list(result_json(result)["probabilities"].values())


def step_json(step: "WorkflowStep", result: BatchResult) -> dict[str, Any]:
    """Build the state for the next step of a workflow, with the prediction for its image."""
    return step.response(labelled_json(result), probability_list(result))


def invocation_json(
    results: Sequence[BatchResult | PictureError], *, is_list: bool, step: "WorkflowStep | None", accept: str
) -> Any:
    """Build the JSON response body of `POST /invocations`.

    Args:
        results: one for each picture of the request, in its order.
        is_list: whether the request has a list of pictures.
        step: the state of a workflow that the picture came in; None for other requests.
        accept: value of the Accept header, which may ask for arrays of probabilities.

    Raises:
        PictureError: the only picture of a request that is not a list cannot be used.
    """
    encode = probability_list if accepts_array(accept) else labelled_json
    if is_list:
        return [error_json(each) if isinstance(each, PictureError) else encode(each) for each in results]
    [result] = results
    if isinstance(result, PictureError):
        raise result
    return step_json(step, result) if step and encode is labelled_json else encode(result)


def accepts_array(accept: str) -> bool:
    """Return True if an Accept header asks for arrays of probabilities.

    >>> accepts_array("application/json; format=array")
    True
    """
    return "format=array" in accept.replace(" ", "").lower()


def _data_url(localisation: Localisation) -> str:
    """Render an evidence map as a PNG overlay in a data URL."""
    strength = Image.fromarray(np.round(localisation.map * _MAX_ALPHA).astype(np.uint8))
    heat = Image.new("RGBA", (_SIDE, _SIDE), _HEAT)
    heat.putalpha(strength.resize((_SIDE, _SIDE), Image.Resampling.BICUBIC))
    buffer = io.BytesIO()
    heat.save(buffer, "PNG")
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()
