"""Classification of images on AWS Lambda, with those that are named by reference."""

import time
from collections.abc import Sequence
from concurrent.futures import Future

from discern.bundle import Model
from discern.errors import BadRequest, Forbidden, PictureError, RequestTooLarge
from discern.inference.batch_config import BatchConfig
from discern.inference.batcher import Batcher, BatchResult
from discern.inference.body_parsing import numbered_errors
from discern.inference.capture_sink import CaptureSink
from discern.shipping.lambda_function.deployed_model import LIMITS
from discern.shipping.lambda_function.function_settings import FunctionSettings

_MAX_FETCHED_BYTES = 64_000_000  # not tuned: by one request, as all pictures are in memory at once
_TIMEOUT = 900.0  # the longest that a function may run
_S3 = "s3://"
REFERENCES = ("image_url", "s3_uri")
"""Keys of JSON bodies whose values name pictures."""


class PictureClassifier:
    """Classifier of images that are given by their bytes or named by reference.

    Args:
        model: the model.
        settings: settings of the function.

    Attributes:
        model: the model.
        sink: keeps the exchanges; None for a function that keeps none.
    """

    def __init__(self, model: Model, settings: FunctionSettings) -> None:
        self.model = model
        self._settings = settings
        batching = BatchConfig(max_queue=settings.max_pictures, timeout=_TIMEOUT, capture=bool(settings.capture))
        self._batcher = Batcher(model, batching=batching)
        self.sink = _open_sink(settings.capture) if settings.capture else None

    def classify(self, pictures: Sequence[bytes | str], *, evidence: bool = False) -> list[BatchResult | PictureError]:
        """Classify images.

        Args:
            pictures: each one's bytes, or the reference that names it.
            evidence: also localise each predicted label.

        Returns:
            A result for each picture, or its error if it is unusable.

        Raises:
            RequestError: a reference is not allowed, or cannot be fetched.
        """
        contents = self._fetch_all(pictures)
        results = [_result(future) for future in self._batcher.submit_all(contents, evidence=evidence)]
        if self.sink is not None:
            self._keep(self.sink, results)
        return results

    def _keep(self, sink: CaptureSink, results: Sequence[BatchResult | PictureError]) -> None:
        from discern.inference.build_exchanges import build_exchanges  # noqa: PLC0415 - few functions keep exchanges

        name = self.model.manifest.name
        sink.keep(build_exchanges(results, model=name, door="lambda", sink=sink, now=time.time(), limits=LIMITS))

    def close(self) -> None:
        """End the threads that classify."""
        self._batcher.close()

    def _fetch_all(self, pictures: Sequence[bytes | str]) -> list[bytes]:
        contents, fetched = [], 0
        for number, each in enumerate(pictures, 1):
            with numbered_errors(number, len(pictures)):
                content = self._fetch(each) if isinstance(each, str) else each
                fetched += len(content) if isinstance(each, str) else 0
                if fetched > _MAX_FETCHED_BYTES:
                    message = f"The pictures of one request have more than {_MAX_FETCHED_BYTES:,} bytes."
                    raise RequestTooLarge(message, hint="Name fewer at once.")
            contents.append(content)
        return contents

    def _fetch(self, reference: str) -> bytes:
        if reference.startswith(_S3):
            bucket, key = parse_s3_uri(reference)
            if bucket not in self._settings.buckets:
                raise Forbidden(
                    f"s3_uri must not name the bucket {bucket}.",
                    hint="Name it in the function's variable DISCERN_BUCKETS.",
                )
            from discern.shipping.aws.runtime_services import get_object  # noqa: PLC0415 - see below

            return get_object(bucket, key, max_bytes=LIMITS.max_bytes)
        if not self._settings.allow_urls:
            raise BadRequest(
                "This function does not fetch image_url.",
                hint="Send the picture itself, or set the function's variable DISCERN_ALLOW_URLS to 1.",
            )
        # Imported on demand: TLS takes 30 ms that most functions do without.
        from discern.shipping.lambda_function.public_download import download  # noqa: PLC0415

        return download(reference, max_bytes=LIMITS.max_bytes)


def _open_sink(place: str) -> CaptureSink:
    from discern.shipping.lambda_function.bucket_sink import BucketSink  # noqa: PLC0415 - imports boto3

    return BucketSink(place)


def parse_s3_uri(uri: str) -> tuple[str, str]:
    """Return the bucket and the key that an `s3://` URI names.

    >>> parse_s3_uri("s3://bucket/a/b.jpg")
    ('bucket', 'a/b.jpg')

    Raises:
        BadRequest: it names none.
    """
    bucket, _, key = uri.removeprefix(_S3).partition("/")
    if not uri.startswith(_S3) or not bucket or not key:
        raise BadRequest(f"{uri[:200]!r} is not an object in S3.", hint="Use s3://BUCKET/KEY.")
    return bucket, key


def _result(future: "Future[BatchResult]") -> BatchResult | PictureError:
    error = future.exception()
    if error is None:
        return future.result()
    if isinstance(error, PictureError):
        return error
    raise error
