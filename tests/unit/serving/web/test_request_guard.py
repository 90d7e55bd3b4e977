"""Request guard: ids, and limits on size, memory and time."""

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

from starlette.testclient import TestClient

from discern.picture import Limits
from discern.serving.web.request_guard import RequestGuard
from tests.unit.serving.web.conftest import RED


def test_every_response_has_an_id_and_the_security_headers(client: TestClient) -> None:
    answer = client.get("/nothing", headers={"X-Request-ID": "abc-1"})
    assert answer.headers["x-request-id"] == "abc-1"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    forged = client.get("/healthz", headers={"X-Request-ID": "a b<script>"}).headers["x-request-id"]
    assert len(forged) == 32
    assert "server" not in answer.headers


def test_a_disconnect_is_not_counted_as_a_bad_request(serve: Callable[..., TestClient]) -> None:
    async def disconnect() -> list[int]:
        """Send an incomplete body, and disconnect."""
        statuses: list[int] = []
        events = iter([{"type": "http.request", "body": RED[:9], "more_body": True}, {"type": "http.disconnect"}])

        async def receive() -> Any:
            return next(events, {"type": "http.disconnect"})

        async def send(message: Any) -> None:
            if message["type"] == "http.response.start":
                statuses.append(message["status"])

        scope = {
            "type": "http",
            "method": "POST",
            "path": "/predict",
            "query_string": b"",
            "headers": [(b"host", b"localhost")],
        }
        await client.app(scope, receive, send)
        return statuses

    client = serve()
    assert set(asyncio.run(disconnect())) <= {499}
    assert 'status="499"' in client.get("/metrics").text
    assert 'status="400"' not in client.get("/metrics").text


def test_a_large_picture_is_rejected_before_it_is_decoded(serve: Callable[..., TestClient]) -> None:
    answer = serve(limits=Limits(max_bytes=50)).post("/predict", content=RED)
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "too_large")


def test_an_endless_body_is_cut_off(serve: Callable[..., TestClient]) -> None:
    sent = []

    def endless() -> Iterator[bytes]:
        for _ in range(1000):
            sent.append(1)
            yield b"x" * 1000

    answer = serve(max_request_bytes=20_000).post("/predict", content=endless())
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "too_large")


def test_a_false_content_length_reserves_nothing(serve: Callable[..., TestClient]) -> None:
    """Neither for those who send more than they body, nor against others by those who send nothing."""
    client = serve(max_request_bytes=20_000, max_held_bytes=30_000)
    for length in ("-5", "1e9", "9" * 30, "0x10", " "):
        assert client.post("/predict", content=RED, headers={"Content-Length": length}).status_code < 500
    assert client.post("/predict", content=b"", headers={"Content-Length": "25000"}).status_code == 413
    gate = client.app
    assert isinstance(gate, RequestGuard)
    assert gate._held.total == 0
    for _ in range(10):
        assert client.post("/predict", content=RED).status_code == 200


def test_bodies_above_the_memory_limit_are_rejected_for_now(serve: Callable[..., TestClient]) -> None:
    answer = serve(max_held_bytes=50).post("/predict", content=RED)
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "overloaded")
    assert int(answer.headers["retry-after"]) >= 1


def test_one_address_holds_half_of_the_bytes(serve: Callable[..., TestClient]) -> None:
    answer = serve(max_held_bytes=2 * len(RED) - 1).post("/predict", content=RED)
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "overloaded")
    assert serve(max_held_bytes=2 * len(RED)).post("/predict", content=RED).status_code == 200


def test_a_stalled_body_makes_room_for_another_client(serve: Callable[..., TestClient]) -> None:
    app = serve(max_held_bytes=4 * len(RED), trusted_proxies="*").app

    async def send(address: str, body: bytes, *, complete: bool) -> int:
        """Send a body from an address; an incomplete one stalls after its first part."""
        statuses: list[int] = []
        parts = iter([{"type": "http.request", "body": body, "more_body": not complete}])

        async def receive() -> Any:
            return next(parts, None) or await asyncio.Event().wait()

        async def respond(message: Any) -> None:
            statuses.append(message.get("status", 0))

        headers = [(b"host", b"localhost"), (b"x-forwarded-for", address.encode())]
        scope = {"type": "http", "method": "POST", "path": "/predict", "query_string": b"", "headers": headers}
        await app(scope | {"client": ("127.0.0.1", 1)}, receive, respond)
        return statuses[0]

    async def test() -> list[int]:
        stalled = [
            asyncio.ensure_future(send(address, RED + RED[:9], complete=False))
            for address in ("192.0.2.1", "192.0.2.2", "192.0.2.3")
        ]
        await asyncio.sleep(1.2)
        newcomer = await send("192.0.2.4", RED, complete=True)
        await asyncio.wait(stalled, timeout=20, return_when=asyncio.FIRST_COMPLETED)
        done, waiting = await asyncio.wait(stalled, timeout=0.1)  # and no other
        for each in waiting:
            each.cancel()
        return [newcomer, *(each.result() for each in done)]

    assert asyncio.run(test()) == [200, 503]


def test_range_requests_are_ignored(client: TestClient) -> None:
    for part in ("bytes=0-3", "bytes=x", "bytes=99999999-"):
        assert client.get("/", headers={"Range": part}).status_code == 200
