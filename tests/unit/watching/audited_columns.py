"""Columns of made-up exchanges, for tests of audits and new classes."""

from typing import Any

import numpy as np

from discern.watching.stores.exchange_store import ExchangeColumns


def make_columns(count: int, *, start: int = 1, **changed: Any) -> ExchangeColumns:
    """Make accepted, confident exchanges of different pictures, with identifiers such as `0000...2a`."""
    number = np.arange(start, start + count)
    values: dict[str, Any] = {
        "number": number,
        "id": np.array([f"{each:032x}" for each in number], object),
        "time": 1.7e9 + number,
        "client": np.full(count, "", object),
        "content": np.full(count, "", object),
        "pixels": np.array([f"p{each}" for each in number], object),
        "label": np.full(count, "ripe", object),
        "decision": np.full(count, "accept", object),
        "confidence": np.full(count, 0.9),
        "unknown_score": np.zeros(count),
        "brightness": np.full(count, 0.5),
        "sharpness": np.full(count, 0.5),
        "width": np.full(count, 640),
        "height": np.full(count, 480),
        "seconds": np.full(count, 0.01),
        "kept_with": np.ones(count),
        "embedding": None,
        "truth": np.full(count, None, object),
        "is_new": np.zeros(count, bool),
    }
    return ExchangeColumns(**values | changed)
