"""Workers exchange metrics and reload signals with a supervisor, which may also be gone."""

import threading
from collections.abc import Callable
from multiprocessing import Pipe
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from discern.errors import Overloaded
from discern.serving.keys import add_key
from discern.serving.web.workers import MetricValues, ReloadSignal, WorkerLink
from tests.unit.bundle.factories import write_small
from tests.waiting import wait_until

TIMEOUT = 30
KEY = ("requests", "requests_total", (("status", "200"),))


class Hub:
    """The supervisor's side, without processes.

    It passes on reload signals, and answers with a fixed total, or without one with the values that it got.
    """

    def __init__(self, count: int) -> None:
        pipes = [Pipe() for _ in range(count)]
        self.ends = [own for own, _ in pipes]
        self.links = [WorkerLink(other) for _, other in pipes]
        self.total: MetricValues | None = MetricValues(counted={KEY: 5.0})
        for end in self.ends:
            threading.Thread(target=self._serve, args=(end,), daemon=True).start()

    def _serve(self, end: Any) -> None:
        try:
            while True:
                kind, *content = end.recv()
                if kind == "reload":
                    for other in self.ends:
                        if other is not end:
                            other.send(("reload",))
                elif kind == "collect":
                    end.send(("total", content[0] - 1, MetricValues()))  # too late, of an earlier collection
                    end.send(("total", content[0], self.total or content[1]))
        except (OSError, EOFError):
            pass


def received(signal: ReloadSignal) -> bool:
    wait_until(signal.receive, TIMEOUT)
    return not signal.receive()


def test_a_signal_is_received_once_by_all_others() -> None:
    one, two, three = (ReloadSignal(link) for link in Hub(3).links)
    one.send()
    assert received(two)
    assert received(three)
    assert not one.receive()
    two.send()
    assert received(one)
    assert received(three)
    assert not two.receive()


def test_a_single_process_sends_nothing() -> None:
    alone = ReloadSignal()
    assert not alone.is_shared
    alone.send()
    assert not alone.receive()


def test_a_reload_that_reaches_nobody_is_reported() -> None:
    own, other = Pipe()
    signal = ReloadSignal(WorkerLink(other))
    own.close()
    with pytest.raises(Overloaded, match="other workers"):
        signal.send()


def test_the_metrics_of_all_workers_are_collected() -> None:
    hub = Hub(2)
    hub.links[0].publish(lambda: MetricValues(counted={KEY: 2.0}))
    assert hub.links[0].collect() == hub.total
    assert hub.links[0].collect() == hub.total


def test_a_worker_without_a_supervisor_returns_its_own_metrics() -> None:
    own, other = Pipe()
    is_orphaned = threading.Event()
    link = WorkerLink(other, orphaned=is_orphaned.set)
    link.publish(lambda: MetricValues(counted={KEY: 2.0}))
    own.close()
    assert is_orphaned.wait(TIMEOUT)
    assert link.collect() == MetricValues(counted={KEY: 2.0})
    link.close()


def test_metrics_are_published_on_request() -> None:
    own, other = Pipe()
    link = WorkerLink(other)
    own.send(("publish",))
    assert own.recv() == ("values", MetricValues())
    link.publish(lambda: MetricValues(counted={KEY: 3.0}))
    own.send(("publish",))
    assert own.recv() == ("values", MetricValues(counted={KEY: 3.0}))
    link.report_ready()
    assert own.recv() == ("ready",)
    link.close()
    assert own.recv()[0] == "values"


def test_all_workers_reload_their_bundles(serve: Callable[..., TestClient], tmp_path: Path) -> None:
    bundle = write_small(tmp_path / "m.discern")
    key = {"X-API-Key": add_key(tmp_path / "keys.txt", "boss", admin=True)}
    options = {"bundles": (str(bundle),), "key_file": tmp_path / "keys.txt"}
    one, other = (serve(app={"link": link}, **options) for link in Hub(2).links)
    write_small(bundle, version="2")

    def version(client: TestClient) -> str:
        return str(client.get("/model", headers=key).json()["version"])

    assert one.post("/admin/reload", headers=key).json() == {"reloaded": ["colours"]}
    assert version(one) == "2"
    wait_until(lambda: version(other) == "2", TIMEOUT, interval=0.05)
