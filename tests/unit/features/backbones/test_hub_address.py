"""Requests go to the endpoint that the environment names, and secrets nowhere else."""

import pytest

from discern.errors import BackboneError, UsageError
from discern.features.backbones.hub_address import find_endpoint, is_offline, read_origin

FILE = "/owner/network/resolve/main/model.onnx"


@pytest.mark.parametrize(
    ("value", "address"),
    [
        ("", "https://huggingface.co"),
        ("https://mirror.example/hub/ ", "https://mirror.example/hub"),
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000"),
    ],
)
def test_the_endpoint_is_the_hub_or_a_mirror(value: str, address: str) -> None:
    assert find_endpoint({"HF_ENDPOINT": value}).address == address


@pytest.mark.parametrize(
    "value", ["mirror.example", "ftp://mirror.example", "file:///tmp", "https://", "http://[", "https://a.example/?x=1"]
)
def test_a_wrong_endpoint_is_refused(value: str) -> None:
    with pytest.raises(UsageError, match="HF_ENDPOINT is not an address"):
        find_endpoint({"HF_ENDPOINT": value})


@pytest.mark.parametrize(
    "environment", [{"HF_ENDPOINT": "https://name:secret@mirror.example"}, {"HF_TOKEN": "secret\r\nX-Other: 1"}]
)
def test_a_secret_in_the_wrong_place_is_not_quoted(environment: dict[str, str]) -> None:
    with pytest.raises(UsageError) as caught:
        find_endpoint(environment)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("endpoint", "url", "is_sent"),
    [
        ("https://mirror.example", f"https://mirror.example{FILE}", True),
        ("https://mirror.example", f"https://MIRROR.example:443{FILE}", True),
        ("https://mirror.example", f"https://mirror.example:8443{FILE}", False),
        ("https://mirror.example", f"https://mirror.example.evil.example{FILE}", False),
        ("https://mirror.example", f"https://cdn.mirror.example{FILE}", False),
        ("https://mirror.example", f"http://mirror.example{FILE}", False),
        ("http://mirror.example", f"http://mirror.example{FILE}", False),
        ("http://127.0.0.1:80", f"http://127.0.0.1{FILE}", True),
        ("http://localhost:8000", f"http://localhost:8000{FILE}", True),
        ("http://[::1]:8000", f"http://[::1]:8000{FILE}", True),
    ],
)
def test_the_token_is_sent_to_the_endpoint_over_safe_connections(endpoint: str, url: str, is_sent: bool) -> None:
    headers = find_endpoint({"HF_ENDPOINT": endpoint, "HF_TOKEN": "hf_secret"}).headers(url)
    assert headers == ({"Authorization": "Bearer hf_secret"} if is_sent else {})


def test_a_redirect_keeps_the_encryption() -> None:
    safe, plain = (find_endpoint({"HF_ENDPOINT": f"{scheme}://mirror.example"}) for scheme in ("https", "http"))
    with pytest.raises(BackboneError, match="without encryption"):
        safe.follow("https://mirror.example/a", "http://127.0.0.1/b")
    assert safe.follow("https://mirror.example/a", "//cdn.example/b") == "https://cdn.example/b"
    assert plain.follow("http://mirror.example/a", "http://cdn.example/b") == "http://cdn.example/b"
    with pytest.raises(BackboneError, match="invalid address"):
        safe.follow("https://mirror.example/a", "")


@pytest.mark.parametrize(("value", "expected"), [("1", True), ("True", True), ("0", False), ("", False), ("no", False)])
def test_offline_is_read_as_the_hubs_client_reads_it(value: str, expected: bool) -> None:
    assert is_offline({"HF_HUB_OFFLINE": value}) is expected


def test_an_origin_is_named_without_its_usual_port() -> None:
    named = [str(read_origin(url)) for url in ("https://a.example:443/x", "http://a.example:8000", "http://[::1]:80")]
    assert named == ["a.example", "a.example:8000", "[::1]"]
