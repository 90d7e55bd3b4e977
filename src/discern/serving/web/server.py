"""Functions that run the uvicorn server with worker processes and graceful shutdown."""

import errno
import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import partial
from multiprocessing.connection import Connection
from typing import Any

import uvicorn
from uvicorn.config import STARTUP_FAILURE

from discern.errors import DiscernError, UsageError
from discern.serving.config import LOOPBACK, ServeConfig
from discern.serving.web.access_log import JsonFormatter
from discern.serving.web.app import create_app, open_registry
from discern.serving.web.log_writer import BackgroundHandler
from discern.serving.web.protocol import LimitedHttpProtocol
from discern.serving.web.shutdown_signals import handle_signals, run_until_signal
from discern.serving.web.supervisor import Supervisor
from discern.serving.web.workers import WorkerLink

_LOG = logging.getLogger("discern.serving")
_SHUTDOWN_TIMEOUT = 65  # a body and the queue may take half a minute each
_CLEANUP_TIMEOUT = 10  # not tuned
_ANNOUNCE_TIMEOUT = 2  # not tuned
_BACKLOG = 2048
_LOGGERS = ("discern", "uvicorn", "asyncio")
_MAX_CONNECTIONS, _OTHER_FILES = 4096, 128
_HINTS = {
    errno.EADDRNOTAVAIL: "Use an address of this machine as --host; 0.0.0.0 stands for all of them.",
    errno.EACCES: "Use a --port above 1023, or allow this user to listen on it.",
}
_KEEP_ALIVE_TIMEOUT = 75  # longer than that of load balancers, which would otherwise use a closing connection


def run_server(config: ServeConfig, *, announce: Callable[[str], None]) -> None:
    """Serve HTTP requests until a signal such as SIGTERM or SIGHUP, then shut down gracefully.

    Args:
        config: the server's configuration.
        announce: called with the server's URL when the bundles are loaded and the port is open.

    Raises:
        BundleError: a bundle cannot be used.
        DiscernError: no worker process can start.
        StoreError: the store of the exchanges cannot be used.
        UsageError: the address cannot be used, or the key file or rate limit is invalid.
    """
    with _logging():
        run_until_signal(partial(_serve, config, announce))


def _serve(config: ServeConfig, announce: Callable[[str], None]) -> None:
    with closing(_listen(config)) as listener:
        if config.host not in LOOPBACK and hasattr(os, "geteuid") and os.geteuid() == 0:
            _LOG.warning("the server accepts remote connections as root: run it as an unprivileged user")
        if config.capture is not None:
            from discern.serving.web.open_recorder import prepare_capture  # noqa: PLC0415 - loads SQLAlchemy

            prepare_capture(config.capture)
        # Also created if workers create their own, so that an error is reported once, and here.
        with closing(open_registry(config)) as registry:
            app = create_app(config, registry=registry)
            if config.workers == 1:
                _announce(announce, _url(config, listener))
                _Server(_uvicorn_config(config, app)).run(sockets=[listener])
                return
        _announce(announce, _url(config, listener))
        supervisor = Supervisor(
            _run_worker, (config, listener), count=config.workers, stop_timeout=_SHUTDOWN_TIMEOUT + _CLEANUP_TIMEOUT
        )
        supervisor.run(close_listener=listener.close)


class _Server(uvicorn.Server):
    """uvicorn server that also shuts down on SIGHUP and SIGQUIT, and then returns."""

    def run(self, sockets: list[socket.socket] | None = None) -> None:
        # Around the whole run, as an exception within the event loop's own start or end would be reported as an error.
        with handle_signals(lambda number: self.handle_exit(number, None)):
            super().run(sockets)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _run_worker(connection: "Connection[Any, Any]", config: ServeConfig, listener: socket.socket) -> None:
    """Run one of several worker processes."""
    with _logging():
        serve = partial(_serve_as_worker, WorkerLink(connection, orphaned=_end_process), config, listener)
        run_until_signal(serve, restore=False)  # signals of the terminal and the supervisor may follow each other


def _end_process() -> None:
    if os.name == "posix":  # elsewhere this would skip the shutdown, and the lifespan ends the process
        os.kill(os.getpid(), signal.SIGTERM)


def _serve_as_worker(link: WorkerLink, config: ServeConfig, listener: socket.socket) -> None:
    try:
        app = create_app(config, link=link)
    except DiscernError as error:
        _LOG.error("a worker cannot start: %s", error)
        sys.exit(STARTUP_FAILURE)
    link.report_ready()
    try:
        _Server(_uvicorn_config(config, app)).run(sockets=[listener])
    finally:
        link.close()


def _announce(announce: Callable[[str], None], url: str) -> None:
    """Announce the server's URL, and serve even if nobody reads it."""
    failures: list[BaseException] = []

    def call() -> None:
        try:
            announce(url)
        except BaseException as error:  # noqa: BLE001 - raised below
            failures.append(error)

    thread = threading.Thread(target=call, daemon=True)
    thread.start()
    thread.join(_ANNOUNCE_TIMEOUT)
    if failures and not isinstance(failures[0], OSError):
        raise failures[0]
    if failures or thread.is_alive():
        _LOG.warning("serving %s, but the standard output does not accept this: %s", url, failures or "it is full")


def _uvicorn_config(config: ServeConfig, app: Any) -> uvicorn.Config:
    return uvicorn.Config(
        app,
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


@contextmanager
def _logging() -> Iterator[None]:
    """Log to standard error as JSON, from a thread; at the end, write what is queued."""
    handler = BackgroundHandler(sys.stderr)
    handler.setFormatter(JsonFormatter())
    for name in _LOGGERS:
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [handler], False
        logger.setLevel(logging.INFO if name == "discern" else logging.WARNING)
    try:
        yield
    finally:
        handler.close()
