"""What a client asks, and what becomes of each answer; told apart from how it is sent."""

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
"""For how long a server that cannot be reached is tried."""

MOST_BYTES = 64 * 2**20
"""How long an answer may be; a prediction has some thousand bytes."""


def load_httpx() -> ModuleType:
    """Load what speaks HTTP, when it is needed.

    Raises:
        UsageError: it is not installed.
    """
    try:
        return importlib.import_module("httpx2")
    except ImportError:
        raise UsageError(
            "Asking a server needs httpx2, which is not installed.",
            hint='Install it: pip install "discern-vision[client]".',
        ) from None


def headers(key: str | None, *, beside_login: bool) -> dict[str, str]:
    """What every request says.

    Args:
        key: the key, if there is one.
        beside_login: a user and a password take the key's usual place.

    Raises:
        UsageError: the key cannot be one.
    """
    # A packed answer could be far longer than what is sent.
    said = {"Content-Type": "application/octet-stream", "Accept": "application/json", "Accept-Encoding": "identity"}
    if key is None:
        return said
    key = key.strip()
    if not (key and key.isascii() and key.isprintable()):
        raise UsageError("The key is none: it is empty, or has letters that no key has.", hint="Copy it again.")
    return said | ({"X-API-Key": key} if beside_login else {"Authorization": f"Bearer {key}"})


def picture_bytes(picture: Picture) -> bytes:
    """A picture as the bytes of a file: read, as it is, or pixels uint8 `[H, W, 3]` and images of Pillow as PNG.

    Raises:
        PictureError: the file cannot be read.
        UsageError: the pixels are none.
    """
    if isinstance(picture, Image.Image):
        picture = pixels_of(picture)
    if isinstance(picture, np.ndarray):
        if picture.dtype != np.uint8 or picture.ndim != 3 or picture.shape[2] != 3 or not picture.size:
            raise UsageError(
                f"Pixels must be RGB, uint8 [H, W, 3], and are {picture.dtype} {list(picture.shape)}.",
                hint="Convert them, or give the file's path.",
            )
        buffer = io.BytesIO()
        Image.fromarray(picture).save(buffer, "PNG", compress_level=1)
        return buffer.getvalue()
    return picture if isinstance(picture, bytes) else read_file(Path(picture))


def too_long(address: Address) -> Unreachable:
    """Say that an answer does not end."""
    return Unreachable(
        f"{address.base} answers with more than {MOST_BYTES >> 20} MiB, which no Discern server does.",
        hint="Is the address right?",
    )


class Exchange:
    """One question, asked until it is answered, refused for good, or the time is over.

    Args:
        address: who is asked.
        seconds: until the answer must be there.
    """

    def __init__(self, address: Address, seconds: float) -> None:
        self._address, self._seconds = address, seconds
        self._patience = Backoff(seconds=seconds)
        self._fault: DiscernError | None = None

    @property
    def left(self) -> float:
        """Seconds that are left."""
        return self._patience.left

    def after_refusal(self, status: int, headers: Mapping[str, str], body: bytes) -> float:
        """Say how many seconds to wait after a refusal.

        Raises:
            PictureError: it is for good, as the picture cannot be used.
            RequestError: it is for good, or for as long as there is time.
        """
        fault = read_error(status, headers, body, self._address.base)
        if status not in RETRIED:
            raise fault
        return self._wait(fault, self._patience.pause(read_retry_after(headers.get("retry-after"))))

    def after_failure(self, failure: Exception) -> float:
        """Say how many seconds to wait after there was no answer.

        Raises:
            Unreachable: there is no time left.
        """
        fault = Unreachable(
            f"{self._address.base} cannot be reached: {str(failure) or type(failure).__name__}.",
            hint="Is the server running, and the address right?",
        )
        fault.__cause__ = failure
        return self._wait(fault, self._patience.pause(within=CONNECTING_SECONDS))

    def over(self) -> DiscernError:
        """Say why there is no answer now that the time is over: what went wrong before, or nothing was heard."""
        return self._fault or Unreachable(
            f"{self._address.base} has not answered within {self._seconds:g} seconds.",
            hint="Is the server well, and the address right? `timeout` gives it longer.",
        )

    def _wait(self, fault: DiscernError, seconds: float | None) -> float:
        self._fault = fault
        if seconds is None:
            raise fault
        return seconds
