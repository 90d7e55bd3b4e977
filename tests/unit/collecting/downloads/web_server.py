"""Server of pictures, errors, redirects, endless bodies and lies, which counts the requests that it has at a time."""

import io
import threading
import time
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

import numpy as np
from PIL import Image


def jpeg(seed: int, side: int = 40) -> bytes:
    """A small JPEG that differs by its seed."""
    pixels = np.random.default_rng(seed).integers(0, 256, (side, side, 3), np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG")
    return file.getvalue()


@dataclass
class WebServer:
    """Server on several loopback addresses.

    Attributes:
        port: its port.
        requests: paths that were requested of each host, robots.txt included, in order.
        most: most requests at a time, of each host.
        starts: time of each request, of each host.
        delay: seconds before each reply.
        robots: status and body of each host's robots.txt.
        files: files under /files/, whose rest can be requested.
        piece: bytes of a file after which the connection ends; None for no end.
        authorisations: header of the last request of each path.
    """

    port: int = 0
    requests: defaultdict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    most: Counter[str] = field(default_factory=Counter)
    starts: defaultdict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    delay: float = 0.0
    robots: dict[str, tuple[int, bytes]] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)
    piece: int | None = None
    authorisations: dict[str, str | None] = field(default_factory=dict)
    _now: Counter[str] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def url(self, path: str, host: str = "127.0.0.1") -> str:
        return f"http://{host}:{self.port}{path}"

    @contextmanager
    def counted(self, host: str, path: str) -> Iterator[None]:
        with self._lock:
            self._now[host] += 1
            self.most[host] = max(self.most[host], self._now[host])
            self.requests[host].append(path)
            self.starts[host].append(time.monotonic())
        try:
            time.sleep(self.delay)
            yield
        finally:
            with self._lock:
                self._now[host] -= 1

    def times(self, path: str) -> int:
        return sum(paths.count(path) for paths in self.requests.values())


class _Handler(BaseHTTPRequestHandler):
    """Answers by the first part of the path."""

    protocol_version = "HTTP/1.1"
    known: WebServer

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        host = self.headers.get("Host", "").partition(":")[0]
        with suppress(OSError), self.known.counted(host, self.path):
            kind, _, rest = self.path.partition("?")[0].strip("/").partition("/")
            if kind == "" and "?" in self.path:
                self.list_bucket()
            elif kind == "robots.txt":
                self.reply(*self.known.robots.get(host, (404, b"")))
            else:
                getattr(self, f"do_{kind.replace('-', '_')}")(rest)

    def do_ok(self, rest: str) -> None:
        self.reply(200, jpeg(int(rest.partition(".")[0])))

    def do_licensed(self, rest: str) -> None:
        self.reply(200, jpeg(int(rest)), Link='<https://cc.example/by/4.0>; rel="license"')

    def do_missing(self, _: str) -> None:
        self.reply(404, b"no")

    def do_secret(self, _: str) -> None:
        self.reply(403, b"no")

    def do_broken(self, _: str) -> None:
        self.reply(500, b"no")

    def do_to(self, rest: str) -> None:
        self.reply(302, b"", Location=f"/{rest}")

    def do_elsewhere(self, rest: str) -> None:
        self.reply(301, b"", Location=self.known.url(f"/{rest}", "localhost"))

    def do_loop(self, _: str) -> None:
        self.reply(302, b"", Location=self.path)

    def do_nowhere(self, _: str) -> None:
        self.reply(302, b"")

    def do_file(self, _: str) -> None:
        self.reply(302, b"", Location="file:///etc/passwd")

    def do_lie(self, _: str) -> None:
        self.reply(200, b"<!doctype html><p>Sign in</p>")

    def do_empty(self, _: str) -> None:
        self.reply(200, b"")

    def do_cut(self, _: str) -> None:
        self.reply(200, jpeg(1, 200)[:3000])

    def do_huge(self, _: str) -> None:
        self.reply(200, b"", Length=10**12)

    def do_packed(self, _: str) -> None:
        self.reply(200, b"x", **{"Content-Encoding": "gzip"})

    def do_flaky(self, _: str) -> None:
        if self.known.times(self.path) < 2:
            self.reply(503, b"no")
        else:
            self.reply(200, jpeg(1_000_000 + zlib.crc32(self.path.encode())))

    def do_later(self, _: str) -> None:
        if self.known.times(self.path) < 2:
            self.reply(429, b"no", **{"Retry-After": "1"})
        else:
            self.reply(200, jpeg(7))

    def do_files(self, rest: str) -> None:
        data, start = self.known.files[rest], 0
        self.known.authorisations[f"{self.headers['Host'].partition(':')[0]}/{rest}"] = self.headers["Authorization"]
        if ranged := self.headers["Range"]:
            start = int(ranged.removeprefix("bytes=").partition("-")[0])
        if start >= len(data):
            self.reply(416, b"")
            return
        body, piece = data[start:], self.known.piece
        if piece is not None and len(body) > piece:
            self.close_connection = True
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[:piece])

    def list_bucket(self) -> None:
        """Reply with a page of a listing, as S3 does."""
        token = parse_qs(self.path.partition("?")[2]).get("continuation-token", ["t/0&x"])[0]
        self.do_files(f"page {token.removeprefix('t/').removesuffix('&x')}")

    def do_metadata(self, rest: str) -> None:
        self.do_files(f"metadata/{rest}")

    def do_bin_images(self, rest: str) -> None:
        self.do_files(f"bin-images/{rest}")

    def do_endless(self, _: str) -> None:
        self.close_connection = True
        self.send_response(200)
        self.send_header("Connection", "close")
        self.end_headers()
        piece = jpeg(0) + bytes(1 << 16)
        while True:
            self.wfile.write(piece)

    def do_drop(self, _: str) -> None:
        self.close_connection = True
        self.reply(200, b"part", Length=1000)

    def reply(self, status: int, body: bytes, **headers: object) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "image/jpeg")
        self.send_header("Content-Length", str(headers.pop("Length", len(body))))
        for name, value in headers.items():
            self.send_header(name, str(value))
        self.end_headers()
        self.wfile.write(body)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, *_: object) -> None:
        pass


@contextmanager
def web_server(address: str = "") -> Iterator[WebServer]:
    """Context manager for a running server, by default on all loopback addresses."""
    server = WebServer()
    with _Server((address, 0), type("Handler", (_Handler,), {"known": server})) as running:
        server.port = running.server_address[1]
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            running.shutdown()
            thread.join()
