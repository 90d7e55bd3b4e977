"""Lifespan: readiness, reloading of changed bundles, and shutdown."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from discern.inference.batcher import BatcherClosed
from discern.inference.model_registry import ModelRegistry
from discern.serving.config import ServeConfig
from discern.serving.web.lifespan import Lifespan
from discern.serving.web.url_fetch import UrlFetcher
from discern.serving.web.workers import ReloadSignal
from tests.unit.bundle.factories import write_small
from tests.unit.serving.web.conftest import RED
from tests.waiting import wait_until

TIMEOUT = 30


def test_pictures_submitted_before_the_shutdown_are_finished(bundle: Path) -> None:
    config = ServeConfig(bundles=(str(bundle),))
    registry = ModelRegistry([bundle])
    fetcher = UrlFetcher(max_bytes=1000)
    lifespan = Lifespan(config, registry=registry, signal=ReloadSignal(), fetcher=fetcher)

    async def run() -> list[bool]:
        ready = [lifespan.is_ready()]
        async with lifespan.run(FastAPI()):
            ready.append(lifespan.is_ready())
            futures.extend(registry.submit_all([RED] * 20))
        return [*ready, lifespan.is_ready()]

    futures: list[object] = []
    assert asyncio.run(run()) == [False, True, False]
    assert all(future.done() for future in futures)  # type: ignore[attr-defined]
    with pytest.raises(BatcherClosed):
        registry.submit_all([RED])


@pytest.mark.parametrize("damaged", [False, True])
def test_a_changed_bundle_is_reloaded(
    serve: Callable[..., TestClient], tmp_path: Path, logged: pytest.LogCaptureFixture, *, damaged: bool
) -> None:
    path = write_small(tmp_path / "m.discern")
    client = serve(bundles=(str(path),), watch=True)
    if damaged:
        path.write_bytes(b"nothing")
    else:
        write_small(path, version="2")
    expected = "not reloaded" if damaged else "reloaded colours"
    wait_until(
        lambda: any(record.getMessage().startswith(expected) for record in logged.records), TIMEOUT, interval=0.05
    )
    assert client.get("/model").json()["version"] == ("1" if damaged else "2")
