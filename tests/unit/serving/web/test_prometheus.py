"""Prometheus metrics."""

from starlette.testclient import TestClient

from tests.unit.serving.web.conftest import RED


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
