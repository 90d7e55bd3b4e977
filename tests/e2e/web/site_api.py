"""Predictions through the scripts of an exported page."""

import base64
import io
from typing import Any

import numpy as np
from PIL import Image

OPEN = """async () => {
  const { connect } = await import(new URL("page/api/connect.js", document.baseURI));
  window.api = await connect();
  return window.api.modelInfo();
}"""
PREDICT = """async ([bytes, evidence]) => {
  const blob = new Blob([Uint8Array.from(atob(bytes), (letter) => letter.charCodeAt(0))]);
  try {
    return await window.api.predict(blob, { evidence });
  } catch (error) {
    return { error: { code: error.code, message: error.message, hint: error.hint } };
  }
}"""


def predict(page: Any, picture: bytes, *, evidence: bool = False) -> Any:
    """Return the page's prediction for a picture, or an object with `error`."""
    return page.evaluate(PREDICT, [base64.b64encode(picture).decode(), evidence])


def encode(pixels: np.ndarray, kind: str = "PNG", mode: str | None = None, **options: Any) -> bytes:
    """Encode a picture."""
    buffer = io.BytesIO()
    image = Image.fromarray(pixels)
    (image.convert(mode) if mode else image).save(buffer, kind, **options)
    return buffer.getvalue()


def scene(width: int = 90, height: int = 60, seed: int = 0) -> np.ndarray:
    """Return a grey picture with a red rectangle on the left, uint8 `[height, width, 3]`."""
    random = np.random.default_rng(seed)
    pixels = random.normal(90, 1, (height, width, 3))
    pixels[height // 4 : height // 2, width // 6 : width // 3] = (230, 30, 40)
    return np.uint8(np.clip(pixels, 0, 255))
