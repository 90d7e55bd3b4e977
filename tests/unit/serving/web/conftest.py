import io
import logging
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from starlette.testclient import TestClient

from discern.bundle import Model, load
from discern.serving.config import ServeConfig
from discern.serving.web.app import create_app
from tests.unit.bundle.factories import plain, write_small


def encoded(pixels: np.ndarray, kind: str = "PNG") -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, kind)
    return buffer.getvalue()


RED, DARK, WHITE = (encoded(plain(*colour)) for colour in ((250, 0, 0), (0, 0, 0), (255, 255, 255)))


@pytest.fixture(scope="package")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_small(tmp_path_factory.mktemp("served") / "model.discern")


@pytest.fixture(scope="package")
def model(bundle: Path) -> Model:
    return load(bundle)


@pytest.fixture
def serve(bundle: Path) -> Iterator[Callable[..., TestClient]]:
    """Start an application with some options, and give a client of it."""
    with ExitStack() as stack:

        def start(*, app: dict[str, Any] | None = None, **options: Any) -> TestClient:
            config = ServeConfig(**{"bundles": (str(bundle),), "watch": False} | options)
            return stack.enter_context(TestClient(create_app(config, **(app or {})), raise_server_exceptions=False))

        yield start


@pytest.fixture
def client(serve: Callable[..., TestClient]) -> TestClient:
    return serve()


@pytest.fixture
def logged(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    logger = logging.getLogger("discern")
    before = logger.propagate, logger.level
    logger.propagate = True
    with caplog.at_level(logging.INFO, "discern"):
        yield caplog
    logger.propagate, _ = before
