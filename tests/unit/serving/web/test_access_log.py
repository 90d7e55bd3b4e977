"""Access log: one JSON object per request, without its content."""

import json
import logging
from collections.abc import Callable
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from discern.serving.web.access_log import AccessLog, JsonFormatter
from tests.unit.serving.web.conftest import RED


def test_a_request_is_logged_without_its_content(
    serve: Callable[..., TestClient], keys: tuple[Path, str], logged: pytest.LogCaptureFixture
) -> None:
    serve(key_file=keys[0]).post("/predict?secret=1", content=RED, headers={"X-API-Key": keys[1]})
    [record] = [record for record in logged.records if record.name == "discern.requests"]
    body = json.loads(JsonFormatter().format(record))
    assert {"time", "id", "ms"} < set(body)
    assert (body["method"], body["path"], body["status"], body["caller"]) == ("POST", "/predict", 200, "key:alice")
    assert keys[1] not in json.dumps(body)
    assert "IHDR" not in json.dumps(body)


def test_requests_with_invalid_keys_are_logged(
    serve: Callable[..., TestClient], keys: tuple[Path, str], logged: pytest.LogCaptureFixture
) -> None:
    serve(key_file=keys[0]).get("/model", headers={"X-API-Key": "guess"})
    [record] = [record for record in logged.records if record.name == "discern.requests"]
    assert (record.fields["status"], record.fields["caller"]) == (401, "testclient")


def test_a_record_is_one_line() -> None:
    record = logging.LogRecord("discern", logging.INFO, "", 0, "a\nb %s", ("\x1b[0m",), None)
    assert "\n" not in JsonFormatter().format(record)
    assert json.loads(JsonFormatter().format(record))["message"] == "a\nb \x1b[0m"


def test_rejections_in_quick_succession_are_summarised(logged: pytest.LogCaptureFixture) -> None:
    log = AccessLog()
    for status in (503, 503, 429, 200):
        log.log_request(status=status, id="x")
    log._last_rejection = float("-inf")  # a second later
    log.log_request(status=503, id="y")
    logged_fields = [(record.fields["status"], record.fields.get("refused_between")) for record in logged.records]
    assert logged_fields == [(503, 0), (200, None), (503, 2)]
