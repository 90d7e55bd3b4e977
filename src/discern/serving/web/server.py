"""Runs the application: sockets, workers, logs, and an end in which nothing is lost."""

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
from discern.serving.web.access_log import JsonLines
from discern.serving.web.app import create_app, open_registry
from discern.serving.web.protocol import LimitedHttpProtocol
from discern.serving.web.workers import SHARED

_LOG = logging.getLogger("discern.serving")
_DRAIN_SECONDS = 65  # a body and the queue may take half a minute each
_BACKLOG = 2048
_MOST_CONNECTIONS, _OTHER_FILES = 4096, 128
_REMEDIES = {
    errno.EADDRNOTAVAIL: "Name an address of this machine as --host; 0.0.0.0 is all of them.",
    errno.EACCES: "Name a --port above 1023, or let this user listen there.",
}
_BEGIN_SECONDS = 30  # a busy machine may need that until a worker says its first word, and it is not to be killed
_KEEP_SECONDS = 75  # longer than load balancers keep theirs, or they would ask into a closing connection


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
    with closing(_listen(config)) as listening:
        if config.host not in LOOPBACK and hasattr(os, "geteuid") and os.geteuid() == 0:
            _LOG.warning("this server runs as root and other machines can reach it: run it as a user who may little")
        # Made also where workers make their own: what is wrong is then said here, and once.
        with closing(open_registry(config)) as roster:
            app = create_app(config, roster=roster)
            if config.workers == 1:
                announce(_address(config, listening))
                with _ending_quietly():
                    uvicorn.Server(_settings(config, app)).run(sockets=[listening])
                return
        with tempfile.TemporaryDirectory(prefix="discern-") as shared:
            os.environ[SHARED] = shared
            try:
                announce(_address(config, listening))
                _Workers(_settings(config, partial(_app_of_worker, config)), sockets=[listening]).run()
            finally:
                del os.environ[SHARED]


class _Workers(Multiprocess):
    """As uvicorn's; but whoever comes while they end is refused by the system, and waits for nobody."""

    def keep_subprocess_alive(self) -> None:
        before = {process.pid for process in self.processes}
        super().keep_subprocess_alive()
        for pid in before - {process.pid for process in self.processes}:
            mark_process_dead(pid)  # type: ignore[no-untyped-call]  # what waited there waits no more

    def terminate_all(self) -> None:
        for listening in self.sockets:
            listening.close()
        super().terminate_all()


class _Ended(BaseException):
    """The server has answered what it took, and was told to end."""


@contextmanager
def _ending_quietly() -> Iterator[None]:
    """End well where one was told to end; uvicorn answers what it took, and then dies by the signal."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def end(*_: object) -> None:
        raise _Ended

    before = {number: signal.signal(number, end) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    except _Ended:
        pass
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _settings(config: ServeConfig, app: Any) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        factory=config.workers > 1,
        workers=config.workers,
        http=partial(  # type: ignore[arg-type]
            LimitedHttpProtocol, patience=config.body_seconds, most_connections=_most_connections()
        ),
        log_config=None,
        access_log=False,
        ws="none",
        proxy_headers=bool(config.behind),
        forwarded_allow_ips=config.behind,
        server_header=False,
        date_header=False,
        timeout_graceful_shutdown=_DRAIN_SECONDS,
        timeout_keep_alive=_KEEP_SECONDS,
        timeout_worker_healthcheck=_BEGIN_SECONDS,
        backlog=_BACKLOG,
    )


def _most_connections() -> int:
    """As many as the system lets this process hold, less what else it has open."""
    try:
        import resource  # noqa: PLC0415 - not on Windows
    except ImportError:
        return 500
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _MOST_CONNECTIONS + _OTHER_FILES
    if soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return max(16, min(soft, wanted) - _OTHER_FILES)


def _app_of_worker(config: ServeConfig) -> Any:
    _log_lines()
    return create_app(config)


def _listen(config: ServeConfig) -> socket.socket:
    listening = socket.socket(socket.AF_INET6 if ":" in config.host else socket.AF_INET, socket.SOCK_STREAM)
    try:
        if os.name == "posix":  # elsewhere it would let two programs listen at one port
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((config.host, config.port))
        listening.listen(_BACKLOG)  # so that whoever reads the address may connect at once
        listening.set_inheritable(True)
    except OSError as error:  # also a name that nobody knows
        listening.close()
        raise UsageError(
            f"{config.host}:{config.port} cannot be listened at: {error.strerror or error}.",
            hint=_REMEDIES.get(error.errno or 0, "Name another --port; 0 takes a free one."),
        ) from error
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
