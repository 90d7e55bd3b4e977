"""Access control: API keys, admin keys and clients."""

from collections.abc import Callable
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from discern.serving.web.access_control import client_address
from tests.unit.serving.web.conftest import RED


@pytest.mark.parametrize(
    "header", [{}, {"X-API-Key": "wrong"}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic x"}]
)
def test_requests_without_a_valid_key_are_rejected(
    serve: Callable[..., TestClient], keys: tuple[Path, str], header: dict[str, str]
) -> None:
    client = serve(key_file=keys[0])
    for method, path in (
        ("POST", "/predict"),
        ("POST", "/invocations"),
        ("GET", "/model"),
        ("GET", "/metrics"),
        ("POST", "/admin/reload"),
        ("GET", "/v2/models/colours"),
    ):
        answer = client.request(method, path, headers=header)
        assert (answer.status_code, answer.json()["error"]["code"]) == (401, "unauthorized"), path
        assert answer.headers["www-authenticate"] == "Bearer"
    assert client.get("/healthz").status_code == client.get("/ping").status_code == 200


def test_requests_with_a_valid_key_are_answered(serve: Callable[..., TestClient], keys: tuple[Path, str]) -> None:
    client = serve(key_file=keys[0])
    for header in ({"Authorization": f"Bearer {keys[1]}"}, {"X-API-Key": keys[1]}):
        assert client.post("/predict", content=RED, headers=header).status_code == 200
    assert client.post("/admin/reload", headers={"X-API-Key": keys[1]}).status_code == 403


def test_a_request_with_two_keys_is_rejected(serve: Callable[..., TestClient], keys: tuple[Path, str]) -> None:
    client, valid = serve(key_file=keys[0]), ("Authorization", f"Bearer {keys[1]}")
    for other in (valid, ("Authorization", "Bearer wrong"), ("X-API-Key", keys[1])):
        for headers in ([valid, other], [other, valid]):
            assert client.get("/model", headers=headers).status_code == 401
    assert client.get("/model", headers=[valid]).status_code == 200


def test_other_spellings_of_a_path_open_nothing(serve: Callable[..., TestClient], keys: tuple[Path, str]) -> None:
    client = serve(key_file=keys[0])
    for path in (
        "//model",
        "/page/../model",
        "/page/%2e%2e/model",
        "/v2/health/../models/colours",
        "/%6dodel",
        "/MODEL",
    ):
        for method in ("GET", "HEAD", "OPTIONS", "POST"):
            assert client.request(method, f"http://testserver{path}").status_code in (401, 404, 405), (method, path)


def test_without_keys_admin_requests_are_rejected(client: TestClient) -> None:
    answer = client.post("/admin/reload")
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "forbidden")


def test_ipv4_addresses_in_ipv6_form_are_one_client() -> None:
    addresses = ("192.0.2.1", "::ffff:192.0.2.1", "::ffff:192.0.2.2", "2001:db8::1", "2001:db8::2", "2001:db8:0:1::1")
    clients = [client_address({"client": (address, 1)}) for address in addresses]
    assert clients[0] == clients[1]
    assert clients[3] == clients[4]
    assert len(set(clients)) == 4


def test_an_ipv6_network_is_one_client() -> None:
    addresses = ["2001:db8::1", "2001:db8::ffff:1", "2001:db8:0:1::1", "203.0.113.9", "name"]
    found = [client_address({"type": "http", "client": (address, 1)}) for address in addresses]
    assert found == ["2001:db8::/64", "2001:db8::/64", "2001:db8:0:1::/64", "203.0.113.9", "name"]
    assert client_address({"type": "http"}) == "unknown"
