"""HTTP proxy on the loopback interface that drops, refuses, slows or alters some of the responses of a server."""

import http.client
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

Fault = str | tuple[int, bytes] | None
"""None; "refuse" (503), "drop" (no response), "cut" (half of the body), "slow" (in pieces) or "alter" (a byte); or
status and body of another answer."""

_HOP = ("connection", "transfer-encoding", "keep-alive", "content-length")
_SLOW_PIECES, _SLOW_SECONDS = 8, 0.05


class FaultyProxy(ThreadingHTTPServer):
    """Proxy whose faults a function chooses.

    Args:
        target: URL of the server.
        choose: called with method and path of each request; returns its fault.
    """

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, target: str, choose: Callable[[str, str], Fault]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.target, self.choose = urlsplit(target), choose
        self.requests = list[tuple[str, str, Fault]]()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, *_: Any) -> None:
        """Ignore clients that close their connections."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: FaultyProxy

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        fault = self.server.choose(self.command, self.path)
        self.server.requests.append((self.command, self.path, fault))
        if isinstance(fault, tuple):
            self._answer(fault[0], [], fault[1])
        elif fault == "refuse":
            self._answer(503, [], b"<Error><Code>SlowDown</Code><Message>Reduce your rate.</Message></Error>")
        elif fault == "drop":
            self.close_connection = True
        else:
            target = self.server.target
            connection = http.client.HTTPConnection(str(target.hostname), target.port, timeout=60)
            connection.request(self.command, self.path, body, dict(self.headers.items()))
            response = connection.getresponse()
            self._answer(response.status, response.getheaders(), response.read(), fault)
            connection.close()

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_PUT(self) -> None:
        self.do_GET()

    def do_POST(self) -> None:
        self.do_GET()

    def do_DELETE(self) -> None:
        self.do_GET()

    def _answer(self, status: int, headers: list[tuple[str, str]], body: bytes, fault: Fault = None) -> None:
        self.send_response(status)
        given = [value for name, value in headers if name.lower() == "content-length"]
        for name, value in headers:
            if name.lower() not in _HOP:
                self.send_header(name, value)
        self.send_header("Content-Length", given[0] if self.command == "HEAD" and given else str(len(body)))
        self.end_headers()
        if self.command == "HEAD":
            return
        if fault == "alter" and body:
            body = bytes([body[0] ^ 1]) + body[1:]
        if fault == "cut" and body:
            self.wfile.write(body[: len(body) // 2])
            self.close_connection = True
        elif fault == "slow":
            size = max(1, len(body) // _SLOW_PIECES)
            for at in range(0, len(body), size):
                self.wfile.write(body[at : at + size])
                time.sleep(_SLOW_SECONDS)
        else:
            self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def faulty_proxy(target: str, choose: Callable[[str, str], Fault]) -> Iterator[FaultyProxy]:
    """Context manager for a proxy that runs in a thread."""
    proxy = FaultyProxy(target, choose)
    threading.Thread(target=proxy.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    try:
        yield proxy
    finally:
        proxy.shutdown()
        proxy.server_close()
