"""Prometheus metrics."""

import logging
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from starlette.testclient import TestClient

from discern.serving.keys import add_key
from discern.serving.web.workers import MetricValues
from tests.unit.bundle.factories import write_small
from tests.unit.serving.web.conftest import RED
from tests.unit.serving.web.test_workers import Hub


def test_requests_and_predictions_are_counted(client: TestClient) -> None:
    client.post("/predict", content=RED)
    client.post("/predict", content=b"text")
    client.get("/some/path")
    page = client.get("/metrics").text
    assert 'discern_answers_total{decision="accept",model="colours"} 1.0' in page
    assert 'discern_refused_pictures_total{code="not_a_picture"} 1.0' in page
    assert 'discern_requests_total{method="POST",route="/predict",status="415"} 1.0' in page
    assert 'discern_requests_total{method="GET",route="other",status="404"} 1.0' in page
    assert 'discern_pending_pictures{model="colours"} 0.0' in page


def test_the_metrics_of_all_workers_are_rendered(serve: Callable[..., TestClient]) -> None:
    """Also those with labels that this worker has not seen, and without times, which have no sum."""
    hub = Hub(1)
    client = serve(app={"link": hub.links[0]})
    client.post("/predict", content=RED)
    label = (("model", "colours"),)
    hub.total = MetricValues(
        counted={("discern_refused_pictures", "discern_refused_pictures_total", (("code", "not_a_picture"),)): 7.0},
        current={("discern_pending_pictures", "discern_pending_pictures", label): 3.0},
    )
    page = client.get("/metrics").text
    assert 'discern_refused_pictures_total{code="not_a_picture"} 7.0' in page
    assert 'discern_pending_pictures{model="colours"} 3.0' in page
    assert "# TYPE discern_request_seconds histogram" in page
    assert "_created" not in page


def test_workers_publish_their_own_metrics(serve: Callable[..., TestClient]) -> None:
    hub = Hub(1)
    client = serve(app={"link": hub.links[0]})
    client.post("/predict", content=RED)
    hub.total = None
    page = client.get("/metrics").text
    assert 'discern_answers_total{decision="accept",model="colours"} 1.0' in page
    assert 'discern_request_seconds_bucket{le="+Inf",route="/predict"} 1.0' in page


def test_reloads_add_no_metrics(serve: Callable[..., TestClient], tmp_path: Path) -> None:
    bundle = write_small(tmp_path / "m.discern")
    key = {"X-API-Key": add_key(tmp_path / "keys.txt", "boss", admin=True)}
    client = serve(bundles=(str(bundle),), key_file=tmp_path / "keys.txt")

    def names() -> list[str]:
        client.post("/predict", content=RED, headers=key)
        client.post("/admin/reload", headers=key)
        page = client.get("/metrics", headers=key).text
        return [line.rpartition(" ")[0] for line in page.splitlines()]

    names()
    before, handlers = names(), logging.getLogger("discern").handlers[:]
    for number in range(10):
        write_small(bundle, version=str(number))
        assert names() == before
    assert logging.getLogger("discern").handlers == handlers


def test_no_files_are_used_whatever_the_environment(tmp_path: Path) -> None:
    program = (
        "from prometheus_client import CollectorRegistry\n"
        "from discern.serving.web.prometheus import ServerMetrics\n"
        "class Registry: served = {}\n"
        "metrics = ServerMetrics(Registry())\n"
        "metrics.count_request('/predict', 'POST', 200, 0.1)\n"
        "print(metrics.render().decode())\n"
    )
    environment = os.environ | {"PROMETHEUS_MULTIPROC_DIR": str(tmp_path / "none")}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=False)
    assert 'route="/predict"' in done.stdout, done.stderr
