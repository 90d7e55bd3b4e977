"""Requests of a client: headers, body, and the decision to retry or to fail."""

import importlib
import io
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType

import numpy as np
from PIL import Image

from discern.bundle import Picture
from discern.bundle.model import pixels_of
from discern.client.address import Address
from discern.client.backoff import Backoff, read_retry_after
from discern.client.response import RETRIED, read_error
from discern.errors import DiscernError, Unreachable, UsageError
from discern.picture import read_file

CONNECTING_SECONDS = 10.0
"""Time during which connecting to an unreachable server is retried."""

MOST_BYTES = 64 * 2**20
"""Maximum size of a response; a prediction takes a few thousand bytes."""


def load_httpx() -> ModuleType:
    """Import httpx2, on first use.

    Raises:
        UsageError: httpx2 is not installed.
    """
    try:
        return importlib.import_module("httpx2")
    except ImportError:
        raise UsageError(
            "The client needs httpx2, which is not installed.",
            hint='Install it: pip install "discern-vision[client]".',
        ) from None


def headers(key: str | None, *, has_login: bool) -> dict[str, str]:
    """Build the headers of every request.

    Args:
        key: API key; None without.
        has_login: whether user and password occupy the `Authorization` header, so that the key goes to `X-API-Key`.

    Raises:
        UsageError: the key is malformed.
    """
    # A compressed response could expand beyond any limit on what is received.
    common = {"Content-Type": "application/octet-stream", "Accept": "application/json", "Accept-Encoding": "identity"}
    if key is None:
        return common
    key = key.strip()
    if not (key and key.isascii() and key.isprintable()):
        raise UsageError(
            "The API key is empty or contains invalid characters.", hint="Copy it again, as `discern key` printed it."
        )
    return common | ({"X-API-Key": key} if has_login else {"Authorization": f"Bearer {key}"})


def picture_bytes(picture: Picture) -> bytes:
    """Return the bytes of a picture file; pixels uint8 `[H, W, 3]` and Pillow images become PNG.

    Raises:
        PictureError: the file cannot be read.
        UsageError: the array is not uint8 `[H, W, 3]`.
    """
    if isinstance(picture, Image.Image):
        picture = pixels_of(picture)
    if isinstance(picture, np.ndarray):
        if picture.dtype != np.uint8 or picture.ndim != 3 or picture.shape[2] != 3 or not picture.size:
            raise UsageError(
                f"Pixels must be RGB, uint8 [H, W, 3], and are {picture.dtype} {list(picture.shape)}.",
                hint="Convert them, or pass the path of the file.",
            )
        buffer = io.BytesIO()
        Image.fromarray(picture).save(buffer, "PNG", compress_level=1)
        return buffer.getvalue()
    return picture if isinstance(picture, bytes) else read_file(Path(picture))


def response_too_large(address: Address) -> Unreachable:
    """Make the error for a response beyond `MOST_BYTES`."""
    return Unreachable(
        f"{address.base} sent a response of more than {MOST_BYTES >> 20} MiB, which no Discern server does.",
        hint="Check the address.",
    )


class Exchange:
    """One request with its retries, until it succeeds, fails for good, or times out.

    Args:
        address: the server.
        seconds: time until the response must have arrived.
    """

    def __init__(self, address: Address, seconds: float) -> None:
        self._address, self._seconds = address, seconds
        self._backoff = Backoff(seconds=seconds)
        self._last_error: DiscernError | None = None

    @property
    def left(self) -> float:
        """Seconds until the deadline."""
        return self._backoff.left

    def after_error_response(self, status: int, headers: Mapping[str, str], body: bytes) -> float:
        """Return the seconds to wait before retrying after an error response.

        Raises:
            PictureError: the picture cannot be used.
            RequestError: the error is permanent, or no time is left to retry.
        """
        error = read_error(status, headers, body, self._address.base)
        if status not in RETRIED:
            raise error
        return self._retry(error, self._backoff.pause(read_retry_after(headers.get("retry-after"))))

    def after_failure(self, failure: Exception) -> float:
        """Return the seconds to wait before retrying after a failed connection.

        Raises:
            Unreachable: no time is left to retry.
        """
        error = Unreachable(
            f"{self._address.base} cannot be reached: {str(failure) or type(failure).__name__}.",
            hint="Check that the server is running and that the address is correct.",
        )
        error.__cause__ = failure
        return self._retry(error, self._backoff.pause(within=CONNECTING_SECONDS))

    def timeout_error(self) -> DiscernError:
        """Return the error to raise at the deadline: the last one, or that of a server that did not respond."""
        return self._last_error or Unreachable(
            f"{self._address.base} did not respond within {self._seconds:g} seconds.",
            hint="Check the server and its address, or pass a longer `timeout`.",
        )

    def _retry(self, error: DiscernError, seconds: float | None) -> float:
        self._last_error = error
        if seconds is None:
            raise error
        return seconds
