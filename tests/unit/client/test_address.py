"""Server addresses: every spelling is understood, and credentials are never shown."""

import base64
from typing import Any

import pytest

from discern import errors
from discern.client import AsyncClient, Client
from discern.client.address import read_address
from discern.errors import Unreachable, UsageError
from tests.unit.client.conftest import Ask
from tests.unit.client.fake_server import GOOD, Reply, refusal, serving


@pytest.mark.parametrize(("end", "path"), [("", "/predict"), ("/", "/predict"), ("/predict", "/predict")])
def test_every_spelling_leads_to_the_same_endpoint(ask: Ask, end: str, path: str) -> None:
    with serving(GOOD) as server:
        ask(server.url + end)
    assert server.requests[0].path == path


def test_a_path_prefix_and_a_model_are_kept(ask: Ask) -> None:
    with serving(GOOD) as server:
        ask(f"{server.url}/fruit/predict?model=ripe%20ones")
        ask(server.url, model="other")
    assert [request.path for request in server.requests] == ["/fruit/predict?model=ripe+ones", "/predict?model=other"]


@pytest.mark.parametrize("url", ["", "localhost:8000", "ftp://a", "http://", "http://a:99999", "http://a b/", None])
def test_an_invalid_address_is_refused(ask: Ask, url: Any) -> None:
    with pytest.raises(UsageError, match="Invalid server address"):
        ask(url)


def test_user_and_password_are_sent_and_never_shown(ask: Ask) -> None:
    with serving(refusal(422, "damaged"), Reply(status=500)) as server:
        address = server.url.replace("//", "//user:se%20cret@")
        for client in (Client(address), AsyncClient(address)):
            assert client.url == server.url
        for kind in (errors.DamagedPicture, Unreachable):
            with pytest.raises(kind) as raised:
                ask(address, key="key")
            assert "cret" not in str(raised.value)
    sent = server.requests[0].headers
    assert base64.b64decode(sent["Authorization"].removeprefix("Basic ")) == b"user:se cret"
    assert sent["X-API-Key"] == "key"


@pytest.mark.parametrize("url", ["http://user:secret@a:99999", "http://user:se/cret@a", "user:secret@a:80"])
def test_nor_are_they_shown_where_the_address_is_invalid(ask: Ask, url: str) -> None:
    with pytest.raises(UsageError, match="Invalid server address") as raised:
        ask(url)
    assert "cret" not in str(raised.value)


@pytest.mark.parametrize("kind", [Client, AsyncClient])
def test_the_client_names_its_model(kind: type[Client] | type[AsyncClient]) -> None:
    assert kind("http://a").model is None
    assert kind("http://a/predict?model=ripe").model == "ripe"
    assert kind("http://a?model=ripe", model="other").model == "other"


@pytest.mark.parametrize("value", [None, 7, ["http://127.0.0.1"], b"http://127.0.0.1"])
def test_another_type_is_not_an_address(value: object) -> None:
    with pytest.raises(UsageError, match=f"Invalid server address: it is {type(value).__name__}, not text"):
        read_address(value)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("query", "why"),
    [
        ("model=ripe&model=green", "it names several models: 'ripe' and 'green'"),
        ("Model=ripe", "its parameter 'Model' is not known"),
        ("model=ripe&key=secret", "its parameter 'key' is not known"),
    ],
)
@pytest.mark.parametrize("kind", [Client, AsyncClient])
def test_no_part_of_the_query_is_ignored(kind: type[Client | AsyncClient], query: str, why: str) -> None:
    with pytest.raises(UsageError, match=why):
        kind(f"http://a/predict?{query}")
    assert kind("http://a?model=ripe&model=ripe").model == "ripe"
