"""Statuses become reasons, temporary or not."""

import pytest

from discern.collecting.downloads.download_error import status_error


@pytest.mark.parametrize(
    ("status", "reason", "is_temporary"),
    [(404, "not_found", False), (410, "not_found", False), (401, "forbidden", False), (418, "refused", False),
     (408, "refused", True), (429, "busy", True), (500, "server_error", True), (503, "server_error", True)],
)  # fmt: skip
def test_each_status_has_a_reason(status: int, reason: str, is_temporary: bool) -> None:
    error = status_error(status, 3.0)
    assert (error.reason, error.is_temporary, error.retry_after) == (reason, is_temporary, 3.0)
    assert str(status) in error.message
