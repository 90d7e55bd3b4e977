"""`discern serve` as a process: announcement, limits of connections, workers and graceful shutdown."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import httpx2
import pytest

from discern.client import Client
from discern.errors import Unauthorized
from discern.serving.keys import add_key
from tests.e2e.served import read_response, ready, socket_address, started
from tests.e2e.server_process import PATIENCE, call_here, refusal
from tests.unit.bundle.factories import plain, write_small
from tests.unit.inference.factories import wait_for_child
from tests.unit.serving.web.conftest import RED, encoded
from tests.waiting import wait_until


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_small(tmp_path_factory.mktemp("served") / "model.discern")


def test_it_prints_its_url_and_logs_json(bundle: Path) -> None:
    with started(bundle, stderr=subprocess.PIPE) as (address, process):
        assert address.startswith("http://127.0.0.1:")
        ready(address)
        assert httpx2.post(address + "/predict", content=RED).json()["label"] == "red"
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode in (0, -signal.SIGTERM)
    assert out == ""
    lines = [json.loads(line) for line in err.splitlines()]
    assert [line["path"] for line in lines if line.get("method") == "POST"] == ["/predict"]


@pytest.mark.slow
def test_requests_in_progress_are_answered_at_shutdown(bundle: Path) -> None:
    """Every request that the server has read is answered; later connections are refused."""
    large = encoded(plain(250, 0, 0).repeat(40, axis=0).repeat(40, axis=1), "PNG")
    statuses: list[int] = []
    lost: list[str] = []
    stop = threading.Event()

    def send_requests(address: str) -> None:
        with httpx2.Client(timeout=PATIENCE) as client:
            while not stop.is_set():
                try:
                    statuses.append(client.post(address + "/predict", content=large).status_code)
                except httpx2.ConnectError:
                    return  # the socket is closed
                except (httpx2.ReadError, httpx2.WriteError, httpx2.RemoteProtocolError) as error:
                    lost.append(type(error).__name__)
                    return

    with started(bundle, stderr=subprocess.PIPE) as (address, process):
        ready(address)
        threads = [threading.Thread(target=send_requests, args=(address,)) for _ in range(8)]
        for thread in threads:
            thread.start()
        wait_until(lambda: len(statuses) >= 50, PATIENCE)
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=PATIENCE)
        stop.set()
        for thread in threads:
            thread.join(PATIENCE)
    log = [json.loads(line) for line in err.splitlines()]
    answered = [line for line in log if line.get("path") == "/predict"]
    assert {line["status"] for line in answered} <= {200, 503}
    assert len(answered) == len(statuses), (len(answered), len(statuses), lost)


def test_an_idle_connection_is_closed(bundle: Path) -> None:
    with started(bundle, "--request-timeout", "1") as (address, _):
        ready(address)
        where = socket_address(address)
        for data in (b"", b"POST /predict HTTP/1.1\r\nHost: localhost\r\nX: "):
            with socket.create_connection(where, timeout=PATIENCE) as connection:
                connection.sendall(data)
                assert connection.recv(1000) == b""
        with socket.create_connection(where, timeout=PATIENCE) as connection:
            connection.sendall(b"POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\nslow")
            assert connection.recv(1000).startswith(b"HTTP/1.1 400")
        assert httpx2.post(address + "/predict", content=RED).status_code == 200


def test_headers_have_a_maximum_size_and_rejected_bodies_a_timeout(bundle: Path) -> None:
    rejected = b"POST /nothing HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\n"
    with started(bundle, "--request-timeout", "1") as (address, _):
        ready(address)
        where = socket_address(address)
        with socket.create_connection(where, timeout=PATIENCE) as connection:
            connection.sendall(b"GET / HTTP/1.1\r\nX: " + b"x" * 5_000_000)
            assert connection.recv(100).startswith(b"HTTP/1.1 431")
        for first, then in ((rejected, b"x"), (b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n", b"\r\n")):
            with socket.create_connection(where, timeout=PATIENCE) as connection:
                connection.sendall(first)
                assert connection.recv(10_000).startswith(b"HTTP/1.1 ")
                time.sleep(0.2)  # a slow client
                connection.sendall(then)
                while connection.recv(10_000):
                    pass
        upgrade = b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
        with socket.create_connection(where, timeout=PATIENCE) as connection:
            connection.sendall(upgrade)
            assert connection.recv(10_000).startswith(b"HTTP/1.1 200")


def test_a_body_after_its_response_does_not_keep_the_connection_open(bundle: Path) -> None:
    head = b"POST /nothing HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\n"
    with started(bundle, "--request-timeout", "1") as (address, _):
        ready(address)
        with socket.create_connection(socket_address(address), timeout=PATIENCE) as connection:
            connection.sendall(head)
            assert read_response(connection).startswith(b"HTTP/1.1 404")
            connection.sendall(b"later")
            assert connection.recv(10_000) == b""


def test_invalid_http_is_rejected_like_any_request(bundle: Path) -> None:
    with started(bundle) as (address, _):
        ready(address)
        where = socket_address(address)
        for garbage in (b"hello\r\n\r\n", b"GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n"):
            with socket.create_connection(where, timeout=PATIENCE) as connection:
                connection.sendall(garbage)
                head, _, body = b"".join(iter(lambda: connection.recv(10_000), b"")).partition(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 400")
            assert b"x-content-type-options: nosniff" in head
            assert set(json.loads(body)["error"]) == {"code", "message", "hint"}


def test_a_large_body_does_not_count_towards_the_next_header(bundle: Path) -> None:
    large = b"POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: 200000\r\n\r\n" + b"x" * 200_000
    with started(bundle) as (address, _):
        ready(address)
        with socket.create_connection(socket_address(address), timeout=PATIENCE) as connection:
            connection.sendall(large + b"GET /healthz HTTP/1.1\r\nHost:")
            assert read_response(connection).startswith(b"HTTP/1.1 415")
            connection.sendall(b" localhost\r\n\r\n")
            assert read_response(connection).startswith(b"HTTP/1.1 200")


CHUNKED = b"POST /predict HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
# Endless parts of a chunked request outside its body: the beginning, and what is repeated.
OVERHEAD = {
    "many trailers": (CHUNKED + b"0\r\n", b"X-Name: value\r\n" * 4096),
    "one trailer": (CHUNKED + b"0\r\nX-Name: ", b"x" * 65_536),
    "one extension of a chunk": (CHUNKED + b"1;name=", b"x" * 65_536),
    "extensions of many chunks": (CHUNKED, (b"1;name=" + b"x" * 16_384 + b"\r\nx\r\n") * 4),
}


def send_repeatedly(connection: socket.socket, again: bytes, limit: int) -> int:
    """Send bytes until the server closes the connection; returns their number."""
    sent = 0
    with contextlib.suppress(OSError):
        while sent < limit:
            connection.sendall(again)
            sent += len(again)
    return sent


def test_chunk_extensions_and_trailers_have_a_maximum_size(bundle: Path, tmp_path: Path) -> None:
    keys = tmp_path / "keys.txt"
    assert call_here(tmp_path, ("key", "alice", "--key-file", str(keys))).code == 0
    for options in ((), ("--key-file", keys)):
        with started(bundle, *options) as (address, _):
            ready(address)
            for name, (first, again) in OVERHEAD.items():
                with socket.create_connection(socket_address(address), timeout=PATIENCE) as connection:
                    connection.sendall(first)
                    # Sockets buffer some MB that the server has not read.
                    assert send_repeatedly(connection, again, 64 << 20) < 32 << 20, (name, options)
            assert httpx2.get(address + "/healthz").status_code == 200


def test_long_trailers_are_rejected_like_any_request(bundle: Path) -> None:
    with started(bundle) as (address, _):
        ready(address)
        with socket.create_connection(socket_address(address), timeout=PATIENCE) as connection:
            connection.sendall(CHUNKED.replace(b"\r\n\r\n", b"\r\nExpect: 100-continue\r\n\r\n"))
            assert connection.recv(1000).startswith(b"HTTP/1.1 100")
            # Not a byte more: unread data would reset the connection and discard the response.
            connection.sendall(b"0\r\n" + (b"X: " + b"x" * 16_384 + b"\r\n") * 4)
            head, _, body = b"".join(iter(lambda: connection.recv(10_000), b"")).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 431")
    assert json.loads(body)["error"]["code"] == "too_large"
    assert "trailers" in json.loads(body)["error"]["hint"]


def test_a_trailer_and_small_chunks_are_accepted(bundle: Path) -> None:
    half = len(RED) // 2
    chunks = [b"%x;name=value\r\n%b\r\n" % (len(part), part) for part in (RED[:half], RED[half:])]
    whole = CHUNKED + b"".join(chunks) + b"0\r\nX-Sum: 1\r\nExpect: 100-continue\r\n\r\n"
    with started(bundle) as (address, _):
        ready(address)
        with socket.create_connection(socket_address(address), timeout=PATIENCE) as connection:
            for _ in range(2):
                connection.sendall(whole)
                response = read_response(connection)
                assert response.startswith(b"HTTP/1.1 200")
                assert json.loads(response.partition(b"\r\n\r\n")[2])["label"] == "red"
            connection.sendall(CHUNKED + b"4\r\nxxxx\r\n" * 50_000 + b"0\r\n\r\n")
            assert read_response(connection).startswith(b"HTTP/1.1 415")


@pytest.mark.parametrize("workers", ["1", "2"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_server_with_code_0(bundle: Path, workers: str, number: signal.Signals) -> None:
    with started(bundle, "--workers", workers, stderr=subprocess.PIPE) as (address, process):
        ready(address)
        process.send_signal(number)
        _, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0
    assert not [line for line in err.splitlines() if not line.startswith("{")]


@pytest.mark.slow
def test_new_connections_are_refused_during_the_shutdown_of_workers(bundle: Path) -> None:
    """A worker waits for the rest of a body; new connections do not."""
    with started(bundle, "--workers", "2", "--request-timeout", "20") as (address, process):
        ready(address)
        where = socket_address(address)
        with socket.create_connection(where, timeout=PATIENCE) as connection:
            connection.sendall(b"POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\nslow")
            process.send_signal(signal.SIGTERM)
            wait_until(lambda: not accepts_connections(address), 10, interval=0.1)
            assert process.poll() is None  # it still waits for the body


@pytest.mark.slow
def test_a_client_that_does_not_read_is_disconnected(bundle: Path) -> None:
    request, times = b"GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n", 2_000
    with started(bundle, "--request-timeout", "1") as (address, _):
        ready(address)
        whole = times * len(httpx2.get(address + "/openapi.json").content)
        with socket.socket() as connection:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            connection.settimeout(PATIENCE)
            connection.connect(socket_address(address))
            with contextlib.suppress(ConnectionError):
                connection.sendall(request * times)
            time.sleep(3)  # the client is slower than the request timeout
            received = 0
            connection.settimeout(10)
            with contextlib.suppress(ConnectionError, TimeoutError):  # some systems do not report the end
                while chunk := connection.recv(1 << 20):
                    received += len(chunk)
        assert received < whole


@pytest.mark.slow
def test_several_workers_share_their_metrics(bundle: Path) -> None:
    with started(bundle, "--workers", "2") as (address, process):
        ready(address)
        for _ in range(12):
            assert httpx2.post(address + "/predict", content=RED).status_code == 200
        page = httpx2.get(address + "/metrics").text
        assert 'discern_answers_total{decision="accept",model="colours"} 12.0' in page
        assert 'discern_pending_pictures{model="colours"} 0.0' in page
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=PATIENCE)


def accepts_connections(address: str) -> bool:
    with socket.socket() as connection:
        return connection.connect_ex(socket_address(address)) == 0


@pytest.mark.slow
def test_workers_end_with_their_parent_and_leave_no_temporary_files(bundle: Path, tmp_path: Path) -> None:
    with started(bundle, "--workers", "2", temporary=tmp_path) as (address, process):
        ready(address)
        process.kill()
        process.wait(PATIENCE)
        wait_until(lambda: not accepts_connections(address), PATIENCE, interval=0.1)
        assert list(tmp_path.iterdir()) == []


def test_a_changed_bundle_is_reloaded(tmp_path: Path) -> None:
    bundle = write_small(tmp_path / "m.discern")
    with started(bundle) as (address, _):
        ready(address)
        before = httpx2.get(address + "/model").json()["version"]
        write_small(tmp_path / "new.discern", version="2")
        (tmp_path / "new.discern").replace(bundle)
        deadline = time.monotonic() + PATIENCE
        while (after := httpx2.get(address + "/model").json()["version"]) == before:
            assert time.monotonic() < deadline
            assert httpx2.post(address + "/predict", content=RED).status_code == 200
    assert (before, after) == ("1", "2")


@pytest.mark.skipif(sys.platform != "linux", reason="it looks for the helper in /proc")
@pytest.mark.parametrize("asked", [False, True])
def test_a_signal_ends_the_server_at_once_during_a_reload(tmp_path: Path, *, asked: bool) -> None:
    """The helper that tries the new bundle hangs, and a request to reload waits for it."""
    bundle, keys = write_small(tmp_path / "m.discern"), tmp_path / "keys.txt"
    header = {"X-API-Key": add_key(keys, "boss", admin=True)}
    with started(bundle, "--key-file", keys, "--no-watch" if asked else "--watch") as (address, process):
        ready(address)
        write_small(bundle, version="2")
        with ThreadPoolExecutor(1) as pool:
            request = partial(httpx2.post, address + "/admin/reload", headers=header, timeout=PATIENCE)
            answer = pool.submit(request) if asked else None
            os.kill(wait_for_child(process.pid), signal.SIGSTOP)
            assert httpx2.post(address + "/predict", content=RED, headers=header).status_code == 200
            process.send_signal(signal.SIGTERM)
            assert process.wait(40) == 0
            if answer:
                assert answer.result(PATIENCE).status_code == 503


def test_startup_errors_are_one_line(bundle: Path, tmp_path: Path) -> None:
    rejected = {
        ("serve", bundle, "--host", "0.0.0.0"): "--key-file",
        ("serve", tmp_path / "none.discern"): "none.discern",
        ("serve", bundle, "--key-file", tmp_path / "none.txt"): "none.txt",
        ("serve", bundle, "--rate-limit", "much"): "much",
        ("serve", bundle, "--workers", "2", "--rate-limit", "1/minute"): "--rate-store",
        ("serve", bundle, "--host", "203.0.113.7", "--no-auth"): "Cannot listen on",
    }
    for arguments, named in rejected.items():
        assert named in refusal(call_here(tmp_path, (*arguments, "--port", "0"))), arguments
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        line = refusal(call_here(tmp_path, ("serve", bundle, "--port", str(taken.getsockname()[1]))))
    assert "--port" in line


def test_a_created_key_is_accepted(bundle: Path, tmp_path: Path) -> None:
    made = call_here(tmp_path, ("key", "alice", "--key-file", "keys.txt", "--json"))
    key = json.loads(made.out)["key"]
    with started(bundle, "--key-file", tmp_path / "keys.txt") as (address, _):
        ready(address)
        assert httpx2.post(address + "/predict", content=RED).status_code == 401
        allowed = httpx2.post(address + "/predict", content=RED, headers={"Authorization": f"Bearer {key}"})
        assert allowed.status_code == 200
        with pytest.raises(Unauthorized, match="--key"), Client(address) as client:
            client(RED)
