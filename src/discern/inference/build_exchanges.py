"""Function that turns the results of a request into exchanges to keep."""

from collections.abc import Sequence
from typing import Any

from PIL import Image

from discern.errors import PictureError
from discern.inference.batcher import BatchResult
from discern.inference.capture_sink import CaptureSink
from discern.inference.captured_picture import CapturedPicture
from discern.inference.exchange import Exchange
from discern.picture import Limits, pixel_hash
from discern.picture.strip_metadata import encode_pixels, strip_picture

MAX_CLIENT_ID = 200
"""Longest identifier of a client that is kept, in characters; the rest is cut off. Not tuned."""


def build_exchanges(
    results: Sequence[BatchResult | PictureError],
    *,
    model: str,
    door: str,
    client: str = "",
    client_id: str | None = None,
    sink: CaptureSink,
    now: float,
    limits: Limits = Limits(),  # noqa: B008 - frozen
) -> list[Exchange]:
    """Build the exchanges of one request that the sink's sampling keeps, in the order of its pictures.

    It takes a millisecond for each large picture, whose metadata is removed, and more for other formats than JPEG, PNG
    and WebP, which are encoded again: call it in a thread, not on an event loop.

    Args:
        results: results of a batcher that captures; errors, and results of one that does not, are left out.
        model: name under which the model is served.
        door: endpoint that was asked: `rest`, `sagemaker`, `v2`, `lambda` or `batch`.
        client: name of the API key, or a digest of the client's address.
        client_id: the client's own identifier of the request, of which 200 characters are kept.
        sink: decides which exchanges are kept, and whether with their pictures.
        now: time of the answer, seconds since 1970 UTC.
        limits: limits that the pictures have passed.
    """
    exchanges = []
    for result in results:
        if isinstance(result, PictureError) or result.captured is None:
            continue
        kept_with = sink.sampling(result.prediction.id, result.prediction.decision)
        if kept_with > 0:
            exchange = Exchange(
                id=result.prediction.id,
                time=now,
                model=model,
                bundle=result.prediction.model["fingerprint"],
                door=door,
                client=client,
                client_id=None if client_id is None else client_id[:MAX_CLIENT_ID],
                content=result.captured.content_hash,
                width=result.captured.width,
                height=result.captured.height,
                brightness=result.captured.brightness,
                sharpness=result.captured.sharpness,
                embedding=result.embedding,
                prediction=_plain_prediction(result),
                seconds=result.queue_seconds + result.compute_seconds,
                kept_with=kept_with,
                **(_kept_picture(result.captured, limits) if sink.keeps_pictures else {}),
            )
            exchanges.append(exchange)
    return exchanges


def _plain_prediction(result: BatchResult) -> dict[str, Any]:
    return {name: value for name, value in result.prediction.to_json().items() if name not in ("model", "id")}


def _kept_picture(captured: CapturedPicture, limits: Limits) -> dict[str, Any]:
    """Return the fields of an exchange that describe its picture, or none if the picture cannot be kept."""
    if captured.pixels is not None:
        picture, media_type = encode_pixels(Image.fromarray(captured.pixels), lossless=True)
        return {"picture": picture, "media_type": media_type, "pixels": pixel_hash(captured.pixels)}
    try:
        stripped = captured.stripped or strip_picture(captured.data or b"", limits=limits)
    except PictureError:
        return {}
    return {"picture": stripped.data, "media_type": stripped.media_type, "pixels": stripped.pixels}
