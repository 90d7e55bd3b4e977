"""Answers as speech."""

import base64
from collections.abc import Mapping
from typing import Any

MEDIA_TYPE = "audio/mpeg"
_MAX_LETTERS = 1000  # Polly accepts 3,000


def speak_prediction(prediction: Mapping[str, Any], *, voice: str) -> dict[str, str]:
    """Return the message of a prediction as speech.

    Args:
        prediction: JSON object of the prediction.
        voice: name of the voice.

    Returns:
        `text`, `media_type` and `mp3_base64`.

    Raises:
        RequestError: the speech service cannot be used.
    """
    from discern.shipping.aws.runtime_services import speak  # noqa: PLC0415 - few functions speak

    text = str(prediction.get("spoken") or prediction["message"])[:_MAX_LETTERS]
    sound = speak(text, voice=voice)
    return {"text": text, "media_type": MEDIA_TYPE, "mp3_base64": base64.b64encode(sound).decode()}
