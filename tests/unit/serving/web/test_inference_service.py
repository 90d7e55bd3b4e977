"""Inference service: full queues, and clients that disconnect."""

import asyncio
from collections.abc import Callable
from pathlib import Path

from starlette.testclient import TestClient

from discern.inference.batch_config import BatchConfig
from discern.inference.model_registry import ModelRegistry
from discern.serving.config import ServeConfig
from discern.serving.web.app import create_app
from tests.unit.inference.factories import GatedModel
from tests.unit.serving.web.conftest import RED


def test_requests_are_rejected_while_the_queue_is_full(serve: Callable[..., TestClient], bundle: Path) -> None:
    batching = BatchConfig(max_queue=2)
    registry = ModelRegistry([bundle], batching=batching)
    batcher = registry.get().batcher
    batcher.model = batcher._multithreaded = gated = GatedModel(batcher.model)  # type: ignore[assignment]
    client = serve(batching=batching, app={"registry": registry})
    [busy] = registry.submit_all([RED])
    assert gated.entered.wait(20)
    assert client.post("/predict", files=[("files", RED)] * 2).status_code == 503
    gated.open.set()
    busy.result(20)
    assert client.post("/predict", files=[("files", RED)] * 2).status_code == 200


def test_more_pictures_than_the_queue_holds_are_rejected_for_good(serve: Callable[..., TestClient]) -> None:
    rejected = serve(batching=BatchConfig(max_queue=2)).post("/predict", files=[("files", RED)] * 3)
    assert (rejected.status_code, rejected.json()["error"]["code"]) == (413, "too_large")


def test_pictures_of_a_disconnected_client_are_cancelled(bundle: Path) -> None:
    config = ServeConfig(bundles=(str(bundle),), watch=False, batching=BatchConfig(threads=1))
    registry = ModelRegistry([bundle], batching=config.batching)
    app = create_app(config, registry=registry)
    messages = [{"type": "http.request", "body": RED, "more_body": False}, {"type": "http.disconnect"}]

    async def disconnect() -> None:
        remaining = iter(messages)

        async def receive() -> dict[str, object]:
            return next(remaining)

        async def send(_: object) -> None:
            pass

        scope = {"type": "http", "method": "POST", "path": "/predict", "query_string": b"", "headers": []}
        await app(scope, receive, send)  # type: ignore[arg-type]

    batcher = registry.get().batcher
    batcher.model = batcher._multithreaded = gated = GatedModel(batcher.model)  # type: ignore[assignment]
    [busy] = registry.submit_all([RED])
    assert gated.entered.wait(20)
    asyncio.run(disconnect())
    gated.open.set()
    busy.result(20)
    registry.close()
    with TestClient(app) as client:
        assert "discern_answers_total{" not in client.get("/metrics").text
