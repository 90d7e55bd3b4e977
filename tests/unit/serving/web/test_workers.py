"""Reload signals between workers."""

from collections.abc import Callable
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from discern.serving.keys import add_key
from discern.serving.web.workers import SHARED_DIR, ReloadSignal
from tests.unit.bundle.factories import write_small
from tests.waiting import wait_until

TIMEOUT = 30


def test_a_signal_is_received_once_by_all_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SHARED_DIR, str(tmp_path))
    one, two, three = ReloadSignal(), ReloadSignal(), ReloadSignal()
    one.send()
    assert [each.receive() for each in (one, two, three)] == [False, True, True]
    assert [each.receive() for each in (one, two, three)] == [False, False, False]
    one.send()
    two.send()
    assert [each.receive() for each in (one, two, three)] == [True, True, True]
    assert not ReloadSignal().receive()  # started later, with the current bundles


def test_a_single_worker_sends_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(SHARED_DIR, raising=False)
    monkeypatch.chdir(tmp_path)
    alone = ReloadSignal()
    alone.send()
    assert not alone.receive()
    assert list(tmp_path.iterdir()) == []


def test_all_workers_reload_their_bundles(
    serve: Callable[..., TestClient], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle, shared = write_small(tmp_path / "m.discern"), tmp_path / "shared"
    key = {"X-API-Key": add_key(tmp_path / "keys.txt", "boss", admin=True)}
    shared.mkdir()
    monkeypatch.setenv(SHARED_DIR, str(shared))
    one, other = (serve(bundles=(str(bundle),), key_file=tmp_path / "keys.txt") for _ in range(2))
    write_small(bundle, version="2")

    def version(client: TestClient) -> str:
        return str(client.get("/model", headers=key).json()["version"])

    assert one.post("/admin/reload", headers=key).json() == {"reloaded": ["colours"]}
    assert version(one) == "2"
    wait_until(lambda: version(other) == "2", TIMEOUT, interval=0.05)
