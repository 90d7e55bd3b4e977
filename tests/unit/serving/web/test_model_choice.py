"""A request names one model or none, and no name is ignored at any endpoint."""

from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from discern.serving.config import ServeConfig
from discern.serving.web.app import create_app
from tests.unit.serving.web.conftest import BYTES, RED, as_json, b64

TARGET = "X-Amzn-SageMaker-Target-Model"
INFER = as_json({"inputs": [BYTES | {"shape": [1], "data": b64(RED)}]})
JSON = as_json({"image_b64": b64(RED)[0]})
# Method, path and arguments of every endpoint that answers by a model.
BY_QUERY = [
    ("POST", "/predict", {"content": RED}),
    ("POST", "/predict", JSON),
    ("POST", "/predict", {"files": {"file": RED}}),
    ("POST", "/invocations", {"content": RED}),
    ("POST", "/invocations", JSON),
    ("GET", "/model", {}),
    ("GET", "/ping", {}),
]
BY_PATH = [
    ("POST", "/v2/models/first/infer", INFER),
    ("GET", "/v2/models/first", {}),
    ("GET", "/v2/models/first/ready", {}),
    ("GET", "/v2/models/first/versions/1", {}),
]
WITHOUT = [
    ("GET", path, {}) for path in ("/healthz", "/readyz", "/metrics", "/v2", "/v2/health/live", "/v2/health/ready")
]


@pytest.fixture(scope="module")
def client(bundle: Path) -> Any:
    config = ServeConfig(bundles=(f"first={bundle}", f"second={bundle}"), no_auth=True)
    with TestClient(create_app(config), base_url="http://127.0.0.1") as client:
        yield client


def send(client: TestClient, endpoint: tuple[str, str, dict[str, Any]], query: str, **headers: str) -> Any:
    method, path, more = endpoint
    response = client.request(method, f"{path}?{query}", **more | {"headers": more.get("headers", {}) | headers})
    is_json = "json" in response.headers["content-type"]
    return response.status_code, response.json().get("error", {}) if is_json else {}


@pytest.mark.parametrize("endpoint", BY_QUERY, ids=lambda each: " ".join(each[:2]))
def test_one_model_is_named_in_the_query(client: TestClient, endpoint: Any) -> None:
    assert send(client, endpoint, "model=second")[0] == 200
    assert send(client, endpoint, "model=second&model=second")[0] == 200
    status, error = send(client, endpoint, "model=third")
    assert (status, error["hint"]) == (404, "Available models: first, second.")
    status, error = send(client, endpoint, "model=first&model=second")
    assert (status, error["message"]) == (400, "The query names several models: 'first' and 'second'.")
    for alike in ("Model", "model_name", "modelName", "models", "target-model", "bundle"):
        status, error = send(client, endpoint, f"{alike}=second")
        assert (status, error["hint"]) == (400, "Name the model with ?model=NAME.")


@pytest.mark.parametrize("endpoint", BY_PATH, ids=lambda each: each[1])
def test_the_open_inference_protocol_names_it_in_the_path(client: TestClient, endpoint: Any) -> None:
    assert send(client, endpoint, "model=first")[0] == 200
    for query in ("model=second", "model=first&model=second", "model_name=first", "Model=first"):
        status, error = send(client, endpoint, query)
        assert (status, error["hint"]) == (400, "Name it in the path: /v2/models/NAME/infer.")
    assert send(client, endpoint, "", **{TARGET: "second"})[0] == 400


@pytest.mark.parametrize("endpoint", WITHOUT, ids=lambda each: each[1])
def test_endpoints_without_a_model_take_none(client: TestClient, endpoint: Any) -> None:
    assert send(client, endpoint, "")[0] == 200
    for query in ("model=first", "models=first"):
        assert send(client, endpoint, query)[0] == 400


def test_the_header_works_or_is_refused(client: TestClient) -> None:
    for endpoint in BY_QUERY:
        status, error = send(client, endpoint, "", **{TARGET: "second"})
        if endpoint[1] in ("/ping", "/invocations"):
            assert status == 200
            assert send(client, endpoint, "model=first", **{TARGET: "second"})[0] == 400
        else:
            assert (status, error["message"]) == (400, f"{endpoint[1]} does not read the header {TARGET}.")


def test_a_model_in_the_body_is_not_ignored(client: TestClient) -> None:
    picture = {"image_b64": b64(RED)[0]}
    for path in ("/predict", "/invocations"):
        for body in (picture | {"model": "second"}, [picture | {"model_name": "second"}]):
            response = client.post(path, **as_json(body))
            assert (response.status_code, response.json()["error"]["hint"]) == (
                *(400, "Name the model in the query: ?model=NAME."),
            )
        response = client.post(path, files={"file": RED}, data={"model": "second"})
        assert "?model=NAME" in response.json()["error"]["hint"]
    inputs = [BYTES | {"shape": [1], "data": b64(RED)}]
    for key, status in (("second", 400), ("first", 200)):
        response = client.post("/v2/models/first/infer", json={"inputs": inputs, "model_name": key})
        assert response.status_code == status
