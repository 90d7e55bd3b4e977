"""The server process, where it cannot start; tests/e2e/test_serving.py has the rest."""

import logging
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from discern.errors import UsageError
from discern.serving.config import ServeConfig
from discern.serving.web.access_log import JsonFormatter
from discern.serving.web.server import run_server

LOGGERS = ("discern", "uvicorn")


@pytest.fixture(autouse=True)
def _restore_logging() -> Iterator[None]:
    loggers = [logging.getLogger(name) for name in LOGGERS]
    before = [(logger.handlers, logger.propagate, logger.level) for logger in loggers]
    yield
    for logger, (handlers, propagate, level) in zip(loggers, before, strict=True):
        logger.handlers, logger.propagate = handlers, propagate
        logger.setLevel(level)


def test_a_port_in_use_is_reported(bundle: Path) -> None:
    urls: list[str] = []
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(UsageError, match=f"Cannot listen on 127.0.0.1:{port}") as rejected:
            run_server(ServeConfig(bundles=(str(bundle),), port=port), announce=urls.append)
    assert "--port" in rejected.value.hint
    assert urls == []


@pytest.mark.parametrize("host", ["203.0.113.7", "nowhere.invalid"])
def test_an_address_of_another_machine_is_reported(bundle: Path, host: str) -> None:
    config = ServeConfig(bundles=(str(bundle),), host=host, port=0, no_auth=True)
    with pytest.raises(UsageError, match=f"Cannot listen on {host}"):
        run_server(config, announce=print)


def test_the_log_is_json(bundle: Path, tmp_path: Path) -> None:
    config = ServeConfig(bundles=(str(bundle),), port=0, key_file=tmp_path / "none.txt")
    with pytest.raises(UsageError, match=r"none\.txt"):
        run_server(config, announce=print)
    for name in LOGGERS:
        [handler] = logging.getLogger(name).handlers
        assert isinstance(handler.formatter, JsonFormatter)
