"""Functions that run the uvicorn server with worker processes and graceful shutdown."""

import errno
import logging
import os
import signal
import socket
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import partial
from typing import Any

import uvicorn
from prometheus_client.multiprocess import mark_process_dead
from uvicorn.supervisors import Multiprocess

from discern.errors import UsageError
from discern.serving.config import LOOPBACK, ServeConfig
from discern.serving.web.access_log import JsonFormatter
from discern.serving.web.app import create_app, open_registry
from discern.serving.web.protocol import LimitedHttpProtocol
from discern.serving.web.workers import PREFIX, SHARED_DIR

_LOG = logging.getLogger("discern.serving")
_SHUTDOWN_TIMEOUT = 65  # a body and the queue may take half a minute each
_BACKLOG = 2048
_MAX_CONNECTIONS, _OTHER_FILES = 4096, 128
_HINTS = {
    errno.EADDRNOTAVAIL: "Use an address of this machine as --host; 0.0.0.0 stands for all of them.",
    errno.EACCES: "Use a --port above 1023, or allow this user to listen on it.",
}
_STARTUP_TIMEOUT = 30  # on a busy machine a worker may take that long to start up
_KEEP_ALIVE_TIMEOUT = 75  # longer than that of load balancers, which would otherwise use a closing connection


def run_server(config: ServeConfig, *, announce: Callable[[str], None]) -> None:
    """Serve HTTP requests until SIGINT or SIGTERM, then shut down gracefully.

    Args:
        config: the server's configuration.
        announce: called with the server's URL when the bundles are loaded and the port is open.

    Raises:
        BundleError: a bundle cannot be used.
        UsageError: the address cannot be used, or the key file or rate limit is invalid.
    """
    _configure_logging()
    with closing(_listen(config)) as listener:
        if config.host not in LOOPBACK and hasattr(os, "geteuid") and os.geteuid() == 0:
            _LOG.warning("the server accepts remote connections as root: run it as an unprivileged user")
        # Also created if workers create their own, so that an error is reported once, and here.
        with closing(open_registry(config)) as registry:
            app = create_app(config, registry=registry)
            if config.workers == 1:
                announce(_url(config, listener))
                with _graceful_exit():
                    uvicorn.Server(_uvicorn_config(config, app)).run(sockets=[listener])
                return
        with tempfile.TemporaryDirectory(prefix=PREFIX) as directory:
            os.environ[SHARED_DIR] = directory
            try:
                announce(_url(config, listener))
                _Workers(_uvicorn_config(config, partial(_create_worker_app, config)), sockets=[listener]).run()
            finally:
                del os.environ[SHARED_DIR]


class _Workers(Multiprocess):
    """uvicorn supervisor that closes the socket before it stops its worker processes."""

    def keep_subprocess_alive(self) -> None:
        before = {process.pid for process in self.processes}
        super().keep_subprocess_alive()
        for pid in before - {process.pid for process in self.processes}:
            mark_process_dead(pid)  # type: ignore[no-untyped-call]  # so that its pending pictures no longer count

    def terminate_all(self) -> None:
        for each in self.sockets:
            each.close()
        super().terminate_all()


class _Shutdown(BaseException):
    """Exception that replaces the default action of a signal after a graceful shutdown."""


@contextmanager
def _graceful_exit() -> Iterator[None]:
    """Exit with code 0 when uvicorn raises a shutdown signal again."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def exit_(*_: object) -> None:
        raise _Shutdown

    before = {number: signal.signal(number, exit_) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    except _Shutdown:
        pass
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _uvicorn_config(config: ServeConfig, app: Any) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        factory=config.workers > 1,
        workers=config.workers,
        http=partial(  # type: ignore[arg-type]
            LimitedHttpProtocol,
            timeout=config.request_timeout,
            max_connections=_max_connections(),
            trusted_proxies=config.trusted_proxies,
        ),
        log_config=None,
        access_log=False,
        ws="none",
        proxy_headers=False,  # by `TrustedProxies` instead
        server_header=False,
        date_header=False,
        timeout_graceful_shutdown=_SHUTDOWN_TIMEOUT,
        timeout_keep_alive=_KEEP_ALIVE_TIMEOUT,
        timeout_worker_healthcheck=_STARTUP_TIMEOUT,
        backlog=_BACKLOG,
    )


def _max_connections() -> int:
    """Raise the limit on open files and return the number of connections that it allows."""
    try:
        import resource  # noqa: PLC0415 - not on Windows
    except ImportError:
        return 500
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    required = _MAX_CONNECTIONS + _OTHER_FILES
    if soft < required:
        soft = required if hard == resource.RLIM_INFINITY else min(required, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return max(16, min(soft, required) - _OTHER_FILES)


def _create_worker_app(config: ServeConfig) -> Any:
    _configure_logging()
    return create_app(config)


def _listen(config: ServeConfig) -> socket.socket:
    listener = socket.socket(socket.AF_INET6 if ":" in config.host else socket.AF_INET, socket.SOCK_STREAM)
    try:
        if os.name == "posix":  # on Windows it would let two programs listen on one port
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((config.host, config.port))
        listener.listen(_BACKLOG)  # so that clients can connect as soon as the URL is announced
        listener.set_inheritable(True)
    except OSError as error:  # also for an unknown host name
        listener.close()
        raise UsageError(
            f"Cannot listen on {config.host}:{config.port}: {error.strerror or error}.",
            hint=_HINTS.get(error.errno or 0, "Use another --port; 0 takes a free one."),
        ) from error
    return listener


def _url(config: ServeConfig, listener: socket.socket) -> str:
    host = f"[{config.host}]" if ":" in config.host else config.host
    return f"http://{host}:{listener.getsockname()[1]}"


def _configure_logging() -> None:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter())
    for name in ("discern", "uvicorn"):
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [handler], False
        logger.setLevel(logging.INFO if name == "discern" else logging.WARNING)
