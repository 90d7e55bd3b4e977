"""One request: limits on size and time, and addresses that are not requested."""

import asyncio

import pytest

from discern.collecting.downloads.download_error import DownloadError
from discern.collecting.downloads.web_client import Reply, WebClient, clean_url, follow_redirect, web_client
from tests.unit.collecting.downloads.web_server import jpeg, web_server


def get(path: str, *, max_bytes: int = 1 << 20, cut: bool = False) -> Reply:
    async def request(url: str) -> Reply:
        async with web_client(["127.0.0.1"], connections=2) as client:
            return await client.get(url, max_bytes=max_bytes, cut=cut)

    with web_server("127.0.0.1") as server:
        return asyncio.run(request(server.url(path)))


def refusal(path: str) -> DownloadError:
    with pytest.raises(DownloadError) as caught:
        get(path)
    return caught.value


def test_a_picture_and_its_licence() -> None:
    reply = get("/licensed/3")
    assert (reply.status, reply.body, reply.license) == (200, jpeg(3), "https://cc.example/by/4.0")
    assert get("/ok/3").license == ""


def test_a_redirect_is_not_followed() -> None:
    assert (get("/to/ok/1").status, get("/to/ok/1").location) == (302, "/ok/1")


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("/endless/", "too_large"),
        ("/huge/", "too_large"),
        ("/drop/", "unreachable"),
        ("/packed/", "refused"),
        ("/missing/", "not_found"),
    ],
)
def test_other_replies_are_errors(path: str, reason: str) -> None:
    assert refusal(path).reason == reason


def test_a_long_body_can_be_cut() -> None:
    assert len(get("/endless/", max_bytes=1000, cut=True).body) == 1000


def test_a_slow_reply_ends_at_the_time_limit() -> None:
    async def request(url: str) -> None:
        client = WebClient(["127.0.0.1"], connections=1, timeout=0.2)
        try:
            await client.get(url, max_bytes=1000)
        finally:
            await client.close()

    with web_server("127.0.0.1") as server:
        server.delay = 1
        with pytest.raises(DownloadError, match=r"within 0\.2 s") as caught:
            asyncio.run(request(server.url("/ok/1")))
    assert (caught.value.reason, caught.value.is_temporary) == ("timeout", True)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://a.example", "https://a.example"),
        (" HTTPS://A.example:8443/x y?q=ä#part ", "https://a.example:8443/x%20y?q=%C3%A4"),
        ("http://bücher.example/", "http://xn--bcher-kva.example/"),
        ("http://[::1]:8000/a", "http://[::1]:8000/a"),
    ],
)
def test_addresses_are_encoded(url: str, expected: str) -> None:
    assert clean_url(url) == expected


@pytest.mark.parametrize(
    "url",
    ["", "photo.jpg", "ftp://a.example/x", "file:///etc/passwd", "http://", "http://u:p@a.example/", "http://a.example:0/",
     "http://a.example:99999/", "http://[::1/", "http://a.example/" + "x" * 9000, "javascript:alert(1)",
     "http://a b.example/"],
)  # fmt: skip
def test_other_addresses_are_refused(url: str) -> None:
    with pytest.raises(DownloadError) as caught:
        clean_url(url)
    assert caught.value.reason == "invalid_address"


def test_targets_of_redirects() -> None:
    assert follow_redirect("https://a.example/x/y", "../z") == "https://a.example/z"
    assert follow_redirect("https://a.example/x", "http://b.example/") == "http://b.example/"
    for location in ("", "file:///etc/passwd", "http://u:p@b.example/", "http://[x"):
        with pytest.raises(DownloadError, match="invalid address"):
            follow_redirect("https://a.example/x", location)
