"""Rules for the URLs of images and for what they respond with."""

import pytest

from discern.errors import BadRequest, RequestTooLarge
from discern.inference.image_url import check_response_headers, check_url, redirect_target, request_headers

URL = "https://example.org/a.png"


def test_web_addresses_are_allowed() -> None:
    assert check_url(URL) == URL
    assert check_url("http://example.org:80/") == "http://example.org:80/"
    assert request_headers("http://example.org:80/a")["Host"] == "example.org:80"


@pytest.mark.parametrize(
    "url",
    ["file:///etc/passwd", "http://a:8080/", "http://me@a/", "http://[a/", "https:///a", "http://ä/", "s3://a/b", ""],
)
def test_other_addresses_are_refused(url: str) -> None:
    with pytest.raises(BadRequest):
        check_url(url)


def test_redirects_stay_on_the_host() -> None:
    assert redirect_target(URL, "/b.png") == "https://example.org/b.png"
    for location in ("http://example.org/b.png", "https://example.com/", "https://[a/"):
        with pytest.raises(BadRequest):
            redirect_target(URL, location)


def test_large_and_compressed_responses_are_refused() -> None:
    check_response_headers([(b"Content-Length", b"9")], max_bytes=9)
    with pytest.raises(RequestTooLarge):
        check_response_headers([(b"content-length", b"10")], max_bytes=9)
    with pytest.raises(BadRequest):
        check_response_headers([(b"Content-Encoding", b"gzip")], max_bytes=9)
