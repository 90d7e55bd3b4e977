"""Function that encodes a picture as a data URI."""

import base64
import io

from PIL import Image


def jpeg_uri(picture: Image.Image, *, quality: int, subsampling: int = 2) -> str:
    """Return a picture as a data URI of a JPEG.

    Args:
        picture: the picture.
        quality: quality from 1 to 95.
        subsampling: 2 for colours at half the resolution, 0 for full.
    """
    stream = io.BytesIO()
    picture.convert("RGB").save(stream, "JPEG", quality=quality, subsampling=subsampling, optimize=True)
    return "data:image/jpeg;base64," + base64.b64encode(stream.getvalue()).decode("ascii")
