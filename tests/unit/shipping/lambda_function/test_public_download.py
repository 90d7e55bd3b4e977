"""Images are downloaded from public addresses only, within limits of size and time."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from discern.errors import BadRequest, RequestTooLarge, Unreachable
from discern.shipping.lambda_function.public_download import download


@contextmanager
def server(status: int = 200, body: bytes = b"picture", **headers: str) -> Iterator[int]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name.replace("_", "-"), value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    listening = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=listening.serve_forever, args=(0.01,), daemon=True).start()
    yield listening.server_address[1]
    listening.shutdown()
    listening.server_close()


def fetch(port: int, **options: int) -> bytes:
    return download(
        f"http://127.0.0.1:{port}/a.png", ports=[port], is_allowed=lambda _: True, **{"max_bytes": 100, **options}
    )


def test_a_picture_is_downloaded() -> None:
    with server() as port:
        assert fetch(port) == b"picture"
    with server(Content_Length="7") as port:
        assert fetch(port) == b"picture"


@pytest.mark.parametrize(
    "address", ["http://127.0.0.1/", "http://localhost/", "http://169.254.169.254/", "http://[::1]/"]
)
def test_private_addresses_are_refused(address: str) -> None:
    with pytest.raises(BadRequest, match="public internet"):
        download(address, max_bytes=100)


def test_what_goes_wrong_upstream_is_unreachable() -> None:
    with server(404) as port, pytest.raises(Unreachable, match="status 404"):
        fetch(port)
    with server(Content_Length="9") as port, pytest.raises(Unreachable, match="IncompleteRead"):
        fetch(port)
    with server(302, Location="/b.png") as port, pytest.raises(BadRequest, match="redirects more"):
        fetch(port)
    with server() as port:
        pass
    with pytest.raises(Unreachable, match="cannot be fetched"):
        fetch(port)


def test_large_pictures_are_refused() -> None:
    with server(body=b"x" * 200) as port, pytest.raises(RequestTooLarge):
        fetch(port)
    with server(302, Location="https://example.org/") as port, pytest.raises(BadRequest, match="another host"):
        fetch(port)
