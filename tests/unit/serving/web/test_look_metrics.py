"""Metrics of the newest look: the same from every process, absent where nothing is known."""

import re
import time
from collections.abc import Callable
from pathlib import Path

from starlette.testclient import TestClient

from discern.bundle import Model
from discern.watching.looking.published_looks import PublishedLook, publish
from discern.watching.stores.open_exchanges import open_store
from tests.unit.serving.web.captured import make_look

Serve = Callable[..., TestClient]


def values(client: TestClient) -> dict[str, float]:
    """Return the samples of looks by name and labels."""
    text = client.get("/metrics").text
    found = re.findall(r"^(discern_(?:drift|alarms|live|audit|look)\S*) (\S+)$", text, re.MULTILINE)
    return {name: float(value) for name, value in found}


def test_the_newest_look_is_published(serve: Serve, tmp_path: Path, model: Model) -> None:
    store = open_store(tmp_path / "captures", create=True)
    client = serve(app={"store": lambda: store})
    assert values(client) == {}
    kept = PublishedLook().after(make_look(model.fingerprint, examples=["a"] * 7), taken=time.time() - 90, seconds=1.0)
    publish(store, model.fingerprint, kept)
    found = values(client)
    assert found['discern_drift_evidence{model="colours",signal="brightness"}'] == 812.0
    assert found['discern_alarms{model="colours"}'] == 1.0
    assert found['discern_live_accuracy{bound="low",model="colours"}'] == 0.88
    assert found['discern_audit_waiting{model="colours"}'] == 7.0
    assert 90 <= found['discern_look_age_seconds{model="colours"}'] < 150


def test_the_age_is_that_of_the_look_that_succeeded(serve: Serve, tmp_path: Path, model: Model) -> None:
    store = open_store(tmp_path / "captures", create=True)
    kept = PublishedLook().after(make_look(model.fingerprint, accuracy=None), taken=time.time() - 500, seconds=1.0)
    publish(store, model.fingerprint, kept.failed("The bundle is damaged.", taken=time.time()))
    found = values(serve(app={"store": lambda: store}))
    assert found['discern_look_age_seconds{model="colours"}'] >= 500
    assert not any("live_accuracy" in name for name in found)


def test_other_metrics_are_there_while_the_store_is_down(serve: Serve, client: TestClient, tmp_path: Path) -> None:
    down = serve(app={"store": lambda: open_store(tmp_path / "gone")})
    for each in (down, client):
        assert "discern_requests" in each.get("/metrics").text
        assert values(each) == {}
