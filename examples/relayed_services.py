"""Server on the loopback interface that relays to AWS in the memory of this process.

Other processes use moto through it, and libraries that open connections of their own.
"""

import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import requests

REGION = "us-east-1"
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "an-identifier", "AWS_SECRET_ACCESS_KEY": "a-secret", "AWS_DEFAULT_REGION": REGION}
_SERVICE = re.compile(r"/([a-z0-9-]+)/aws4_request")
_OF_CONNECTION = ("connection", "content-length", "date", "host", "server", "transfer-encoding")


class _Relay(BaseHTTPRequestHandler):
    """Relay of a signed request to the service of its signature."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # a body would wait 40 ms for the receipt of its headers

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        [service] = _SERVICE.findall(self.headers["Authorization"])
        address = f"https://{service}.{REGION}.amazonaws.com{self.path}"
        request = requests.Request(self.command, address, headers=_passed(self.headers), data=body).prepare()
        request.url = address  # `prepare` would take "." and ".." out of keys
        is_head = self.command == "HEAD"
        with requests.Session() as session:
            found = session.send(request, timeout=60, stream=is_head)  # a body that never comes would be waited for
            length = found.headers.get("Content-Length", "0") if is_head else str(len(found.content))
        self.send_response(found.status_code)
        for name, value in {**_passed(found.headers), "Content-Length": length}.items():
            self.send_header(name, value)
        self.end_headers()
        if not is_head:
            self.wfile.write(found.content)

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_PUT(self) -> None:
        self.do_GET()

    def do_POST(self) -> None:
        self.do_GET()

    def do_DELETE(self) -> None:
        self.do_GET()

    def log_message(self, *_: Any) -> None:
        pass


def _passed(headers: Any) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name.lower() not in _OF_CONNECTION}


@contextmanager
def relayed_services() -> Iterator[Mapping[str, str]]:
    """Context manager for a server that relays to moto, which must be active in this process.

    It yields the environment variables with which that server is used.
    """
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Relay)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield {**CREDENTIALS, "AWS_ENDPOINT_URL": f"http://127.0.0.1:{server.server_address[1]}"}
    finally:
        server.shutdown()
        server.server_close()
