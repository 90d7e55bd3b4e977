"""Sink of the function on AWS Lambda, which writes captured exchanges to a bucket."""

import logging
import threading
import time
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime

from discern.buckets.bucket_address import BucketAddress
from discern.errors import DiscernError
from discern.inference.exchange import Exchange, Feedback
from discern.inference.exchange_record import encode_exchange, encode_feedback
from discern.shipping.aws.runtime_services import open_capture_client, put_records

SUFFIX = ".records"
"""Suffix of the objects."""

_LOG = logging.getLogger("discern")


class BucketSink:
    """Sink that writes the exchanges of each invocation as one object of records, before the answer is returned.

    A call waits for the bucket two seconds at most; what is not written by then is counted as lost, and logged.

    Args:
        place: address of the objects, `s3://BUCKET/PREFIX`.

    Raises:
        UsageError: the address is invalid.
    """

    def __init__(self, place: str) -> None:
        self._place = BucketAddress.parse(place)
        self._lost = 0
        self._counting = threading.Lock()
        try:
            open_capture_client()  # now, and not while the first answer waits for it
        except DiscernError as error:
            _LOG.warning("exchanges cannot be kept in %s: %s", self._place, error)

    @property
    def keeps_pictures(self) -> bool:
        """Return True: pictures are kept."""
        return True

    @property
    def lost(self) -> int:
        """Return the number of exchanges and feedback that could not be kept, since the function started."""
        return self._lost

    def sampling(self, exchange_id: str, decision: str) -> float:  # noqa: ARG002 - all are kept
        """Return 1, as each exchange is kept."""
        return 1.0

    def keep(self, exchanges: Sequence[Exchange]) -> int:
        """Write exchanges as one object, and return how many were kept."""
        if not exchanges:
            return 0
        first = exchanges[0]
        is_kept = self._put(first.id, first.time, b"".join(map(encode_exchange, exchanges)), len(exchanges))
        return len(exchanges) if is_kept else 0

    def keep_feedback(self, feedback: Feedback) -> bool:
        """Write feedback as an object of its own, and return True if it was kept."""
        return self._put(uuid.uuid4().hex, feedback.time, encode_feedback(feedback), 1)

    def close(self) -> None:
        """Do nothing, as nothing waits."""

    def _put(self, name: str, at: float, records: bytes, count: int) -> bool:
        hour = datetime.fromtimestamp(at, UTC).strftime("%Y/%m/%d/%H")
        address = self._place / f"{hour}/{name}{SUFFIX}"
        started = time.monotonic()
        try:
            put_records(address.bucket, address.key, records)
        except DiscernError as error:
            with self._counting:
                self._lost += count
            _LOG.warning("%d exchanges are lost after %.1f s: %s", count, time.monotonic() - started, error)
            return False
        return True
