"""Server on loopback that behaves like the Hugging Face hub: it redirects files to the paths of a CDN."""

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from time import sleep
from urllib.parse import urlsplit

from discern.features.backbones.hub_address import HubFile

COMMIT = "8b1f705a3a7f6f062f6bdd21986c1583d3ef105d"
REPOSITORY = "owner/network"


@dataclass
class Hub:
    """State of a server, whose faults a test sets.

    Attributes:
        content: the file's content.
        sent: content that the CDN sends instead.
        stop_after: bytes of the body after which the CDN closes the connection.
        status: status of the hub's response, instead of a redirect.
        location: target of the redirect, instead of the CDN's path.
        commit, linked_size, linked_etag: what the hub's headers say, instead of the truth.
        ranges: whether the CDN supports them; "wrong" for another part than was requested.
        endless: whether the body never ends.
        chunked: whether the body has no length.
        declared: length that the CDN declares, instead of the truth.
        headers: further headers of the CDN's response, or of the hub's if it has a status of its own.
        silent: whether the hub leaves out its own headers.
        repository: owner and name of the repository.
        pause: seconds between parts of the body, of a hundredth each.
        requests: path and headers of all requests.
    """

    content: bytes
    sent: bytes | None = None
    stop_after: int | None = None
    status: int | None = None
    location: str | None = None
    commit: str = COMMIT
    linked_size: int | None = None
    linked_etag: str | None = None
    ranges: bool | str = True
    endless: bool = False
    chunked: bool = False
    declared: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    silent: bool = False
    repository: str = REPOSITORY
    pause: float = 0.0
    address: str = ""
    requests: list[tuple[str, Mapping[str, str]]] = field(default_factory=list)

    def file(self, *, size: bool = True, name: str = "network.onnx", path: str = "onnx/model.onnx") -> HubFile:
        """Describe the pinned file."""
        digest = hashlib.sha256(self.content).hexdigest()
        length = len(self.content) if size else None
        return HubFile(name=name, repository=self.repository, commit=COMMIT, path=path, sha256=digest, size=length)

    def environment(self, **others: str) -> dict[str, str]:
        return {"HF_ENDPOINT": self.address, "HF_HUB_CACHE": "/nowhere", **others}


@contextmanager
def serve_hub(content: bytes) -> Iterator[Hub]:
    """Run a hub with one file on a free port."""
    hub = Hub(content)
    with ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"hub": hub})) as server:
        server.daemon_threads = True
        hub.address = f"http://127.0.0.1:{server.server_port}"
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield hub
        finally:
            server.shutdown()
            thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    hub: Hub

    def do_GET(self) -> None:
        self.hub.requests.append((self.path, dict(self.headers)))
        with suppress(ConnectionError):
            self._cdn() if urlsplit(self.path).path == "/cdn" else self._resolve()
        self.close_connection = True

    def do_HEAD(self) -> None:
        self.hub.requests.append((self.path, dict(self.headers)))
        self._resolve()
        self.close_connection = True

    def _resolve(self) -> None:
        names = tuple(f"/{self.hub.repository}/resolve/{revision}/" for revision in (COMMIT, "main"))
        right = self.path.startswith(names) or self.hub.location is not None
        status = self.hub.status or (302 if right else 404)
        self.send_response(status)
        for name, value in self.hub.headers.items() if self.hub.status else ():
            self.send_header(name, value)
        if not self.hub.silent:
            digest = self.hub.linked_etag or hashlib.sha256(self.hub.content).hexdigest()
            self.send_header("X-Repo-Commit", self.hub.commit)
            self.send_header("X-Linked-Size", str(self.hub.linked_size or len(self.hub.content)))
            self.send_header("X-Linked-Etag", f'"{digest}"')
        self.send_header("ETag", '"0123456789"')
        self.send_header("Location", self.hub.location or "/cdn?signature=secret")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _cdn(self) -> None:
        body = self.hub.content if self.hub.sent is None else self.hub.sent
        asked, start = self.headers["Range"], 0
        if asked and self.hub.ranges:
            start = int(asked.removeprefix("bytes=").removesuffix("-"))
            start = start // 2 if self.hub.ranges == "wrong" else start
        self.send_response(416 if 0 < len(body) <= start else 206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(body) - 1}/{len(body)}")
        for name, value in self.hub.headers.items():
            self.send_header(name, value)
        if not (self.hub.chunked or self.hub.endless):
            self.send_header("Content-Length", str(self.hub.declared or len(body) - start))
        self.end_headers()
        self._send(body[start:][: self.hub.stop_after])

    def _send(self, body: bytes) -> None:
        step = -(-len(body) // 100) if self.hub.pause else len(body) or 1
        for first in range(0, len(body), step):
            self.wfile.write(body[first : first + step])
            sleep(self.hub.pause)
        while self.hub.endless:
            self.wfile.write(bytes(1 << 16))

    def log_message(self, *args: object) -> None:
        pass
