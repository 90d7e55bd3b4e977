"""Latency of other clients, and memory of the server, while one address attacks it.

    python benchmarks/hostile_clients.py BUNDLE PICTURE [--seconds 8] [--connections 2000] [--only NAME ...]

Each attack runs in a process of its own from 127.0.0.1; meanwhile, a client at 127.0.0.2 sends pictures on a new
connection each time. Prints the share of its requests that are answered with status 200 within 5 s, its latencies, and
how much memory the server takes more than before.

 1. `idle`, `headers`, `bodies`: connections that send nothing, a byte of a header, or a byte of a body each second.
 2. `unread`: connections that request a large file and do not read it.
 3. `unauthorised`: 250 kB of a body each, without a key (on a server with keys).
 4. `held`: bodies of 40 MB that stall before their end.
 5. `trailers`, `extensions`: endless trailers and chunk extensions on 8 connections.
 6. `pipelines`: 5,000 small requests at once on each of 8 connections.
 7. `base64`, `letters`, `keys`, `lists`, `form`: bodies that are expensive to parse, on 2 connections.
"""

import argparse
import contextlib
import multiprocessing
import re
import selectors
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from process_tree import memory

from discern.bundle import load
from discern.serving.keys import add_key

CLIENT, ATTACKER = "127.0.0.2", "127.0.0.1"
TIMEOUT = 5.0
HEAD = b"POST /predict HTTP/1.1\r\nHost: localhost\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
LARGE_FILE = b"GET /static-offline-docs/swagger-ui-bundle.js HTTP/1.1\r\nHost: localhost\r\n\r\n"
SMALL = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
MEGABYTES = 95


def connect(port: int, source: str) -> socket.socket:
    connection = socket.socket()
    connection.settimeout(TIMEOUT)
    connection.bind((source, 0))
    connection.connect(("127.0.0.1", port))
    return connection


def body(content: bytes, content_type: bytes = b"application/json", path: bytes = b"/predict") -> bytes:
    head = HEAD.replace(b"/predict", path) + b"Content-Type: " + content_type
    return head + b"\r\nContent-Length: %d\r\n\r\n" % len(content) + content


def hold(port: int, count: int, first: bytes, more: bytes = b"", *, buffer: int = 0) -> None:
    """Keep connections open, send something at first, and more each second; replace those that are closed."""
    connections: list[socket.socket] = []
    while True:
        for connection in list(connections):
            try:
                if more:
                    connection.sendall(more)
            except OSError:
                connection.close()
                connections.remove(connection)
        with contextlib.suppress(OSError):
            while len(connections) < count:
                connection = connect(port, ATTACKER)
                if buffer:
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
                connections.append(connection)
                connection.sendall(first)
        time.sleep(1)


def flood(port: int, count: int, first: bytes, more: bytes) -> None:
    """Send without end on several connections, and read what comes back."""
    selector = selectors.DefaultSelector()
    while True:
        with contextlib.suppress(OSError):
            while len(selector.get_map()) < count:
                connection = connect(port, ATTACKER)
                connection.sendall(first)
                connection.setblocking(False)
                selector.register(connection, selectors.EVENT_READ | selectors.EVENT_WRITE)
        for key, events in selector.select(1):
            assert isinstance(key.fileobj, socket.socket)
            try:
                if events & selectors.EVENT_READ and not key.fileobj.recv(65_536):
                    raise ConnectionError
                if more and events & selectors.EVENT_WRITE:
                    key.fileobj.send(more)
            except OSError:
                selector.unregister(key.fileobj)
                key.fileobj.close()


def repeat(port: int, data: bytes) -> None:
    """Send a request again and again, each on a new connection."""
    while True:
        with contextlib.suppress(OSError), connect(port, ATTACKER) as connection:
            connection.settimeout(30)
            connection.sendall(data)
            connection.recv(65_536)


def attacks(
    port: int, bundle: Path, connections: int
) -> dict[str, list[tuple[Callable[..., None], tuple[object, ...]]]]:
    a = b"A" * (MEGABYTES * 1_000_000)
    form = (
        b"--x\r\nContent-Disposition: form-data; name=file\r\n\r\n"
        + b"\r\n-" * (MEGABYTES * 333_000)
        + b"\r\n--x--\r\n"
    )
    tensor = b'{"inputs": [{"datatype": "UINT8", "shape": [1, 2, 3, 4], "data": [%b[]]}]}'
    infer = b"/v2/models/%b/infer" % load(bundle).manifest.name.encode()
    heavy = {
        "base64": body(b'{"image_b64": "' + a + b'"}'),
        "letters": body(b'{"image_b64": "' + a + "é😀".encode() + b'"}'),
        "keys": body(b"{" + b",".join(b'"%d":0' % number for number in range(900_000)) + b"}", path=infer),
        "lists": body(tensor % (b"[]," * 400_000), path=infer),
        "form": body(form, b"multipart/form-data; boundary=x"),
    }
    return {
        "none": [],
        "idle": [(hold, (port, connections, b""))],
        "headers": [(hold, (port, connections, HEAD + b"X: ", b"x"))],
        "bodies": [(hold, (port, connections, HEAD + b"Content-Length: 100000\r\n\r\n", b"x"))],
        "unread": [(hold, (port, connections // 4, LARGE_FILE))],
        "unauthorised": [(hold, (port, connections // 2, HEAD + b"Content-Length: 300000\r\n\r\n" + b"x" * 250_000))],
        "held": [(hold, (port, 12, HEAD + b"Content-Length: 40000001\r\n\r\n" + b"x" * 40_000_000))],
        "trailers": [(flood, (port, 8, CHUNKED + b"0\r\n", b"X: " + b"x" * 60_000 + b"\r\n"))],
        "extensions": [(flood, (port, 8, CHUNKED + b"1;", b"x" * 60_000))],
        "pipelines": [(flood, (port, 8, b"", SMALL * 5000))],
        **{name: [(repeat, (port, data))] * 2 for name, data in heavy.items()},
    }


@contextlib.contextmanager
def server(bundle: Path, *options: str) -> Iterator[tuple[int, subprocess.Popen[str]]]:
    command = [sys.executable, "-m", "discern", "serve", str(bundle), "--port", "0", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        try:
            assert process.stdout is not None
            yield int(process.stdout.readline().rpartition(":")[2]), process
        finally:
            process.kill()


def send_one(port: int, data: bytes) -> float | None:
    """Return the seconds until a response with status 200, or None."""
    started = time.perf_counter()
    try:
        with connect(port, CLIENT) as connection:
            connection.sendall(data)
            response = connection.recv(65_536)
    except OSError:
        return None
    return time.perf_counter() - started if response.startswith(b"HTTP/1.1 200") else None


def run(name: str, bundle: Path, picture: bytes, *, seconds: float, connections: int) -> str:
    with tempfile.TemporaryDirectory() as folder:
        keys = Path(folder) / "keys.txt"
        key = b"X-API-Key: " + add_key(keys, "client").encode() + b"\r\n" if name == "unauthorised" else b""
        with server(bundle, *(["--key-file", str(keys)] if key else [])) as (port, process):
            data = HEAD + key + b"Content-Length: %d\r\n\r\n" % len(picture) + picture
            while send_one(port, data) is None:
                time.sleep(0.1)
            for _ in range(20):
                send_one(port, data)
            before = memory(process.pid)
            attackers = [
                multiprocessing.Process(target=target, args=args)
                for target, args in attacks(port, bundle, connections)[name]
            ]
            for attacker in attackers:
                attacker.start()
            time.sleep(2)
            times, peak, started = [], 0, time.perf_counter()
            while time.perf_counter() - started < seconds:
                times.append(send_one(port, data))
                peak = max(peak, memory(process.pid))
                time.sleep(0.05)
            for attacker in attackers:
                attacker.kill()
                attacker.join()
    answered = sorted(each for each in times if each is not None)
    if not answered:
        return f"{name:13} 0 of {len(times)} answered, {peak - before:+d} MiB"
    at = [1000 * answered[min(len(answered) - 1, len(answered) * percent // 100)] for percent in (50, 95, 100)]
    latencies = f"p50 {at[0]:.0f} p95 {at[1]:.0f} slowest {at[2]:.0f} ms"
    return f"{name:13} {len(answered)} of {len(times)} answered, {latencies}, {peak - before:+d} MiB"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("bundle", type=Path)
    parser.add_argument("picture", type=Path)
    parser.add_argument("--seconds", type=float, default=8)
    parser.add_argument("--connections", type=int, default=2000)
    parser.add_argument("--only", nargs="*")
    args = parser.parse_args()
    names = re.findall(r"`(\w+)`", __doc__)
    for name in args.only or ["none", *names]:
        result = run(name, args.bundle, args.picture.read_bytes(), seconds=args.seconds, connections=args.connections)
        print(result, flush=True)


if __name__ == "__main__":
    main()
