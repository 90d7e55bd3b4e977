"""A server that captures, killed under load, and what its store has afterwards."""

import contextlib
import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2

from discern.watching.captures.spool_mover import SpoolMover
from discern.watching.stores.exchange_tables import EXCHANGES, FEEDBACK, TRAFFIC
from discern.watching.stores.open_exchanges import open_store
from tests.e2e.served import ready

TIMEOUT = 30


@dataclass
class Acknowledged:
    """What a server has acknowledged.

    Attributes:
        answers: identifiers of the answers that arrived whole.
        feedback: identifiers of the answers whose feedback was kept.
    """

    answers: list[str] = field(default_factory=list)
    feedback: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Kept:
    """Comparison of a store with what was acknowledged.

    Attributes:
        exchanges: number of exchanges in the store.
        missing: answers that the store has not.
        doubled: answers that it has, or has counted, more than once.
        missing_feedback: feedback that it has not.
        is_clean: whether the database is whole, and no segment is left.
    """

    exchanges: int
    missing: int
    doubled: int
    missing_feedback: int
    is_clean: bool


@contextlib.contextmanager
def server_group(
    *words: str | Path, log: Path | None = None, prefix: Sequence[str] = ()
) -> Iterator[tuple[str, "subprocess.Popen[str]"]]:
    """Start a server in a process group of its own, which is killed at the end; gives its URL and its process."""
    command = [*prefix, sys.executable, "-m", "discern", "serve", *map(str, words), "--port", "0"]
    with contextlib.ExitStack() as stack:
        err: Any = subprocess.DEVNULL if log is None else stack.enter_context(log.open("a"))
        process = stack.enter_context(
            subprocess.Popen(command, stdout=subprocess.PIPE, stderr=err, text=True, start_new_session=True)
        )
        try:
            assert process.stdout is not None
            address = process.stdout.readline().strip()
            ready(address)
            yield address, process
        finally:
            kill_group(process)
            process.wait(TIMEOUT)


def kill_group(process: "subprocess.Popen[str]") -> None:
    """Kill a server with all its processes."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


class Load:
    """Clients that ask a server, each one request after the other, until it is gone or they are stopped.

    Every fifth answer gets feedback.

    Args:
        address: URL of the server.
        pictures: pictures to send in turn.
        acknowledged: gets what is acknowledged.
        clients: number of clients.
    """

    def __init__(
        self, address: str, pictures: Sequence[bytes], acknowledged: Acknowledged, *, clients: int = 4
    ) -> None:
        self._address, self._pictures, self._acknowledged = address, pictures, acknowledged
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._ask, args=(number,)) for number in range(clients)]

    def __enter__(self) -> "Load":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(TIMEOUT)

    def _ask(self, number: int) -> None:
        with httpx2.Client(timeout=TIMEOUT) as client, contextlib.suppress(httpx2.HTTPError, ValueError):
            while not self._stop.is_set():
                content = self._pictures[number % len(self._pictures)]
                response = client.post(self._address + "/predict", content=content)
                number += 1
                if response.status_code != 200:
                    continue
                exchange = response.json()["id"]
                self._acknowledged.answers.append(exchange)
                if number % 5 == 0:
                    self._tell(client, exchange, response.json()["label"])

    def _tell(self, client: httpx2.Client, exchange: str, label: str) -> None:
        response = client.post(self._address + "/feedback", content=json.dumps({"id": exchange, "label": label}))
        if response.status_code == 200 and response.json()["kept"]:
            self._acknowledged.feedback.append(exchange)


def compare(folder: Path, acknowledged: Acknowledged) -> Kept:
    """Move what is left in the spool of a folder, and compare its store with what was acknowledged."""
    store, spool = open_store(folder), folder / "spool"
    # A killed process still locks its segment until the system has removed it.
    deadline = time.monotonic() + TIMEOUT
    SpoolMover(spool, store).move()
    while list(spool.glob("*.spool")) and time.monotonic() < deadline:
        time.sleep(0.05)
        SpoolMover(spool, store).move()
    store.close()
    with contextlib.closing(sqlite3.connect(folder / "exchanges.sqlite")) as database:
        ids = Counter(each for (each,) in database.execute(f"SELECT id FROM {EXCHANGES.name}"))
        told = {each for (each,) in database.execute(f"SELECT exchange FROM {FEEDBACK.name}")}
        [(counted,)] = database.execute(f"SELECT coalesce(sum(exchanges), 0) FROM {TRAFFIC.name}")
        is_whole = database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    return Kept(
        exchanges=sum(ids.values()),
        missing=sum(each not in ids for each in acknowledged.answers),
        doubled=max(sum(count - 1 for count in ids.values()), counted - len(ids)),
        missing_feedback=sum(each not in told for each in acknowledged.feedback),
        is_clean=is_whole and not list(spool.glob("*.spool")),
    )
