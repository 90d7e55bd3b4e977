"""Metrics of the capture of exchanges."""

from prometheus_client import CollectorRegistry, generate_latest

from discern.serving.web.capture_metrics import CaptureMetrics
from tests.unit.serving.web.listing_sink import ListingSink


def test_what_is_kept_and_lost_is_counted() -> None:
    registry, sink = CollectorRegistry(), ListingSink()
    metrics = CaptureMetrics(registry, lambda: sink, lambda: 0)
    metrics.count_exchanges(3)
    metrics.count_exchanges(2)
    metrics.count_feedback("page")
    for lost in (4, 4, 6):
        sink.lost = lost
        metrics.update()
    text = generate_latest(registry).decode()
    assert "discern_captured_exchanges_total 5.0" in text
    assert "discern_capture_lost_total 6.0" in text
    assert 'discern_feedback_total{source="page"} 1.0' in text


def test_before_the_sink_is_open_nothing_is_lost() -> None:
    registry = CollectorRegistry()
    CaptureMetrics(registry, lambda: None, lambda: 0).update()
    assert "discern_capture_lost_total 0.0" in generate_latest(registry).decode()


def test_the_common_spool_is_measured_when_it_is_rendered() -> None:
    sizes = iter((10, 20))
    registry = CollectorRegistry()
    metrics = CaptureMetrics(registry, lambda: None, lambda: next(sizes))
    assert "discern_capture_waiting_bytes 10.0" in metrics.render_spool().decode()
    assert "discern_capture_waiting_bytes 20.0" in metrics.render_spool().decode()
    assert "waiting" not in generate_latest(registry).decode()
