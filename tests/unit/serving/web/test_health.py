"""Health checks and metrics."""

import pytest
from starlette.testclient import TestClient

from discern.errors import Overloaded
from discern.serving.web.health import require_ready


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_checks_pass_while_the_server_runs(client: TestClient, path: str) -> None:
    assert client.get(path).status_code == 200
    assert client.head(path).status_code == 200


def test_metrics_are_text(client: TestClient) -> None:
    assert client.get("/metrics").headers["content-type"].startswith("text/plain")


def test_a_server_that_is_not_ready_is_overloaded() -> None:
    require_ready(lambda: True)
    with pytest.raises(Overloaded, match="starting up or shutting down"):
        require_ready(lambda: False)
