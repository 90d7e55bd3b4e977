"""Functions that build the headers and bodies of HTTP requests to a Discern server."""

import importlib
import io
from types import ModuleType

from PIL import Image

from discern.bundle import Picture
from discern.bundle.picture_input import content_of
from discern.client.address import Address
from discern.errors import Unreachable, UsageError

MOST_BYTES = 64 * 2**20
"""Maximum size of a response; a prediction takes a few thousand bytes."""


def load_httpx() -> ModuleType:
    """Import the HTTP library httpx2 on first use.

    Raises:
        UsageError: httpx2 is not installed.
    """
    try:
        return importlib.import_module("httpx2")
    except ImportError:
        raise UsageError(
            "The client needs httpx2, which is not installed.", hint="Install it: pip install httpx2."
        ) from None


def headers(key: str | None, *, has_login: bool) -> dict[str, str]:
    """Build the HTTP headers that the client sends with every request.

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
    """Convert a picture to the bytes of an image file.

    Pixels, uint8 `[H, W, 3]`, and Pillow images are encoded as PNG.

    Raises:
        PictureError: the file cannot be read.
        UsageError: it has another type, is a URL, or its pixels are not RGB of type uint8.
    """
    if isinstance(picture, Image.Image) and picture.mode.startswith("I;16"):
        buffer = io.BytesIO()
        picture.save(buffer, "PNG", exif=picture.getexif())  # only the model knows which value becomes white
        return buffer.getvalue()
    content = content_of(picture)
    if isinstance(content, bytes):
        return content
    buffer = io.BytesIO()
    Image.fromarray(content).save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()


def response_too_large(address: Address) -> Unreachable:
    """Build the error for a server response that exceeds the size limit."""
    return Unreachable(
        f"{address.base} sent a response of more than {MOST_BYTES >> 20} MiB, which no Discern server does.",
        hint="Check the address.",
    )
