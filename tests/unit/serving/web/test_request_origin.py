"""Host and Origin headers: a server on loopback answers to its own names, and to its own page."""

from collections.abc import Callable
from pathlib import Path

from starlette.testclient import TestClient

from tests.unit.serving.web.conftest import RED

HERE = "http://localhost:8000"


def get(client: TestClient, host: str, path: str = "/model") -> int:
    answer = client.get(path, headers={"Host": host})
    if answer.status_code == 400:
        assert set(answer.json()["error"]) == {"code", "message", "hint"}
    return answer.status_code


def test_a_server_on_loopback_has_known_names(client: TestClient) -> None:
    for host in ("localhost", "LOCALHOST:8000", "localhost.", "127.0.0.1:1", "[::1]:8000", "[0::1]"):
        assert get(client, host) == 200, host


OTHERS = (
    "evil.example", "evil.example:8000", "localhost.evil.example", "user@localhost", "[::1%25lo]", "127.1", "192.0.2.1",
    "2130706433", "localhost,evil.example", "", "localhost..",
)  # fmt: skip


def test_other_names_are_rejected(client: TestClient) -> None:
    for host in OTHERS:
        for path in ("/model", "/", "/healthz", "/page/config.json"):
            assert get(client, host, path) == 400, (host, path)


def test_the_error_names_the_option(client: TestClient) -> None:
    error = client.get("/model", headers={"Host": "evil.example"}).json()["error"]
    assert "evil.example" in error["message"]
    assert "--allowed-host" in error["hint"]


def test_names_can_be_allowed(serve: Callable[..., TestClient]) -> None:
    client = serve(allowed_hosts=("Shop.example",))
    assert [get(client, host) for host in ("shop.example:443", "localhost", "evil.example")] == [200, 200, 400]


def test_other_addresses_have_any_name_unless_names_are_given(serve: Callable[..., TestClient]) -> None:
    remote = {"host": "0.0.0.0", "no_auth": True}
    assert get(serve(**remote), "shop.example") == 200
    limited = serve(**remote, allowed_hosts=("shop.example",))
    assert [get(limited, host) for host in ("shop.example", "localhost", "evil.example")] == [200, 200, 400]
    assert limited.get("/healthz").status_code == 200  # by the name of the socket, as probes send it
    assert serve(**remote).post("/predict", content=RED, headers={"Host": "a b"}).status_code == 400


def test_exactly_one_host_is_sent(client: TestClient) -> None:
    for hosts in (["localhost", "localhost"], ["localhost", "evil.example"]):
        assert client.get("/model", headers=[("Host", host) for host in hosts]).status_code == 400


def post(client: TestClient, **headers: str) -> int:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.post("/predict", content=RED, headers={"Host": "localhost:8000"} | named).status_code


FOREIGN: tuple[dict[str, str], ...] = (
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": "http://localhost:9999"},
    {"Origin": "http://localhost"},
    {"Origin": "file://"},
    {"Origin": "http://127.0.0.1:8000"},
    {"Sec_Fetch_Site": "cross-site"},
    {"Sec_Fetch_Site": "same-site", "Origin": HERE},
)
OWN: tuple[dict[str, str], ...] = (
    {},
    {"Origin": HERE},
    {"Sec_Fetch_Site": "same-origin"},
    {"Sec_Fetch_Site": "same-origin", "Origin": "https://behind.example"},
    {"Sec_Fetch_Site": "none"},
)


def test_only_the_own_page_and_programs_can_send_pictures(client: TestClient) -> None:
    assert [post(client, **headers) for headers in FOREIGN] == [403] * len(FOREIGN)
    assert [post(client, **headers) for headers in OWN] == [200] * len(OWN)
    assert client.get("/model", headers={"Host": "localhost", "Origin": "https://evil.example"}).status_code == 200


def test_allowed_origins_and_hosts_can(serve: Callable[..., TestClient]) -> None:
    shop = {"Origin": "https://shop.example", "Sec_Fetch_Site": "cross-site"}
    assert post(serve(), **shop) == 403
    for options in ({"cors": ("https://shop.example",)}, {"cors": ("*",)}, {"allowed_hosts": ("shop.example",)}):
        assert post(serve(**options), **shop) == 200


def test_a_server_with_keys_needs_no_origin(serve: Callable[..., TestClient], keys: tuple[Path, str]) -> None:
    assert post(serve(key_file=keys[0]), Origin="https://evil.example", X_API_Key=keys[1]) == 200
