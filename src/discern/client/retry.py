"""Retry rules for HTTP requests to a Discern server."""

from collections.abc import Mapping

from discern.client.address import Address
from discern.client.backoff import Backoff, read_retry_after
from discern.client.response import RETRIED, read_error
from discern.errors import DiscernError, Unreachable

CONNECTING_SECONDS = 10.0
"""Time during which connecting to an unreachable server is retried."""


class Exchange:
    """HTTP request to a Discern server, with its retries and deadline.

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
        """Return the seconds that remain until the deadline of the request."""
        return self._backoff.left

    def after_error_response(self, status: int, headers: Mapping[str, str], body: bytes) -> float:
        """Return the delay in seconds before retrying a request that received an error response.

        Raises:
            PictureError: the picture cannot be used.
            RequestError: the error is permanent, or no time is left to retry.
        """
        error = read_error(status, headers, body, self._address.base)
        if status not in RETRIED:
            raise error
        return self._retry(error, self._backoff.pause(read_retry_after(headers.get("retry-after"))))

    def after_failure(self, failure: Exception) -> float:
        """Return the delay in seconds before retrying a request whose connection failed.

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
        """Return the last error of the request, or a timeout error if there is none."""
        return self._last_error or Unreachable(
            f"{self._address.base} did not respond within {self._seconds:g} seconds.",
            hint="Check the server and its address, or pass a longer `timeout`.",
        )

    def _retry(self, error: DiscernError, seconds: float | None) -> float:
        self._last_error = error
        if seconds is None:
            raise error
        return seconds
