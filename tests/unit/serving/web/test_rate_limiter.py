"""Rate limits: counted per client, with the time to wait."""

from collections.abc import Callable
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from discern.errors import UsageError
from discern.serving.config import ServeConfig
from discern.serving.keys import add_key
from discern.serving.web.access_control import AccessControl
from tests.unit.serving.web.conftest import RED


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


def test_invalid_keys_are_limited(serve: Callable[..., TestClient], keys: tuple[Path, str]) -> None:
    client = serve(key_file=keys[0], rate_limit="3/minute")
    wrong = [client.get("/model", headers={"X-API-Key": "guess"}).status_code for _ in range(5)]
    assert wrong == [401, 401, 401, 429, 429]


def test_a_store_that_cannot_be_used_is_named() -> None:
    for store, remedy in (("nothing://x", "redis://"), ("valkey://x:1", "pip install valkey")):
        with pytest.raises(UsageError, match="--rate-store") as rejected:
            AccessControl(ServeConfig(bundles=("a",), rate_limit="5/minute", rate_store=store))
        assert remedy in rejected.value.hint


def test_an_invalid_limit_is_rejected() -> None:
    with pytest.raises(UsageError, match="often"):
        AccessControl(ServeConfig(bundles=("a",), rate_limit="often"))
