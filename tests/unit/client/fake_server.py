"""HTTP server on loopback that sends scripted replies and records the requests."""

import json
import socket
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.waiting import wait_until

LONG = 20
"""Seconds after which a test gives up waiting."""

ANSWER = {
    "label": "red",
    "decision": "accept",
    "confidence": 0.9375,
    "probabilities": {"dark": 0.0625, "red": 0.9375},
    "set": ["red"],
    "unknown_score": 0.25,
    "looks_like": None,
    "message": 'This is "red" (94 %).',
    "model": {"name": "colours", "version": "1", "fingerprint": "ab" * 32},
    "id": "0" * 32,
}


@dataclass(frozen=True, kw_only=True)
class Reply:
    """Reply to one request; without a status, the connection is cut.

    Attributes:
        status: HTTP status code.
        body: JSON value, or bytes as they are.
        headers: headers beside `Content-Length`.
        raw: chunks to send instead of all of this, until the client disconnects.
    """

    status: int | None = 200
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    raw: Iterable[bytes] | None = None

    def content(self) -> bytes:
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


def refusal(status: int, code: str, **headers: str) -> Reply:
    error = {"error": {"code": code, "message": f"It is {code}.", "hint": "Do something."}}
    return Reply(status=status, body=error, headers={name.replace("_", "-"): text for name, text in headers.items()})


CUT = Reply(status=None)
GOOD = Reply(body=ANSWER)


@dataclass(frozen=True, kw_only=True)
class Request:
    """A recorded request."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass
class FakeServer:
    """A running server.

    Attributes:
        url: its address.
        requests: every request so far.
        connections: number of open connections.
    """

    url: str
    requests: list[Request] = field(default_factory=list)
    connections: int = 0

    def wait_until_left(self) -> None:
        """Wait until no client is connected, nor has a connection that is not accepted yet."""
        host, port = self.url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port)), LONG) as last:  # connections are accepted in their order
            last.shutdown(socket.SHUT_WR)
            assert last.recv(1) == b""
        wait_until(lambda: not self.connections, LONG)


@contextmanager
def serving(*replies: Reply | Callable[[Request], Reply]) -> Iterator[FakeServer]:
    """Run a server that sends the replies one by one, the last one for all further requests."""
    fake = FakeServer("")
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            request = Request(method=self.command, path=self.path, headers=dict(self.headers), body=body)
            with lock:
                reply = replies[min(len(fake.requests), len(replies) - 1)]
                fake.requests.append(request)
            reply = reply if isinstance(reply, Reply) else reply(request)
            with suppress(ConnectionError):  # of clients that left
                self.send(reply)

        def send(self, reply: Reply) -> None:
            if reply.status is None or reply.raw:
                self.close_connection = True
                for chunk in reply.raw or ():
                    self.wfile.write(chunk)
                return
            content = reply.content()
            self.send_response(reply.status)
            for name, value in {"Content-Length": str(len(content)), **reply.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = answer  # noqa: N815 - the library's names

        def handle(self) -> None:
            try:
                with suppress(ConnectionError):
                    super().handle()
            finally:
                with lock:
                    fake.connections -= 1

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    class Server(ThreadingHTTPServer):
        def process_request(self, request: Any, client_address: Any) -> None:
            with lock:
                fake.connections += 1
            super().process_request(request, client_address)

    with Server(("127.0.0.1", 0), Handler) as server:
        fake.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield fake
        finally:
            server.shutdown()
            thread.join()
