"""Rate limits: pictures are counted per client, with the time to wait."""

import asyncio
import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from discern.errors import RateExceeded, UsageError
from discern.serving.config import ServeConfig
from discern.serving.keys import add_key
from discern.serving.rate_limit import parse_rate_limit
from discern.serving.web.access_control import AccessControl
from discern.serving.web.rate_limiter import RateLimiter, _seconds_until
from discern.serving.web.sliding_windows import Window
from tests.unit.serving.web.conftest import BYTES, RED, b64, infer


def test_requests_above_the_limit_are_rejected_with_the_time_to_wait(
    serve: Callable[..., TestClient], tmp_path: Path
) -> None:
    path = tmp_path / "keys.txt"
    first, second = ({"X-API-Key": add_key(path, name)} for name in ("first", "second"))
    client = serve(key_file=path, rate_limit="2/minute")
    assert [client.post("/predict", content=RED, headers=first).status_code for _ in range(3)] == [200, 200, 429]
    rejected = client.post("/predict", content=RED, headers=first)
    assert rejected.json()["error"]["code"] == "rate_exceeded"
    assert 1 <= int(rejected.headers["retry-after"]) <= 60
    assert client.post("/predict", content=RED, headers=second).status_code == 200
    assert client.post("/admin/reload", headers=first).status_code == 429
    for path in ("/healthz", "/model", "/metrics"):  # reading is not limited
        assert client.get(path, headers=first).status_code == 200


DOORS: dict[str, Callable[[TestClient, int], Any]] = {
    "form": lambda client, count: client.post("/predict", files=[("files", RED)] * count),
    "json": lambda client, count: client.post("/predict", json={"image_b64": b64(*[RED] * count)}),
    "evidence": lambda client, count: client.post("/predict?evidence=1", json={"image_b64": b64(*[RED] * count)}),
    "unusable": lambda client, count: client.post("/predict", json={"image_b64": ["AAAA"] * count}),
    "sagemaker": lambda client, count: client.post("/invocations", json={"image_b64": b64(*[RED] * count)}),
    "open inference": lambda client, count: infer(
        client, {"inputs": [BYTES | {"shape": [count], "data": b64(*[RED] * count)}]}
    ),
}


@pytest.mark.parametrize("door", DOORS)
def test_pictures_are_counted(serve: Callable[..., TestClient], door: str) -> None:
    client = serve(rate_limit="10/hour")
    answers = [DOORS[door](client, count) for count in (4, 5, 4)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[2].json()["error"]["code"] == "rate_exceeded"
    assert 1 <= int(answers[2].headers["retry-after"]) <= 7200
    assert DOORS[door](client, 1).status_code == 429  # the rejected request counts as one


def test_a_request_with_more_pictures_than_the_limit_says_so(serve: Callable[..., TestClient]) -> None:
    client = serve(rate_limit="3/hour")
    answer = client.post("/predict", files=[("files", RED)] * 4)
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "too_large")
    assert "3 per 1 hour" in answer.json()["error"]["message"]
    assert "at most 3" in answer.json()["error"]["hint"]
    assert client.post("/predict", files=[("files", RED)] * 2).status_code == 200


def test_rejected_requests_count_as_one(serve: Callable[..., TestClient]) -> None:
    client = serve(rate_limit="3/hour")
    rejected = ("/nothing", "/admin/reload", "/predict")
    assert [client.post(path, content=b"").status_code for path in rejected] == [404, 403, 400]
    assert client.post("/predict", content=RED).status_code == 429


def test_urls_are_counted_before_they_are_fetched(serve: Callable[..., TestClient]) -> None:
    class Fetcher:
        """Counts the URLs that it is asked for."""

        fetched = 0

        async def fetch(self, url: str) -> bytes:
            self.fetched += 1
            return RED

        async def close(self) -> None:
            pass

    fetcher = Fetcher()
    client = serve(app={"fetcher": fetcher}, allow_urls=True, rate_limit="4/hour")
    urls = [f"http://example.org/{number}.png" for number in range(3)]
    assert [client.post("/predict", json={"image_url": urls}).status_code for _ in range(2)] == [200, 429]
    assert fetcher.fetched == 3


def test_the_time_to_wait_suffices() -> None:
    async def test() -> None:
        limiter = RateLimiter("4/second")
        for pictures in (4, 2):
            with contextlib.suppress(RateExceeded):
                await limiter.count("a", pictures)
            with contextlib.suppress(RateExceeded):
                await limiter.count("a", 1)
            try:
                await limiter.count("a", pictures)
            except RateExceeded as rejected:
                await asyncio.sleep(rejected.retry_after + 0.01)
                await limiter.count("a", pictures)

    asyncio.run(asyncio.wait_for(test(), 60))


@pytest.mark.parametrize(
    ("window", "pictures", "seconds"),
    [
        ((0, 60, 10, 90), 1, 30),  # until this window ends, after which its 10 weigh less with each second
        ((0, 60, 10, 90), 2, 36),
        ((0, 60, 10, 90), 10, 84),
        ((10, 30, 5, 90), 1, 0),
        ((10, 30, 5, 90), 5, 24),  # 5 + 10 * 6 / 60 < 7
        ((10, 30, 0, 90), 10, 24),
        ((0, 60, 0, 120), 10, 0),
    ],
)
def test_the_time_to_wait_is_until_the_pictures_fit(window: Window, pictures: int, seconds: float) -> None:
    limit = parse_rate_limit("10/minute")
    assert _seconds_until(window, limit, pictures) == pytest.approx(seconds)


def test_addresses_made_up_by_clients_take_bounded_memory() -> None:
    limiter = RateLimiter("1/hour")

    async def count() -> None:
        for number in range(70_000):
            await limiter.count(f"2001:db8:0:{number:x}::/64")

    asyncio.run(count())
    assert len(limiter._store) <= 65_536


def test_proxied_clients_are_counted_by_the_address_that_the_proxy_saw(serve: Callable[..., TestClient]) -> None:
    client = serve(rate_limit="1/hour", trusted_proxies="*")
    forged = [{"X-Forwarded-For": f"192.0.2.{number}, 203.0.113.7"} for number in range(3)]
    assert [client.post("/predict", content=RED, headers=each).status_code for each in forged] == [200, 429, 429]
    assert client.post("/predict", content=RED, headers={"X-Forwarded-For": "203.0.113.8"}).status_code == 200


def test_invalid_keys_are_limited(serve: Callable[..., TestClient], keys: tuple[Path, str]) -> None:
    client = serve(key_file=keys[0], rate_limit="3/minute")
    wrong = [client.get("/model", headers={"X-API-Key": "guess"}).status_code for _ in range(5)]
    assert wrong == [401, 401, 401, 429, 429]


def test_a_store_that_cannot_be_used_is_named() -> None:
    for store, remedy in (("nothing://x", "redis://"), ("valkey://x:1", "pip install valkey")):
        with pytest.raises(UsageError, match="--rate-store") as rejected:
            AccessControl(ServeConfig(bundles=("a",), rate_limit="5/minute", rate_store=store))
        assert remedy in rejected.value.hint
    with pytest.raises(UsageError, match="asynchronous"):
        RateLimiter("5/minute", store="async+memory://")


def test_an_invalid_limit_is_rejected() -> None:
    with pytest.raises(UsageError, match="often"):
        AccessControl(ServeConfig(bundles=("a",), rate_limit="often"))
