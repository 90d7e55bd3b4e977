"""CORS: allowed origins, preflight requests and error responses."""

from collections.abc import Callable
from pathlib import Path

from starlette.testclient import TestClient

from tests.unit.serving.web.conftest import RED


def test_other_origins_are_allowed_by_configuration_only(serve: Callable[..., TestClient]) -> None:
    origin = {"Origin": "https://shop.example"}
    assert "access-control-allow-origin" not in serve().get("/model", headers=origin).headers
    allowed = serve(cors=("https://shop.example",))
    assert allowed.get("/model", headers=origin).headers["access-control-allow-origin"] == "https://shop.example"
    other = allowed.get("/model", headers={"Origin": "https://evil.example"})
    assert "access-control-allow-origin" not in other.headers
    asking = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}
    assert allowed.options("/predict", headers=origin | asking).status_code == 200


def test_a_preflight_of_another_origin_is_rejected_like_any_request(serve: Callable[..., TestClient]) -> None:
    asking = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
    rejected = serve(cors=("https://shop.example",)).options("/predict", headers=asking)
    assert (rejected.status_code, rejected.json()["error"]["code"]) == (400, "bad_request")
    assert "--cors" in rejected.json()["error"]["hint"]
    assert "access-control-allow-origin" not in rejected.headers
    assert "Origin" in rejected.headers["vary"]


def test_an_allowed_origin_can_read_error_responses(serve: Callable[..., TestClient], keys: tuple[Path, str]) -> None:
    client = serve(cors=("https://shop.example",), key_file=keys[0])
    rejected = client.post("/predict", content=RED, headers={"Origin": "https://shop.example"})
    assert rejected.status_code == 401
    assert rejected.headers["access-control-allow-origin"] == "https://shop.example"
