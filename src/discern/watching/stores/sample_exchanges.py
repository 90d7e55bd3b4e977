"""Exchanges and feedback to test stores with."""

from typing import Any

import numpy as np

from discern.inference.exchange import Exchange, Feedback

START = 1_700_000_000.0 - 1_700_000_000.0 % 3600
"""Time of exchange 0, the beginning of an hour."""


def make_exchange(number: int, **changes: Any) -> Exchange:
    """Make an exchange that differs from others in what its number decides.

    Args:
        number: its number, which gives identifier, time (a second later for each), hashes and embedding.
        changes: other values of attributes; `label`, `decision`, `confidence` and `unknown_score` change its
            prediction.
    """
    prediction: dict[str, Any] = {"label": "cat", "decision": "accept", "confidence": 0.75, "unknown_score": 0.25}
    prediction |= {name: changes.pop(name) for name in prediction if name in changes}
    values: dict[str, Any] = {
        "id": f"{number:032x}",
        "time": START + number,
        "model": "pets",
        "bundle": "a" * 64,
        "door": "rest",
        "client": "key",
        "client_id": f"request-{number}",
        "content": f"{number:064x}",
        "pixels": f"{number + 2**128:064x}",
        "width": 640,
        "height": 480,
        "brightness": 0.5,
        "sharpness": 0.125,
        "embedding": np.random.default_rng(number).standard_normal(8).astype(np.float32),
        "prediction": {**prediction, "probabilities": {"cat": 0.75, "dog": 0.25}},
        "seconds": 0.0625,
    }
    return Exchange(**(values | changes))


def make_feedback(number: int, label: str = "dog", **changes: Any) -> Feedback:
    """Make feedback for the exchange of `make_exchange` with the same number."""
    values: dict[str, Any] = {"exchange": f"{number:032x}", "label": label, "time": START + number, "source": "api"}
    return Feedback(**(values | changes))


def with_picture(number: int, picture: bytes = b"", **changes: Any) -> Exchange:
    """Make an exchange with a picture, of which the bytes need not be those of a file."""
    picture = picture or b"picture %d" % number
    return make_exchange(number, picture=picture, media_type="image/jpeg", **changes)
