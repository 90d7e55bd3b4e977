"""The limited HTTP protocol, and the internals of uvicorn that it relies on."""

import asyncio
import inspect
import json
import re
import socket
import tomllib
from collections.abc import Awaitable, Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from discern.serving.web.protocol import LimitedHttpProtocol

ROOT = Path(__file__).resolve().parents[4]
METHODS = {
    "connection_made": ["transport"],
    "connection_lost": ["exc"],
    "data_received": ["data"],
    "send_400_response": ["msg"],
    "on_message_begin": [],
    "on_url": ["url"],
    "on_header": ["name", "value"],
    "on_headers_complete": [],
    "on_body": ["body"],
    "on_message_complete": [],
    "on_response_complete": [],
    "pause_writing": [],
    "resume_writing": [],
}
TIMEOUT = 20


def test_the_version_of_uvicorn_is_the_tested_one() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    [requirement] = [each for each in project["dependencies"] if each.startswith("uvicorn>")]
    below = re.search(r"<(\d+)\.(\d+)", requirement)
    assert below is not None, "the requirement of uvicorn needs an upper bound"
    installed = tuple(map(int, version("uvicorn").split(".")[:2]))
    assert installed < (int(below[1]), int(below[2]))


@pytest.mark.parametrize("name", METHODS)
def test_each_overridden_method_exists_in_uvicorn(name: str) -> None:
    for cls in (HttpToolsProtocol, LimitedHttpProtocol):
        assert list(inspect.signature(getattr(cls, name)).parameters)[1:] == METHODS[name]


def test_every_method_that_overrides_uvicorns_is_listed() -> None:
    own = {name for name, each in vars(LimitedHttpProtocol).items() if inspect.isfunction(each)}
    assert {name for name in own if hasattr(HttpToolsProtocol, name)} - {"__init__"} == set(METHODS)


Client = Callable[[asyncio.StreamReader, asyncio.StreamWriter, LimitedHttpProtocol], Awaitable[Any]]


def exchange(client: Client, *, timeout: float = TIMEOUT, max_connections: int = 10) -> Any:
    """Connect a client to a protocol of its own, on a real socket."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] == "/wait":
            await asyncio.sleep(0.2)
        if scope["path"] == "/read":
            while (await receive()).get("more_body"):
                pass
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
        await send({"type": "http.response.body", "body": b"ok"})

    async def run() -> Any:
        state = ServerState()
        config = uvicorn.Config(app, lifespan="off", log_config=None, ws="none")
        here, there = socket.socketpair()
        _, protocol = await asyncio.get_running_loop().connect_accepted_socket(
            lambda: LimitedHttpProtocol(config, state, {}, timeout=timeout, max_connections=max_connections), there
        )
        reader, writer = await asyncio.open_connection(sock=here)
        try:
            return await asyncio.wait_for(client(reader, writer, protocol), TIMEOUT)
        finally:
            writer.close()
            protocol.transport.close()
            await asyncio.sleep(0)

    return asyncio.run(run())


def test_the_state_that_is_read_exists() -> None:
    async def client(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, protocol: LimitedHttpProtocol) -> None:
        assert protocol.connections == {protocol}
        assert not protocol.pipeline
        writer.write(b"POST /read HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\na")
        while protocol.cycle is None:
            await asyncio.sleep(0.01)
        assert isinstance(protocol.cycle, RequestResponseCycle)
        assert (protocol.cycle.response_started, protocol.cycle.response_complete) == (False, False)
        writer.write(b"b")
        assert (await reader.readuntil(b"ok")).startswith(b"HTTP/1.1 200")
        assert (protocol.cycle.response_started, protocol.cycle.response_complete) == (True, True)

    exchange(client)


def test_the_parser_calls_the_overridden_methods() -> None:
    async def until(condition: Callable[[], object]) -> None:
        while not condition():
            await asyncio.sleep(0.01)

    async def client(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, protocol: LimitedHttpProtocol) -> None:
        assert (protocol._in_header, protocol._in_body) == (True, False)
        assert protocol._read_timer is not None
        writer.write(b"POST /read HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
        await until(lambda: protocol._in_body)
        assert (protocol._in_header, protocol._read_timer) == (False, None)
        writer.write(b"20;name=value")
        await until(lambda: protocol._overhead_bytes == 13)
        writer.write(b"\r\n" + b"x" * 32 + b"\r\n")
        await until(lambda: protocol._overhead_bytes < 13)
        writer.write(b"0\r\nX-Trailer: 1\r\n\r\n")
        await reader.readuntil(b"ok")
        assert (protocol._in_header, protocol._in_body) == (True, False)
        assert b"x-trailer" not in dict(protocol.headers)

    exchange(client)


def test_a_header_that_does_not_arrive_closes_the_connection() -> None:
    async def client(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, _: LimitedHttpProtocol) -> bytes:
        writer.write(b"GET / HTTP/1.1\r\nHost:")
        return await reader.read()

    assert exchange(client, timeout=0.1) == b""


async def send(data: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
    """Send all data before any of the response is read, as many clients do."""
    writer.write(data)
    await writer.drain()
    return await reader.read()


CHUNKED = b"POST /read HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"hello\r\n\r\n", b"HTTP/1.1 400 "),
        (b"GET / HTTP/1.1\r\nX: " + b"x" * 70_000, b"HTTP/1.1 431 "),
        (CHUNKED + b"0\r\nX: " + b"x" * 70_000, b"HTTP/1.1 431 "),
        (b"GET / HTTP/1.1\r\nX: " + b"x" * 5_000_000, b"HTTP/1.1 431 "),
        (CHUNKED + b"0\r\nX: " + b"x" * 5_000_000, b"HTTP/1.1 431 "),
    ],
)
def test_rejections_have_the_body_of_every_error(data: bytes, status: bytes) -> None:
    head, _, body = exchange(lambda reader, writer, _: send(data, reader, writer)).partition(b"\r\n\r\n")
    assert head.startswith(status)
    assert b"x-content-type-options: nosniff" in head
    assert set(json.loads(body)["error"]) == {"code", "message", "hint"}


def test_a_client_that_does_not_stop_sending_after_a_rejection_is_disconnected() -> None:
    async def client(_: asyncio.StreamReader, writer: asyncio.StreamWriter, protocol: LimitedHttpProtocol) -> None:
        writer.write(b"hello\r\n\r\n")
        while not protocol.transport.is_closing():
            await asyncio.sleep(0.01)

    exchange(client, timeout=0.1)


def test_the_application_is_told_that_the_rest_of_a_rejected_request_will_not_arrive() -> None:
    async def client(_: asyncio.StreamReader, writer: asyncio.StreamWriter, protocol: LimitedHttpProtocol) -> None:
        writer.write(CHUNKED)
        while protocol.cycle is None:
            await asyncio.sleep(0.01)
        writer.write(b"0\r\nX: " + b"x" * 70_000)
        while protocol.tasks:
            await asyncio.sleep(0.01)
        assert not protocol.transport.is_closing()  # the client has not closed its side

    exchange(client)


def test_connections_above_the_limit_are_closed() -> None:
    async def client(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, _: LimitedHttpProtocol) -> bytes:
        return await reader.read()

    assert exchange(client, max_connections=0) == b""


@pytest.mark.parametrize("first", [b"", b"GET / HTTP/1.1\r\nX:", b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"])
def test_a_new_connection_replaces_one_that_waits_for_its_client_but_not_a_busy_one(first: bytes) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] == "/wait":
            await released.wait()
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
        await send({"type": "http.response.body", "body": b"ok"})

    async def test() -> None:
        config = uvicorn.Config(app, lifespan="off", log_config=None, ws="none")
        state, options = ServerState(), {"timeout": TIMEOUT, "max_connections": 4}
        server = await asyncio.get_running_loop().create_server(
            lambda: LimitedHttpProtocol(config, state, {}, **options), "127.0.0.1", 0
        )
        port = server.sockets[0].getsockname()[1]

        async def connect(data: bytes) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(data)
            return reader, writer

        busy = await connect(PLAIN.replace(b"/ ", b"/wait "))
        waits = await connect(first)
        if first.endswith(b"\r\n\r\n"):
            await waits[0].readuntil(b"ok")
        while [each._is_answering() for each in state.connections].count(True) < 1 or len(state.connections) < 2:
            await asyncio.sleep(0.01)
        new = await connect(PLAIN)
        assert (await new[0].readuntil(b"ok")).startswith(b"HTTP/1.1 200")
        assert await waits[0].read() == b""
        released.set()
        assert (await busy[0].readuntil(b"ok")).startswith(b"HTTP/1.1 200")
        for _, writer in (busy, waits, new):
            writer.close()
        server.close()
        await asyncio.sleep(0.05)

    released = asyncio.Event()
    asyncio.run(asyncio.wait_for(test(), TIMEOUT))


PLAIN = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
LONG = b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"x" * 72_000 + b"\r\n\r\n"


def statuses(data: bytes, *, size: int | None = None) -> list[bytes]:
    """Return the statuses of the responses to data that is received in pieces of a size, or in one."""

    async def client(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter, protocol: LimitedHttpProtocol
    ) -> bytes:
        for start in range(0, len(data), size or len(data)):
            if not protocol.transport.is_closing():
                protocol.data_received(data[start : start + (size or len(data))])
                await asyncio.sleep(0)
        while not protocol.transport.is_closing() and (protocol.pipeline or protocol._is_answering()):
            await asyncio.sleep(0.01)
        writer.write_eof()
        return await reader.read()

    return re.findall(rb"HTTP/1.1 (\d+) ", exchange(client))


HEADS = {
    "field": LONG,
    "target": b"GET /" + b"x" * 72_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    "name": b"GET / HTTP/1.1\r\nHost: x\r\n" + b"x" * 72_000 + b": x\r\n\r\n",
    "with a body": LONG.replace(b"GET", b"POST").replace(b"X:", b"Content-Length: 3\r\nX:") + b"abc",
    "many fields": b"GET / HTTP/1.1\r\nHost: x\r\n" + b"a: b\r\n" * 200 + b"\r\n",
    "many long fields": b"GET / HTTP/1.1\r\nHost: x\r\n" + (b"a: " + b"b" * 700 + b"\r\n") * 100 + b"\r\n",
    "incomplete": LONG[:-4],
    "old version": LONG.replace(b"HTTP/1.1", b"HTTP/1.0"),
    "upgrade": LONG.replace(b"X:", b"Connection: Upgrade\r\nUpgrade: h2c\r\nX:"),
}


@pytest.mark.parametrize("name", HEADS)
@pytest.mark.parametrize("size", [None, 1000])
def test_a_large_header_is_rejected_in_one_piece_as_in_many(name: str, size: int | None) -> None:
    assert statuses(HEADS[name], size=size) == [b"431"]


def test_a_large_header_after_another_request_does_not_replace_its_response() -> None:
    for bad in (LONG, b"nonsense\r\n\r\n"):
        assert statuses(PLAIN.replace(b"/ ", b"/wait ") + bad) == [b"200"]


def test_large_trailers_are_rejected_in_one_piece() -> None:
    head = b"POST /read HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    assert statuses(head + b"0\r\n" + (b"X: " + b"x" * 1000 + b"\r\n") * 75 + b"\r\n") == [b"431"]
    assert statuses(head + b"1;" + b"x" * 75_000 + b"\r\na\r\n0\r\n\r\n") == [b"431"]


def test_few_requests_are_read_before_their_responses() -> None:
    waiting = PLAIN.replace(b"/ ", b"/wait ")
    assert statuses(waiting + PLAIN * 10) == [b"200"] * 11
    answered = statuses(waiting + PLAIN * 500)
    assert set(answered) == {b"200"}
    assert 10 < len(answered) < 30
    half = LONG.replace(b"x" * 72_000, b"x" * 36_000)
    assert len(statuses(waiting + half * 10)) == 2  # their headers count together


def test_a_request_after_an_upgrade_that_is_ignored_is_answered() -> None:
    upgrade = PLAIN.replace(b"Host", b"Connection: Upgrade\r\nUpgrade: h2c\r\nHost")
    assert statuses(upgrade + PLAIN) == [b"200", b"200"]


@pytest.mark.parametrize("length", [b"Content-Length: %d", b"Transfer-Encoding: chunked\r\nX: %d"])
def test_the_body_of_an_upgrade_is_not_taken_for_a_request(length: bytes) -> None:
    head = (
        b"POST /read HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: h2c\r\nHost: x\r\n" + length % len(PLAIN) + b"\r\n\r\n"
    )
    assert statuses(head + PLAIN) == statuses(head + PLAIN, size=len(head)) == [b"400"]


@pytest.mark.parametrize(
    "head",
    [
        b"GET http://evil.example/ HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET http://user@x/ HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET http://x:8000/ HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET ftp://x/ HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET http://x/ HTTP/1.1\r\nHost: x\r\nHost: x\r\n\r\n",
        b"CONNECT x:80 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nX: a\r\n b\r\n\r\n",
    ],
)
def test_targets_and_headers_that_others_may_read_otherwise_are_rejected(head: bytes) -> None:
    assert statuses(head) == [b"400"]


def test_a_target_with_the_host_of_the_header_is_accepted() -> None:
    assert statuses(b"GET http://X/a?b HTTP/1.1\r\nHost: x\r\n\r\n") == [b"200"]


def test_the_rest_of_a_body_that_is_not_read_is_not_held() -> None:
    async def client(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, protocol: LimitedHttpProtocol) -> int:
        writer.write(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n" + b"x" * 200_000)
        await reader.readuntil(b"ok")
        writer.write(b"x" * 200_000)
        await asyncio.sleep(0.05)
        return len(protocol.cycle.body)

    assert exchange(client) == 0
