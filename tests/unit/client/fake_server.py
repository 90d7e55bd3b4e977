"""A server on loopback that answers what it was told to, and remembers what it was asked."""

import json
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

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
    """What is said to one question; no status: the connection is cut.

    Attributes:
        status: of the answer.
        body: JSON, or bytes as they are.
        headers: beside the length.
        raw: everything that is sent instead, piece by piece, until the asker leaves.
    """

    status: int | None = 200
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    raw: Iterable[bytes] | None = None

    def content(self) -> bytes:
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


def refusal(status: int, code: str, **headers: str) -> Reply:
    error = {"error": {"code": code, "message": f"It is {code}.", "hint": "Do something."}}
    return Reply(status=status, body=error, headers={name.replace("_", "-"): said for name, said in headers.items()})


CUT = Reply(status=None)
GOOD = Reply(body=ANSWER)


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One question."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass
class Scripted:
    """A running server.

    Attributes:
        url: its address.
        asked: every question so far.
    """

    url: str
    asked: list[Asked] = field(default_factory=list)


@contextmanager
def serving(*replies: Reply | Callable[[Asked], Reply]) -> Iterator[Scripted]:
    """Give the replies one by one, the last one for ever."""
    told = Scripted("")
    taking = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            asked = Asked(method=self.command, path=self.path, headers=dict(self.headers), body=body)
            with taking:
                reply = replies[min(len(told.asked), len(replies) - 1)]
                told.asked.append(asked)
            reply = reply if isinstance(reply, Reply) else reply(asked)
            with suppress(ConnectionError):  # of those who left
                self.say(reply)

        def say(self, reply: Reply) -> None:
            if reply.status is None or reply.raw:
                self.close_connection = True
                for piece in reply.raw or ():
                    self.wfile.write(piece)
                return
            content = reply.content()
            self.send_response(reply.status)
            for name, said in {"Content-Length": str(len(content)), **reply.headers}.items():
                self.send_header(name, said)
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = answer  # noqa: N815 - the library's names

        def handle(self) -> None:
            with suppress(ConnectionError):
                super().handle()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        told.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield told
        finally:
            server.shutdown()
            thread.join()
