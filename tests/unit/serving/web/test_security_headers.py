"""Security headers."""

from starlette.testclient import TestClient

from discern.serving.web.security_headers import SECURITY_HEADERS


def test_every_response_has_them(client: TestClient) -> None:
    for response in (client.get("/healthz"), client.get("/nothing"), client.post("/predict", content=b"text")):
        for name, value in SECURITY_HEADERS:
            assert response.headers[name.decode()] == value.decode()


def test_a_response_may_override_them(client: TestClient) -> None:
    assert client.get("/").headers.get_list("cache-control") == ["no-cache"]
