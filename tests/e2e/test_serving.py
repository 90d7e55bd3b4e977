"""`discern serve` as a process: it says where it is, keeps its limits, and ends without losing anything."""

import contextlib
import json
import signal
import socket
import subprocess
import threading
import time
from pathlib import Path

import httpx2
import pytest

from discern.client import Client
from discern.errors import Unauthorized
from tests.e2e.served import hear, place_of, ready, started
from tests.e2e.server_process import PATIENCE, call_here, refusal
from tests.unit.bundle.factories import plain, write_small
from tests.unit.serving.web.conftest import RED, encoded


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_small(tmp_path_factory.mktemp("served") / "model.discern")


def test_its_first_line_is_its_address_and_each_log_line_an_object(bundle: Path) -> None:
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


def test_what_was_taken_is_answered_when_it_is_told_to_end(bundle: Path) -> None:
    """Every request that the server read is answered; those that come too late are turned away, not forgotten."""
    large = encoded(plain(250, 0, 0).repeat(40, axis=0).repeat(40, axis=1), "PNG")
    statuses: list[int] = []
    lost: list[str] = []
    stop = threading.Event()

    def ask(address: str) -> None:
        with httpx2.Client(timeout=PATIENCE) as client:
            while not stop.is_set():
                try:
                    statuses.append(client.post(address + "/predict", content=large).status_code)
                except httpx2.ConnectError:
                    return  # nobody listens any more
                except (httpx2.ReadError, httpx2.WriteError, httpx2.RemoteProtocolError) as error:
                    lost.append(type(error).__name__)
                    return

    with started(bundle, stderr=subprocess.PIPE) as (address, process):
        ready(address)
        askers = [threading.Thread(target=ask, args=(address,)) for _ in range(8)]
        for asker in askers:
            asker.start()
        while len(statuses) < 50:
            time.sleep(0.01)
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=PATIENCE)
        stop.set()
        for asker in askers:
            asker.join(PATIENCE)
    logged = [json.loads(line) for line in err.splitlines()]
    answered = [line for line in logged if line.get("path") == "/predict"]
    assert {line["status"] for line in answered} <= {200, 503}
    assert len(answered) == len(statuses), (len(answered), len(statuses), lost)


def test_a_connection_that_says_nothing_is_closed(bundle: Path) -> None:
    with started(bundle, "--patience", "1") as (address, _):
        ready(address)
        where = place_of(address)
        for said in (b"", b"POST /predict HTTP/1.1\r\nHost: x\r\nX: "):
            with socket.create_connection(where, timeout=PATIENCE) as connection:
                connection.sendall(said)
                assert connection.recv(1000) == b""
        with socket.create_connection(where, timeout=PATIENCE) as connection:
            connection.sendall(b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nslow")
            assert connection.recv(1000).startswith(b"HTTP/1.1 400")
        assert httpx2.post(address + "/predict", content=RED).status_code == 200


def test_a_head_has_an_end_and_a_refused_body_a_time(bundle: Path) -> None:
    refused = b"POST /nothing HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n"
    with started(bundle, "--patience", "1") as (address, _):
        ready(address)
        where = place_of(address)
        with socket.create_connection(where, timeout=PATIENCE) as connection:
            with contextlib.suppress(OSError):
                connection.sendall(b"GET / HTTP/1.1\r\nX: " + b"x" * 5_000_000)
            with contextlib.suppress(ConnectionError):
                assert connection.recv(100).startswith(b"HTTP/1.1 431")
        for first, then in ((refused, b"x"), (b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n", b"\r\n")):
            with socket.create_connection(where, timeout=PATIENCE) as connection:
                connection.sendall(first)
                assert connection.recv(10_000).startswith(b"HTTP/1.1 ")
                time.sleep(0.2)
                connection.sendall(then)
                while connection.recv(10_000):
                    pass
        upgrade = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
        with socket.create_connection(where, timeout=PATIENCE) as connection:
            connection.sendall(upgrade)
            assert connection.recv(10_000).startswith(b"HTTP/1.1 200")


def test_a_body_that_comes_after_its_answer_holds_no_connection(bundle: Path) -> None:
    head = b"POST /nothing HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n"
    with started(bundle, "--patience", "1") as (address, _):
        ready(address)
        with socket.create_connection(place_of(address), timeout=PATIENCE) as connection:
            connection.sendall(head)
            assert hear(connection).startswith(b"HTTP/1.1 404")
            connection.sendall(b"later")
            assert connection.recv(10_000) == b""


def test_what_is_no_request_is_refused_in_the_form_of_all_errors(bundle: Path) -> None:
    with started(bundle) as (address, _):
        ready(address)
        where = place_of(address)
        for garbage in (b"hello\r\n\r\n", b"GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n"):
            with socket.create_connection(where, timeout=PATIENCE) as connection:
                connection.sendall(garbage)
                head, _, body = b"".join(iter(lambda: connection.recv(10_000), b"")).partition(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 400")
            assert b"x-content-type-options: nosniff" in head
            assert set(json.loads(body)["error"]) == {"code", "message", "hint"}


def test_a_large_body_is_no_part_of_the_head_that_follows(bundle: Path) -> None:
    large = b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: 200000\r\n\r\n" + b"x" * 200_000
    with started(bundle) as (address, _):
        ready(address)
        with socket.create_connection(place_of(address), timeout=PATIENCE) as connection:
            connection.sendall(large + b"GET /healthz HTTP/1.1\r\nHost:")
            assert hear(connection).startswith(b"HTTP/1.1 415")
            connection.sendall(b" x\r\n\r\n")
            assert hear(connection).startswith(b"HTTP/1.1 200")


CHUNKED = b"POST /predict HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
# What a request in chunks may bring without end beside its body: how it begins, and what follows again and again.
BESIDE = {
    "many trailers": (CHUNKED + b"0\r\n", b"X-Name: value\r\n" * 4096),
    "one trailer": (CHUNKED + b"0\r\nX-Name: ", b"x" * 65_536),
    "one extension of a chunk": (CHUNKED + b"1;name=", b"x" * 65_536),
    "extensions of many chunks": (CHUNKED, (b"1;name=" + b"x" * 16_384 + b"\r\nx\r\n") * 4),
}


def taken(connection: socket.socket, again: bytes, most: int) -> int:
    """How many bytes a server takes before it closes the connection."""
    sent = 0
    with contextlib.suppress(OSError):
        while sent < most:
            connection.sendall(again)
            sent += len(again)
    return sent


def test_what_comes_beside_a_body_in_chunks_has_an_end(bundle: Path, tmp_path: Path) -> None:
    keys = tmp_path / "keys.txt"
    assert call_here(tmp_path, ("key", "alice", "--key-file", str(keys))).code == 0
    for words in ((), ("--key-file", keys)):
        with started(bundle, *words) as (address, _):
            ready(address)
            for name, (first, again) in BESIDE.items():
                with socket.create_connection(place_of(address), timeout=PATIENCE) as connection:
                    connection.sendall(first)
                    # Sockets hold some MB that the server has not read.
                    assert taken(connection, again, 64 << 20) < 32 << 20, (name, words)
            assert httpx2.get(address + "/healthz").status_code == 200


def test_too_long_trailers_are_refused_in_the_form_of_all_errors(bundle: Path) -> None:
    with started(bundle) as (address, _):
        ready(address)
        with socket.create_connection(place_of(address), timeout=PATIENCE) as connection:
            connection.sendall(CHUNKED.replace(b"\r\n\r\n", b"\r\nExpect: 100-continue\r\n\r\n"))
            assert connection.recv(1000).startswith(b"HTTP/1.1 100")
            # Not a byte more: what is not read before the connection closes could undo the answer.
            connection.sendall(b"0\r\n" + (b"X: " + b"x" * 16_384 + b"\r\n") * 4)
            head, _, body = b"".join(iter(lambda: connection.recv(10_000), b"")).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 431")
    assert json.loads(body)["error"]["code"] == "too_large"
    assert "trailers" in json.loads(body)["error"]["hint"]


def test_a_trailer_and_small_chunks_are_welcome(bundle: Path) -> None:
    half = len(RED) // 2
    chunks = [b"%x;name=value\r\n%b\r\n" % (len(part), part) for part in (RED[:half], RED[half:])]
    whole = CHUNKED + b"".join(chunks) + b"0\r\nX-Sum: 1\r\nExpect: 100-continue\r\n\r\n"
    with started(bundle) as (address, _):
        ready(address)
        with socket.create_connection(place_of(address), timeout=PATIENCE) as connection:
            for _ in range(2):
                connection.sendall(whole)
                said = hear(connection)
                assert said.startswith(b"HTTP/1.1 200")
                assert json.loads(said.partition(b"\r\n\r\n")[2])["label"] == "red"
            connection.sendall(CHUNKED + b"4\r\nxxxx\r\n" * 50_000 + b"0\r\n\r\n")
            assert hear(connection).startswith(b"HTTP/1.1 415")


@pytest.mark.parametrize("workers", ["1", "2"])
@pytest.mark.parametrize("word", [signal.SIGINT, signal.SIGTERM])
def test_to_be_told_to_end_is_no_failure(bundle: Path, workers: str, word: signal.Signals) -> None:
    with started(bundle, "--workers", workers, stderr=subprocess.PIPE) as (address, process):
        ready(address)
        process.send_signal(word)
        _, said = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0
    assert not [line for line in said.splitlines() if not line.startswith("{")]


def test_whoever_comes_while_workers_end_is_refused_at_once(bundle: Path) -> None:
    """A body that is still awaited keeps a worker; nobody new may wait for it."""
    with started(bundle, "--workers", "2", "--patience", "20") as (address, process):
        ready(address)
        where = place_of(address)
        with socket.create_connection(where, timeout=PATIENCE) as connection:
            connection.sendall(b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nslow")
            process.send_signal(signal.SIGTERM)
            until = time.monotonic() + 10
            refused = False
            while not refused and time.monotonic() < until:
                time.sleep(0.1)
                try:
                    socket.create_connection(where, timeout=PATIENCE).close()
                except ConnectionRefusedError:
                    refused = True
            assert refused
            assert process.poll() is None  # it still waits for what it took


def test_whoever_does_not_take_an_answer_is_left(bundle: Path) -> None:
    asked, times = b"GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n", 2_000
    with started(bundle, "--patience", "1") as (address, _):
        ready(address)
        whole = times * len(httpx2.get(address + "/openapi.json").content)
        with socket.socket() as connection:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            connection.settimeout(PATIENCE)
            connection.connect(place_of(address))
            with contextlib.suppress(ConnectionError):
                connection.sendall(asked * times)
            time.sleep(3)
            taken = 0
            connection.settimeout(10)
            with contextlib.suppress(ConnectionError, TimeoutError):  # a system may give up without a word
                while some := connection.recv(1 << 20):
                    taken += len(some)
        assert taken < whole


def test_several_workers_answer_and_count_together(bundle: Path) -> None:
    with started(bundle, "--workers", "2") as (address, process):
        ready(address)
        for _ in range(12):
            assert httpx2.post(address + "/predict", content=RED).status_code == 200
        page = httpx2.get(address + "/metrics").text
        assert 'discern_answers_total{decision="accept",model="colours"} 12.0' in page
        assert 'discern_pending_pictures{model="colours"} 0.0' in page
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=PATIENCE)


def is_listened_at(address: str) -> bool:
    with socket.socket() as connection:
        return connection.connect_ex(place_of(address)) == 0


def test_workers_end_when_who_started_them_is_gone(bundle: Path) -> None:
    with started(bundle, "--workers", "2") as (address, process):
        ready(address)
        process.kill()
        process.wait(PATIENCE)
        until = time.monotonic() + PATIENCE
        while is_listened_at(address):
            assert time.monotonic() < until
            time.sleep(0.1)


def test_a_changed_file_is_served_without_a_word(tmp_path: Path) -> None:
    bundle = write_small(tmp_path / "m.discern")
    with started(bundle) as (address, _):
        ready(address)
        before = httpx2.get(address + "/model").json()["version"]
        write_small(tmp_path / "new.discern", version="2")
        (tmp_path / "new.discern").replace(bundle)
        until = time.monotonic() + PATIENCE
        while (after := httpx2.get(address + "/model").json()["version"]) == before:
            assert time.monotonic() < until
            assert httpx2.post(address + "/predict", content=RED).status_code == 200
    assert (before, after) == ("1", "2")


def test_what_cannot_be_served_is_refused_in_one_line(bundle: Path, tmp_path: Path) -> None:
    refused = {
        ("serve", bundle, "--host", "0.0.0.0"): "--key-file",
        ("serve", tmp_path / "none.discern"): "none.discern",
        ("serve", bundle, "--key-file", tmp_path / "none.txt"): "none.txt",
        ("serve", bundle, "--rate", "much"): "much",
        ("serve", bundle, "--workers", "2", "--rate", "1/minute"): "--rate-store",
        ("serve", bundle, "--host", "203.0.113.7", "--open"): "Cannot listen on",
    }
    for words, named in refused.items():
        assert named in refusal(call_here(tmp_path, (*words, "--port", "0"))), words
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        said = refusal(call_here(tmp_path, ("serve", bundle, "--port", str(taken.getsockname()[1]))))
    assert "--port" in said


def test_a_key_is_made_and_opens(bundle: Path, tmp_path: Path) -> None:
    made = call_here(tmp_path, ("key", "alice", "--key-file", "keys.txt", "--json"))
    key = json.loads(made.out)["key"]
    with started(bundle, "--key-file", tmp_path / "keys.txt") as (address, _):
        ready(address)
        assert httpx2.post(address + "/predict", content=RED).status_code == 401
        allowed = httpx2.post(address + "/predict", content=RED, headers={"Authorization": f"Bearer {key}"})
        assert allowed.status_code == 200
        with pytest.raises(Unauthorized, match="--key"), Client(address) as client:
            client(RED)
