"""Responses with the stored picture of an exchange."""

import io
from typing import Final

from PIL import Image
from starlette.responses import Response

from discern.errors import NotFound, PictureError
from discern.picture import open_picture

_SHOWN: Final = ("image/jpeg", "image/png", "image/webp", "image/gif", "image/avif")
_QUALITY = 82
_HEADERS = {
    "Cache-Control": "private, max-age=60",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; sandbox",
    "Content-Disposition": "inline",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def picture_response(found: tuple[bytes, str] | None, *, side: int | None) -> Response:
    """Build the response with a stored picture.

    Args:
        found: the picture and its media type; None if none is kept.
        side: reduce it to a JPEG with at most so many pixels on a side; None for the picture as it is.

    Raises:
        NotFound: no picture of the exchange is kept.
    """
    if found is None:
        raise NotFound(
            "No picture of this exchange is kept.",
            hint="It was captured with --no-pictures, or the picture was erased by retention.",
        )
    data, media_type = found
    if side is not None:
        data, media_type = _reduced(data, media_type, side)
    if media_type not in _SHOWN:
        data, media_type = _reduced(data, media_type, None)
    return Response(data, media_type=media_type, headers=_HEADERS)


def _reduced(data: bytes, media_type: str, side: int | None) -> tuple[bytes, str]:
    """Decode a picture and encode it as JPEG; one that cannot be decoded is passed on if browsers may show it."""
    try:
        image = Image.fromarray(open_picture(data, min_side=side))
    except PictureError as error:
        if media_type in _SHOWN:
            return data, media_type
        raise NotFound("The stored picture cannot be shown.", hint="It is no longer readable.") from error
    if side is not None:
        image.thumbnail((side, side))
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=_QUALITY)
    return buffer.getvalue(), "image/jpeg"
