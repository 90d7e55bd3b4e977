"""The hub's description of a file is read from its headers, across redirects that keep the token safe."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from tests.unit.features.backbones.hub_server import COMMIT, REPOSITORY, Hub, serve_hub

from discern.errors import BackboneError
from discern.features.backbones.hub_address import HubFile, find_endpoint
from discern.features.backbones.hub_response import describe_failure, describe_file, open_response

CONTENT = b"content of a file"


@pytest.fixture
def hub() -> Iterator[Hub]:
    with serve_hub(CONTENT) as server:
        yield server


def describe(hub: Hub, *, repository: str = REPOSITORY, most: int = 100, **environment: str) -> HubFile:
    endpoint = find_endpoint(hub.environment(**environment))
    return describe_file(endpoint, repository, "model.safetensors", name="kept", most=most)


def test_a_file_is_described_by_one_request_without_its_content(hub: Hub) -> None:
    found = describe(hub)
    assert found == replace(hub.file(path="model.safetensors"), name="kept")
    assert [path for path, _ in hub.requests] == [f"/{REPOSITORY}/resolve/main/model.safetensors"]
    assert "Range" not in hub.requests[0][1]
    assert hub.requests[0][1]["Accept-Encoding"] == "identity"


def test_a_hub_that_does_not_redirect_describes_as_well(hub: Hub) -> None:
    hub.status = 200
    assert describe(hub).commit == COMMIT


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ({"commit": "main"}, "does not state the commit, the sha256 and the size of model.safetensors"),
        ({"commit": COMMIT.upper()}, "does not state"),
        ({"commit": COMMIT[:-1]}, "does not state"),
        ({"linked_etag": "f" * 63}, "does not state"),
        ({"linked_etag": "../../etc/passwd"}, "does not state"),
        ({"linked_size": -1}, "does not state"),
        ({"linked_size": 10**13}, "does not state"),
        ({"linked_size": 101}, "has 101 bytes; 100 are allowed"),
        ({"status": 404}, "status 404 for model.safetensors: it does not have it"),
        ({"status": 401}, "set HF_TOKEN"),
        ({"status": 500}, "has a fault: try again later"),
        ({"status": 429, "headers": {"Retry-After": "1000000000000"}}, "try again later"),
    ],
)
def test_an_incomplete_description_is_refused(hub: Hub, fault: dict[str, Any], message: str) -> None:
    for name, value in fault.items():
        setattr(hub, name, value)
    with pytest.raises(BackboneError, match=message):
        describe(hub)
    assert len(hub.requests) == 1


def test_a_mirror_without_the_headers_is_named_in_the_remedy(hub: Hub) -> None:
    hub.linked_etag = "none"
    with pytest.raises(BackboneError) as caught:
        describe(hub)
    assert hub.address.removeprefix("http://") in caught.value.message
    assert "HF_ENDPOINT" in caught.value.hint


def test_a_renamed_repository_is_followed_without_the_token_to_another_host(hub: Hub) -> None:
    with serve_hub(b"x") as former:
        former.status, former.commit = 307, ""
        former.location = f"{hub.address}/{REPOSITORY}/resolve/main/model.safetensors"
        former.silent = True
        found = describe_file(
            find_endpoint(former.environment(HF_TOKEN="hf_secret")), "old/name", "model.safetensors", name="n", most=100
        )
    assert found.sha256 == hub.file().sha256
    assert [headers.get("Authorization") for _, headers in former.requests] == ["Bearer hf_secret"]
    assert [headers.get("Authorization") for _, headers in hub.requests] == [None]


def test_redirects_without_end_are_refused(hub: Hub) -> None:
    hub.status, hub.silent = 302, True
    hub.location = f"/{REPOSITORY}/resolve/main/model.safetensors"
    with pytest.raises(BackboneError, match="without end"):
        describe(hub)
    hub.location = "x/"
    with pytest.raises(BackboneError, match="without end"):
        describe(hub)
    assert len(hub.requests) < 10


def test_a_redirect_to_a_file_of_this_machine_is_refused(hub: Hub) -> None:
    hub.status, hub.silent, hub.location = 302, True, "file:///etc/passwd"
    with pytest.raises(BackboneError, match="invalid address"):
        describe(hub)


@pytest.mark.parametrize("kind", ["text/html", "text/html; charset=utf-8", "application/xhtml+xml", "TEXT/HTML"])
def test_a_web_page_is_not_a_file(hub: Hub, kind: str) -> None:
    hub.headers = {"Content-Type": kind}
    with (
        pytest.raises(BackboneError, match="web page"),
        open_response(find_endpoint(hub.environment()), hub.file(), start=0),
    ):
        pass


@pytest.mark.parametrize(("kind", "accepted"), [("identity", True), ("", True), ("br", False), ("GZIP", False)])
def test_only_a_body_as_it_is_is_read(hub: Hub, kind: str, accepted: bool) -> None:
    hub.headers = {"Content-Encoding": kind}
    endpoint = find_endpoint(hub.environment())
    if accepted:
        with open_response(endpoint, hub.file(), start=0) as (response, first):
            assert (response.read(), first) == (CONTENT, 0)
    else:
        with pytest.raises(BackboneError, match="in the encoding"), open_response(endpoint, hub.file(), start=0):
            pass


def test_failures_are_described_by_their_reason() -> None:
    assert describe_failure(OSError(111, "Connection refused")) == "Connection refused"
    assert describe_failure(ValueError()) == "ValueError"
    assert describe_failure(ValueError("odd port")) == "odd port"
