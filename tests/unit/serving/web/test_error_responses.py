"""Error responses: one body for every error, whatever raised it."""

from collections.abc import Callable
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from discern.inference.model_registry import ModelRegistry
from tests.unit.serving.web.conftest import RED


@pytest.mark.parametrize(
    ("method", "path", "code"), [("GET", "/predict", 405), ("POST", "/model", 405), ("GET", "/x", 404)]
)
def test_unknown_paths_and_methods_have_the_same_error_body(
    client: TestClient, method: str, path: str, code: int
) -> None:
    answer = client.request(method, path)
    assert answer.status_code == code
    assert set(answer.json()["error"]) == {"code", "message", "hint"}
    if code == 405:
        assert answer.headers["allow"]


def test_an_invalid_query_parameter_is_named(client: TestClient) -> None:
    answer = client.post("/predict?evidence=perhaps", content=RED)
    assert answer.status_code == 400
    assert "evidence" in answer.json()["error"]["message"]


def test_validation_errors_are_summarised(serve: Callable[..., TestClient]) -> None:
    answer = serve().post("/v2/models/colours/infer", json={"inputs": [{"datatype": str(n)} for n in range(50)]})
    assert answer.status_code == 400
    assert len(answer.text) < 600


def test_an_unexpected_error_is_logged_with_its_cause(
    serve: Callable[..., TestClient], bundle: Path, logged: pytest.LogCaptureFixture
) -> None:
    registry = ModelRegistry([bundle])

    def fail(*_: object, **__: object) -> None:
        raise ArithmeticError("the cause")

    registry.submit_all = fail  # type: ignore[method-assign,assignment]
    answer = serve(app={"registry": registry}).post("/predict", content=RED)
    assert answer.status_code == 500
    assert answer.headers["x-request-id"] in answer.json()["error"]["hint"]
    assert "the cause" not in answer.text
    assert any(record.exc_info and "the cause" in str(record.exc_info[1]) for record in logged.records)
