"""What every request passes: ids, headers, limits, keys, rates; and a log that holds no picture."""

import asyncio
import json
import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from discern.errors import UsageError
from discern.inference.batcher import BatchConfig
from discern.inference.model_registry import ModelRegistry
from discern.picture import Limits
from discern.serving.config import ServeConfig
from discern.serving.keys import add_key
from discern.serving.web.access import Access, address_of
from discern.serving.web.access_log import AccessLog, JsonLines
from discern.serving.web.app import create_app
from discern.serving.web.request_guard import RequestGuard
from tests.unit.inference.test_batcher import Slow
from tests.unit.serving.web.conftest import RED


@pytest.fixture
def keys(tmp_path: Path) -> tuple[Path, str]:
    path = tmp_path / "keys.txt"
    return path, add_key(path, "alice")


def test_every_answer_has_an_id_and_the_security_headers(client: TestClient) -> None:
    answer = client.get("/nothing", headers={"X-Request-ID": "abc-1"})
    assert answer.headers["x-request-id"] == "abc-1"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    forged = client.get("/healthz", headers={"X-Request-ID": "a b<script>"}).headers["x-request-id"]
    assert len(forged) == 32
    assert "server" not in answer.headers


def test_no_page_of_others_may_read_unless_asked(serve: Callable[..., TestClient]) -> None:
    origin = {"Origin": "https://shop.example"}
    assert "access-control-allow-origin" not in serve().get("/model", headers=origin).headers
    allowed = serve(cors=("https://shop.example",))
    assert allowed.get("/model", headers=origin).headers["access-control-allow-origin"] == "https://shop.example"
    other = allowed.get("/model", headers={"Origin": "https://evil.example"})
    assert "access-control-allow-origin" not in other.headers
    asking = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}
    assert allowed.options("/predict", headers=origin | asking).status_code == 200


def test_a_page_of_others_that_may_not_ask_is_refused_as_all_is(serve: Callable[..., TestClient]) -> None:
    asking = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
    refused = serve(cors=("https://shop.example",)).options("/predict", headers=asking)
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "bad_request")
    assert "--cors" in refused.json()["error"]["hint"]
    assert "access-control-allow-origin" not in refused.headers
    assert "Origin" in refused.headers["vary"]


def test_a_page_of_others_can_read_refusals_too(serve: Callable[..., TestClient], keys: tuple[Path, str]) -> None:
    client = serve(cors=("https://shop.example",), key_file=keys[0])
    refused = client.post("/predict", content=RED, headers={"Origin": "https://shop.example"})
    assert refused.status_code == 401
    assert refused.headers["access-control-allow-origin"] == "https://shop.example"


@pytest.mark.parametrize(
    "header", [{}, {"X-API-Key": "wrong"}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic x"}]
)
def test_without_the_right_key_nothing_is_answered(
    serve: Callable[..., TestClient], keys: tuple[Path, str], header: dict[str, str]
) -> None:
    client = serve(key_file=keys[0])
    for method, path in (
        ("POST", "/predict"),
        ("POST", "/invocations"),
        ("GET", "/model"),
        ("GET", "/metrics"),
        ("POST", "/admin/reload"),
        ("GET", "/v2/models/colours"),
    ):
        answer = client.request(method, path, headers=header)
        assert (answer.status_code, answer.json()["error"]["code"]) == (401, "unauthorized"), path
        assert answer.headers["www-authenticate"] == "Bearer"
    assert client.get("/healthz").status_code == client.get("/ping").status_code == 200


def test_with_the_right_key_it_answers(serve: Callable[..., TestClient], keys: tuple[Path, str]) -> None:
    client = serve(key_file=keys[0])
    for header in ({"Authorization": f"Bearer {keys[1]}"}, {"X-API-Key": keys[1]}):
        assert client.post("/predict", content=RED, headers=header).status_code == 200
    assert client.post("/admin/reload", headers={"X-API-Key": keys[1]}).status_code == 403


def test_without_keys_nobody_is_an_admin(client: TestClient) -> None:
    answer = client.post("/admin/reload")
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "forbidden")


def test_an_exhausted_rate_is_refused_with_the_time_to_wait(serve: Callable[..., TestClient], tmp_path: Path) -> None:
    path = tmp_path / "keys.txt"
    first, second = ({"X-API-Key": add_key(path, name)} for name in ("first", "second"))
    client = serve(key_file=path, rate="2/minute")
    assert [client.post("/predict", content=RED, headers=first).status_code for _ in range(3)] == [200, 200, 429]
    refused = client.post("/predict", content=RED, headers=first)
    assert refused.json()["error"]["code"] == "rate_exceeded"
    assert 1 <= int(refused.headers["retry-after"]) <= 60
    assert client.post("/predict", content=RED, headers=second).status_code == 200
    assert client.post("/admin/reload", headers=first).status_code == 429
    for path in ("/healthz", "/model", "/metrics"):  # whoever looks takes nothing from whoever asks
        assert client.get(path, headers=first).status_code == 200


def test_an_address_is_one_askers(serve: Callable[..., TestClient]) -> None:
    kinds = ("192.0.2.1", "::ffff:192.0.2.1", "::ffff:192.0.2.2", "2001:db8::1", "2001:db8::2", "2001:db8:0:1::1")
    askers = [address_of({"client": (address, 1)}) for address in kinds]
    assert askers[0] == askers[1]
    assert askers[3] == askers[4]
    assert len(set(askers)) == 4


def test_a_store_that_cannot_be_used_is_told_apart_from_a_rate() -> None:
    for store, remedy in (("nothing://x", "redis://"), ("valkey://x:1", "pip install valkey")):
        with pytest.raises(UsageError, match="--rate-store") as refused:
            Access(ServeConfig(bundles=("a",), rate="5/minute", rate_store=store))
        assert remedy in refused.value.hint


def test_whoever_leaves_is_not_counted_as_wrong(serve: Callable[..., TestClient]) -> None:
    async def leave() -> list[int]:
        """Ask with a body that never comes to its end."""
        statuses: list[int] = []
        events = iter([{"type": "http.request", "body": RED[:9], "more_body": True}, {"type": "http.disconnect"}])

        async def receive() -> Any:
            return next(events, {"type": "http.disconnect"})

        async def send(message: Any) -> None:
            if message["type"] == "http.response.start":
                statuses.append(message["status"])

        scope = {"type": "http", "method": "POST", "path": "/predict", "query_string": b"", "headers": []}
        await client.app(scope, receive, send)
        return statuses

    client = serve()
    assert set(asyncio.run(leave())) <= {499}
    assert 'status="499"' in client.get("/metrics").text
    assert 'status="400"' not in client.get("/metrics").text


def test_wrong_keys_are_counted_too(serve: Callable[..., TestClient], keys: tuple[Path, str]) -> None:
    client = serve(key_file=keys[0], rate="3/minute")
    wrong = [client.get("/model", headers={"X-API-Key": "guess"}).status_code for _ in range(5)]
    assert wrong == [401, 401, 401, 429, 429]


def test_a_rate_that_is_none_is_refused() -> None:
    with pytest.raises(UsageError, match="often"):
        Access(ServeConfig(bundles=("a",), rate="often"))


def test_a_large_picture_is_refused_before_it_is_decoded(serve: Callable[..., TestClient]) -> None:
    answer = serve(limits=Limits(max_bytes=50)).post("/predict", content=RED)
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "too_large")


def test_a_body_without_end_is_cut_off(serve: Callable[..., TestClient]) -> None:
    sent = []

    def endless() -> Iterator[bytes]:
        for _ in range(1000):
            sent.append(1)
            yield b"x" * 1000

    answer = serve(max_request_bytes=20_000).post("/predict", content=endless())
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "too_large")


def test_a_lying_length_buys_no_room(serve: Callable[..., TestClient]) -> None:
    """Neither for those who send more than they said, nor against others by those who send nothing."""
    client = serve(max_request_bytes=20_000, max_held_bytes=30_000)
    for length in ("-5", "1e9", "9" * 30, "0x10", " "):
        assert client.post("/predict", content=RED, headers={"Content-Length": length}).status_code < 500
    assert client.post("/predict", content=b"", headers={"Content-Length": "25000"}).status_code == 413
    gate = client.app
    assert isinstance(gate, RequestGuard)
    assert gate._held == 0
    for _ in range(10):
        assert client.post("/predict", content=RED).status_code == 200


def test_more_than_can_be_held_is_refused_for_now(serve: Callable[..., TestClient]) -> None:
    answer = serve(max_held_bytes=50).post("/predict", content=RED)
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "overloaded")
    assert int(answer.headers["retry-after"]) >= 1


def test_a_full_queue_is_refused_for_now(serve: Callable[..., TestClient], bundle: Path) -> None:
    batching = BatchConfig(queue=2)
    roster = ModelRegistry([bundle], batching=batching)
    batcher = roster.get().batcher
    batcher.model = batcher._wide = slow = Slow(batcher.model)  # type: ignore[assignment]
    client = serve(batching=batching, app={"roster": roster})
    [busy] = roster.submit_all([RED])
    assert slow.entered.wait(20)
    assert client.post("/predict", files=[("files", RED)] * 2).status_code == 503
    slow.open.set()
    busy.result(20)
    assert client.post("/predict", files=[("files", RED)] * 2).status_code == 200


def test_what_would_never_fit_the_queue_is_not_put_off(serve: Callable[..., TestClient]) -> None:
    refused = serve(batching=BatchConfig(queue=2)).post("/predict", files=[("files", RED)] * 3)
    assert (refused.status_code, refused.json()["error"]["code"]) == (413, "too_large")


def test_what_was_not_foreseen_is_said_and_logged_with_its_cause(
    serve: Callable[..., TestClient], bundle: Path, logged: pytest.LogCaptureFixture
) -> None:
    roster = ModelRegistry([bundle])

    def faulty(*_: object, **__: object) -> None:
        raise ArithmeticError("the cause")

    roster.submit_all = faulty  # type: ignore[method-assign,assignment]
    answer = serve(app={"roster": roster}).post("/predict", content=RED)
    assert answer.status_code == 500
    assert answer.headers["x-request-id"] in answer.json()["error"]["hint"]
    assert "the cause" not in answer.text
    assert any(record.exc_info and "the cause" in str(record.exc_info[1]) for record in logged.records)


def test_the_log_says_who_asked_what_and_holds_no_picture(
    serve: Callable[..., TestClient], keys: tuple[Path, str], logged: pytest.LogCaptureFixture
) -> None:
    serve(key_file=keys[0]).post("/predict?secret=1", content=RED, headers={"X-API-Key": keys[1]})
    [record] = [record for record in logged.records if record.name == "discern.requests"]
    said = json.loads(JsonLines().format(record))
    assert {"time", "id", "ms"} < set(said)
    assert (said["method"], said["path"], said["status"], said["caller"]) == ("POST", "/predict", 200, "key:alice")
    assert keys[1] not in json.dumps(said)
    assert "IHDR" not in json.dumps(said)


def test_a_log_line_is_one_line_whatever_is_in_it() -> None:
    record = logging.LogRecord("discern", logging.INFO, "", 0, "a\nb %s", ("\x1b[0m",), None)
    assert "\n" not in JsonLines().format(record)
    assert json.loads(JsonLines().format(record))["message"] == "a\nb \x1b[0m"


def test_refusals_in_quick_succession_are_counted_and_not_written_one_by_one(logged: pytest.LogCaptureFixture) -> None:
    diary = AccessLog()
    for status in (503, 503, 429, 200):
        diary.note(status=status, id="x")
    diary._last_refusal = float("-inf")  # a second later
    diary.note(status=503, id="y")
    said = [(record.fields["status"], record.fields.get("refused_between")) for record in logged.records]
    assert said == [(503, 0), (200, None), (503, 2)]


def test_who_guesses_keys_is_in_the_log(
    serve: Callable[..., TestClient], keys: tuple[Path, str], logged: pytest.LogCaptureFixture
) -> None:
    serve(key_file=keys[0]).get("/model", headers={"X-API-Key": "guess"})
    [record] = [record for record in logged.records if record.name == "discern.requests"]
    assert (record.fields["status"], record.fields["caller"]) == (401, "testclient")


def test_an_ipv6_network_is_one_asker() -> None:
    addresses = ["2001:db8::1", "2001:db8::ffff:1", "2001:db8:0:1::1", "203.0.113.9", "name"]
    found = [address_of({"type": "http", "client": (address, 1)}) for address in addresses]
    assert found == ["2001:db8::/64", "2001:db8::/64", "2001:db8:0:1::/64", "203.0.113.9", "name"]
    assert address_of({"type": "http"}) == "unknown"


def test_whoever_leaves_is_not_answered(bundle: Path) -> None:
    """What was not begun when the asker went is not done."""
    config = ServeConfig(bundles=(str(bundle),), watch=False, batching=BatchConfig(threads=1))
    roster = ModelRegistry([bundle], batching=config.batching)
    app = create_app(config, roster=roster)
    asked = [{"type": "http.request", "body": RED, "more_body": False}, {"type": "http.disconnect"}]

    async def leave() -> None:
        messages = iter(asked)

        async def receive() -> dict[str, object]:
            return next(messages)

        async def send(_: object) -> None:
            pass

        scope = {"type": "http", "method": "POST", "path": "/predict", "query_string": b"", "headers": []}
        await app(scope, receive, send)  # type: ignore[arg-type]

    batcher = roster.get().batcher
    batcher.model = batcher._wide = slow = Slow(batcher.model)  # type: ignore[assignment]
    [busy] = roster.submit_all([RED])
    assert slow.entered.wait(20)
    asyncio.run(leave())
    slow.open.set()
    busy.result(20)
    roster.close()
    with TestClient(app) as client:
        assert "discern_answers_total{" not in client.get("/metrics").text


def test_a_document_says_little_of_many_faults(serve: Callable[..., TestClient]) -> None:
    answer = serve().post("/v2/models/colours/infer", json={"inputs": [{"datatype": str(n)} for n in range(50)]})
    assert answer.status_code == 400
    assert len(answer.text) < 600
