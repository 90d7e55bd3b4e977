"""Retries: temporary errors, the server's own waits, and the deadline."""

import time

import pytest

from discern import errors
from tests.unit.client.conftest import Ask
from tests.unit.client.fake_server import CUT, GOOD, refusal, serving


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_a_temporary_error_is_retried(ask: Ask, status: int) -> None:
    with serving(refusal(status, "overloaded"), GOOD) as server:
        assert ask(server.url).label == "red"
    assert len(server.requests) == 2


def test_a_cut_connection_is_retried(ask: Ask) -> None:
    with serving(CUT, CUT, GOOD) as server:
        assert ask(server.url).label == "red"
    assert {request.body for request in server.requests} == {b"x"}


def test_not_before_the_server_allows(ask: Ask) -> None:
    with serving(refusal(503, "overloaded", Retry_After="1"), GOOD) as server:
        start = time.monotonic()
        ask(server.url)
    assert time.monotonic() - start >= 1


def test_a_wait_beyond_the_deadline_is_not_started(ask: Ask) -> None:
    rejected = refusal(429, "rate_exceeded", Retry_After="3600")
    with serving(rejected) as server, pytest.raises(errors.RateExceeded) as raised:
        ask(server.url)
    assert raised.value.retry_after == 3600
    assert len(server.requests) == 1


@pytest.mark.parametrize("value", ["Wed, 21 Oct 2030 07:28:00 +99999999999999999999", "nan", "-5"])
def test_a_malformed_retry_after_is_ignored(ask: Ask, value: str) -> None:
    with serving(refusal(503, "overloaded", Retry_After=value), GOOD) as server:
        assert ask(server.url).label == "red"


def test_the_last_error_is_raised_at_the_deadline(ask: Ask) -> None:
    with serving(refusal(503, "overloaded")) as server, pytest.raises(errors.Overloaded):
        ask(server.url, timeout=1)
    assert 1 < len(server.requests) < 8
