"""What workers tell each other."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from discern.serving.keys import add_key
from discern.serving.web.workers import SHARED, ReloadSignal
from tests.unit.bundle.factories import write_small

PATIENCE = 30


def test_a_call_is_heard_once_by_all_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SHARED, str(tmp_path))
    one, two, three = ReloadSignal(), ReloadSignal(), ReloadSignal()
    one.make()
    assert [each.is_heard() for each in (one, two, three)] == [False, True, True]
    assert [each.is_heard() for each in (one, two, three)] == [False, False, False]
    one.make()
    two.make()
    assert [each.is_heard() for each in (one, two, three)] == [True, True, True]
    assert not ReloadSignal().is_heard()  # who comes later has read what there is


def test_one_worker_calls_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(SHARED, raising=False)
    monkeypatch.chdir(tmp_path)
    alone = ReloadSignal()
    alone.make()
    assert not alone.is_heard()
    assert list(tmp_path.iterdir()) == []


def test_bundles_are_read_anew_by_all_when_one_is_told_to(
    serve: Callable[..., TestClient], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle, shared = write_small(tmp_path / "m.discern"), tmp_path / "shared"
    key = {"X-API-Key": add_key(tmp_path / "keys.txt", "boss", admin=True)}
    shared.mkdir()
    monkeypatch.setenv(SHARED, str(shared))
    one, other = (serve(bundles=(str(bundle),), key_file=tmp_path / "keys.txt") for _ in range(2))
    write_small(bundle, version="2")

    def version(client: TestClient) -> str:
        return str(client.get("/model", headers=key).json()["version"])

    assert one.post("/admin/reload", headers=key).json() == {"reloaded": ["colours"]}
    assert version(one) == "2"
    until = time.monotonic() + PATIENCE
    while version(other) != "2":
        assert time.monotonic() < until
        time.sleep(0.05)
