"""Functions that convert predictions to the JSON responses of all endpoints."""

import base64
import io
from collections.abc import Sequence
from typing import Any

import numpy as np
from PIL import Image

from discern.errors import PictureError
from discern.inference.batcher import BatchResult
from discern.inference.error_status import error_json
from discern.inference.localisation import Localisation

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


def _data_url(localisation: Localisation) -> str:
    """Render an evidence map as a PNG overlay in a data URL."""
    strength = Image.fromarray(np.round(localisation.map * _MAX_ALPHA).astype(np.uint8))
    heat = Image.new("RGBA", (_SIDE, _SIDE), _HEAT)
    heat.putalpha(strength.resize((_SIDE, _SIDE), Image.Resampling.BICUBIC))
    buffer = io.BytesIO()
    heat.save(buffer, "PNG")
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()
