"""What a client asks, and what becomes of each answer; told apart from how it is sent."""

import importlib
import io
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from discern.bundle import Picture
from discern.client.address import Address
from discern.client.patience import Patience, read_retry_after
from discern.client.reading import RETRIED, read_error
from discern.errors import DiscernError, Unreachable, UsageError
from discern.picture import read_file

if TYPE_CHECKING:
    import httpx2

CONNECTING_SECONDS = 10.0
"""For how long a server that cannot be reached is tried."""


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


def headers(key: str | None) -> dict[str, str]:
    """What every request says.

    Raises:
        UsageError: the key cannot be one.
    """
    said = {"Content-Type": "application/octet-stream", "Accept": "application/json"}
    if key is None:
        return said
    key = key.strip()
    if not (key and key.isascii() and key.isprintable()):
        raise UsageError("The key is none: it is empty, or has letters that no key has.", hint="Copy it again.")
    return said | {"Authorization": f"Bearer {key}"}


def as_bytes(picture: Picture) -> bytes:
    """A picture as the bytes of a file: read, as it is, or pixels uint8 `[H, W, 3]` as PNG.

    Raises:
        PictureError: the file cannot be read.
        UsageError: the pixels are none.
    """
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


class Exchange:
    """One question, asked until it is answered, refused for good, or the time is over.

    Args:
        address: who is asked.
        seconds: until the answer must be there.
    """

    def __init__(self, address: Address, seconds: float) -> None:
        self._address = address
        self._patience = Patience(seconds=seconds)

    @property
    def left(self) -> float:
        """Seconds that are left."""
        return self._patience.left

    def after_answer(self, response: "httpx2.Response") -> float | None:
        """Say how many seconds to wait before asking again; None: it is answered.

        Raises:
            DiscernError: it is refused for good, or for as long as there is time.
        """
        if response.is_success:
            return None
        fault = read_error(response.status_code, response.headers, response.content, self._address.base)
        if response.status_code not in RETRIED:
            raise fault
        return self._wait(fault, self._patience.pause(read_retry_after(response.headers.get("retry-after"))))

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

    def _wait(self, fault: DiscernError, seconds: float | None) -> float:
        if seconds is None:
            raise fault
        return seconds
