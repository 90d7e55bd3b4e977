"""Runs the application: sockets, workers, logs, and an end in which nothing is lost."""

import logging
import os
import socket
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from typing import Any

import uvicorn
from uvicorn.supervisors import Multiprocess

from discern.errors import UsageError
from discern.serving.config import ServeConfig
from discern.serving.web.app import create_app, open_roster
from discern.serving.web.figures import SHARED
from discern.serving.web.gate import JsonLines
from discern.serving.web.protocol import PromptProtocol

_DRAIN_SECONDS = 30


def run_server(config: ServeConfig, *, announce: Callable[[str], None]) -> None:
    """Serve until SIGINT or SIGTERM; what was taken by then is answered.

    Args:
        config: what is offered.
        announce: is told the address, when bundles are loaded and the port is taken.

    Raises:
        BundleError: a bundle cannot be used.
        UsageError: the address cannot be taken, or keys or rates make no sense.
    """
    _log_lines()
    listening = _listen(config)
    roster = open_roster(config)
    if config.workers == 1:
        app: Any = create_app(config, roster=roster)
    else:
        roster.close()
        app = partial(_app_of_worker, config)
    settings = uvicorn.Config(
        app,
        factory=config.workers > 1,
        workers=config.workers,
        http=partial(PromptProtocol, head_seconds=config.body_seconds),  # type: ignore[arg-type]
        log_config=None,
        access_log=False,
        proxy_headers=bool(config.behind),
        forwarded_allow_ips=config.behind,
        server_header=False,
        date_header=False,
        timeout_graceful_shutdown=_DRAIN_SECONDS,
        backlog=2048,
    )
    announce(_address(config, listening))
    if config.workers == 1:
        uvicorn.Server(settings).run(sockets=[listening])
    else:
        with tempfile.TemporaryDirectory(prefix="discern-") as shared:
            os.environ.setdefault(SHARED, shared)
            Multiprocess(settings, sockets=[listening]).run()


def _app_of_worker(config: ServeConfig) -> Any:
    _log_lines()
    return create_app(config)


def _listen(config: ServeConfig) -> socket.socket:
    try:
        family = socket.AF_INET6 if ":" in config.host else socket.AF_INET
        listening = socket.socket(family, socket.SOCK_STREAM)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((config.host, config.port))
    except OSError as error:
        raise UsageError(
            f"{config.host}:{config.port} cannot be listened at: {error.strerror or error}.",
            hint="Name another --port; 0 takes a free one.",
        ) from error
    listening.set_inheritable(True)
    return listening


def _address(config: ServeConfig, listening: socket.socket) -> str:
    host = f"[{config.host}]" if ":" in config.host else config.host
    return f"http://{host}:{listening.getsockname()[1]}"


def _log_lines() -> None:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    for name in ("discern", "uvicorn"):
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [handler], False
        logger.setLevel(logging.INFO if name == "discern" else logging.WARNING)
