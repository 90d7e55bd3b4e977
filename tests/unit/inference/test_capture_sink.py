"""The interface of sinks: a plain class with its methods is one."""

from discern.inference.capture_sink import CaptureSink
from tests.unit.inference.factories import make_exchange, make_feedback
from tests.unit.inference.sinks import MemorySink


def test_a_plain_class_is_a_sink() -> None:
    sink: CaptureSink = MemorySink()
    assert sink.keep([make_exchange()]) == 1
    assert sink.keep_feedback(make_feedback())
    assert sink.lost == 0
    assert {name for name in vars(CaptureSink) if not name.startswith("_")} <= {*dir(sink)}
