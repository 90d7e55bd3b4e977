"""Keys of the ASGI scope: a request's id, and its bytes that count as held in memory."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from starlette.types import Receive, Scope, Send

from discern.errors import Overloaded
from discern.inference.model_registry import ModelRegistry
from discern.serving.config import ServeConfig
from discern.serving.web.access_control import AccessControl
from discern.serving.web.prometheus import ServerMetrics
from discern.serving.web.request_guard import RequestGuard
from discern.serving.web.scope_keys import HOLD_BYTES, REQUEST_ID


def test_the_guard_passes_an_id_and_counts_held_bytes(bundle: Path) -> None:
    config = ServeConfig(bundles=(str(bundle),), max_held_bytes=200)
    registry = ModelRegistry([bundle])
    ids: list[str] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        ids.append(scope[REQUEST_ID])
        scope[HOLD_BYTES](60)
        with pytest.raises(Overloaded):
            scope[HOLD_BYTES](60)

    async def exchange(message: Any = None) -> Any:
        return {"type": "http.disconnect"}

    guard = RequestGuard(
        app, config=config, access=AccessControl(config), metrics=ServerMetrics(registry), is_full=lambda: False
    )
    for _ in range(2):  # what one request holds is released at its end
        scope = {
            "type": "http",
            "method": "GET",
            "path": "/",
            "headers": [(b"host", b"localhost"), (b"x-request-id", b"mine")],
        }
        asyncio.run(guard(scope, exchange, exchange))
    assert ids == ["mine", "mine"]
    registry.close()
