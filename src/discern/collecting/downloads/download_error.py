"""Reasons why an address gives no picture."""


class DownloadError(Exception):
    """Error for an address that gives no picture.

    Args:
        reason: short name of the reason.
        message: sentence for the user.
        is_temporary: whether another attempt may succeed.
        retry_after: seconds that the server asks to wait; None for none.
    """

    def __init__(
        self, reason: str, message: str, *, is_temporary: bool = False, retry_after: float | None = None
    ) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message
        self.is_temporary = is_temporary
        self.retry_after = retry_after


_REASONS = {
    401: ("forbidden", "The server asks for a login"),
    403: ("forbidden", "The server does not permit access"),
    404: ("not_found", "The server does not have it"),
    410: ("not_found", "The server no longer has it"),
    429: ("busy", "The server allows no more requests for now"),
    451: ("forbidden", "The server may not send it for legal reasons"),
}
_TEMPORARY = {408, 425, 429}


def status_error(status: int, retry_after: float | None) -> DownloadError:
    """Return the error for an HTTP status other than 200."""
    other = ("server_error", "The server has a fault") if status >= 500 else ("refused", "The server refuses")
    reason, message = _REASONS.get(status, other)
    is_temporary = status in _TEMPORARY or status >= 500
    return DownloadError(reason, f"{message} (status {status}).", is_temporary=is_temporary, retry_after=retry_after)
