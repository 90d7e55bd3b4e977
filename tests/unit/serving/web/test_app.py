"""The application: its document, routers and middleware."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from discern.inference.batch_config import BatchConfig
from discern.inference.model_registry import ModelRegistry
from discern.serving.config import ServeConfig
from discern.serving.keys import add_key
from discern.serving.web.app import create_app, open_registry
from discern.serving.web.cors import CorsMiddleware
from discern.serving.web.request_guard import RequestGuard

OBSERVED = """
import json, sys
from opentelemetry import trace

class Provider(trace.TracerProvider):
    tracers = []

    def get_tracer(self, *names, **options):
        self.tracers.append(names)
        return trace.NoOpTracer()

trace.set_tracer_provider(Provider())
from starlette.testclient import TestClient
from discern.serving.config import ServeConfig
from discern.serving.web.app import create_app
with TestClient(create_app(ServeConfig(bundles=(sys.argv[1],)))) as client:
    client.post("/predict", content=b"x")
print(json.dumps(Provider.tracers))
"""


def test_the_document_describes_the_api_key(serve: Callable[..., TestClient], tmp_path: Path) -> None:
    add_key(tmp_path / "keys.txt", "alice")
    document = serve(key_file=tmp_path / "keys.txt").get("/openapi.json").json()
    assert document["security"] == [{"key": []}]
    assert document["components"]["securitySchemes"]["key"]["scheme"] == "bearer"


def test_workers_share_the_cores(bundle: Path) -> None:
    config = ServeConfig(bundles=(str(bundle),), workers=1000)
    registry = open_registry(config)
    assert registry.get().batcher.batching.threads == 1
    registry.close()
    registry = open_registry(ServeConfig(bundles=(str(bundle),), batching=BatchConfig(threads=3)))
    assert registry.get().batcher.batching.threads == 3
    registry.close()


def test_cors_is_outside_the_guard(bundle: Path) -> None:
    for cors, outermost in (((), RequestGuard), (("https://shop.example",), CorsMiddleware)):
        registry = ModelRegistry([bundle])
        assert isinstance(create_app(ServeConfig(bundles=(str(bundle),), cors=cors), registry=registry), outermost)
        registry.close()


def test_no_request_is_traced_whatever_the_environment_asks_for(bundle: Path) -> None:
    pytest.importorskip("opentelemetry")
    asked = {"FASTAPI_OTEL_AUTO_CONFIGURE": "true", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9"}
    command = [sys.executable, "-c", OBSERVED, str(bundle)]
    done = subprocess.run(command, env=os.environ | asked, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == []
    assert "telemetry" not in done.stderr
