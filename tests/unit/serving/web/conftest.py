"""A small server and pictures for it."""

import base64
import io
import json
import logging
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from starlette.testclient import TestClient

from discern.bundle import Model, load
from discern.errors import StoreError
from discern.inference.batch_config import BatchConfig
from discern.inference.exchange import Exchange
from discern.inference.model_registry import ModelRegistry
from discern.serving.config import ServeConfig
from discern.serving.keys import add_key
from discern.serving.web.app import create_app
from discern.serving.web.exchange_recorder import ExchangeRecorder
from tests.unit.bundle.factories import plain, write_small
from tests.unit.inference.factories import write_nan_bundle
from tests.unit.serving.web.listing_sink import ListingSink

BYTES = {"name": "image", "datatype": "BYTES"}


def encoded(pixels: np.ndarray, kind: str = "PNG") -> bytes:
    """Encode pixels, uint8 `[H, W, 3]`."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, kind)
    return buffer.getvalue()


RED, DARK, WHITE = (encoded(plain(*colour)) for colour in ((250, 0, 0), (0, 0, 0), (255, 255, 255)))


def b64(*pictures: bytes) -> list[str]:
    """Encode pictures as base64."""
    return [base64.b64encode(picture).decode() for picture in pictures]


def as_json(document: Any) -> dict[str, Any]:
    """Build the arguments of a request with a JSON body."""
    return {"content": json.dumps(document), "headers": {"Content-Type": "application/json"}}


def infer(client: TestClient, document: Any) -> Any:
    """Send an inference request of the Open Inference Protocol."""
    return client.post("/v2/models/colours/infer", json=document)


@pytest.fixture
def keys(tmp_path: Path) -> tuple[Path, str]:
    """Create a key file; gives it and its key."""
    path = tmp_path / "keys.txt"
    return path, add_key(path, "alice")


@pytest.fixture(scope="package")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_small(tmp_path_factory.mktemp("served") / "model.discern")


@pytest.fixture(scope="package")
def model(bundle: Path) -> Model:
    return load(bundle)


@pytest.fixture
def serve(bundle: Path) -> Iterator[Callable[..., TestClient]]:
    """Start an application with options of its configuration; gives a client."""
    with ExitStack() as stack:

        def start(*, app: dict[str, Any] | None = None, **options: Any) -> TestClient:
            config = ServeConfig(**{"bundles": (str(bundle),), "watch": False} | options)
            return stack.enter_context(TestClient(create_app(config, **(app or {})), raise_server_exceptions=False))

        yield start


@pytest.fixture
def client(serve: Callable[..., TestClient]) -> TestClient:
    return serve()


@pytest.fixture
def nan_client(serve: Callable[..., TestClient], tmp_path: Path) -> TestClient:
    """A client of a server whose model outputs NaN for a black picture."""
    return serve(bundles=(str(write_nan_bundle(tmp_path / "nan.discern")),))


@pytest.fixture
def logged(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    logger = logging.getLogger("discern")
    before = logger.propagate, logger.level
    logger.propagate = True
    with caplog.at_level(logging.INFO, "discern"):
        yield caplog
    logger.propagate, _ = before


@dataclass
class Capturing:
    """A server that captures.

    Attributes:
        client: sends requests to it.
        sink: what it keeps.
        elsewhere: exchanges that other processes have kept, by identifier; None: these cannot be read.
    """

    client: TestClient
    sink: ListingSink
    elsewhere: dict[str, Exchange] | None


@pytest.fixture
def capture(bundle: Path) -> Iterator[Callable[..., Capturing]]:
    """Start an application that captures, with options of its configuration."""
    with ExitStack() as stack:

        def start(**options: Any) -> Capturing:
            config = ServeConfig(**{"bundles": (str(bundle),), "watch": False} | options)
            registry = ModelRegistry(config.bundles, batching=BatchConfig(capture=True))
            sink = ListingSink()
            found = Capturing(client=None, sink=sink, elsewhere={})  # type: ignore[arg-type]

            def find(exchange: str) -> Exchange | None:
                if found.elsewhere is None:
                    raise StoreError("The database is down.")
                return found.elsewhere.get(exchange)

            recorder = ExchangeRecorder(
                registry,
                open_sink=lambda: sink,
                find=find,
                waiting_bytes=lambda: 10 * len(sink.exchanges),
                salt=b"salt",
            )
            app = create_app(config, registry=registry, recorder=recorder)
            found.client = stack.enter_context(TestClient(app, raise_server_exceptions=False))
            return found

        yield start


@pytest.fixture
def capturing(capture: Callable[..., Capturing]) -> Capturing:
    return capture()
