"""The result of a look has the promised keys first, and a short text."""

from pathlib import Path

from discern.flow.watch.watch_result import WatchResult
from discern.watching.looks.look import Alarm, LiveAccuracy, Look, Promise

FIRST = ["exchanges", "lost", "alarms", "accuracy", "promise", "clusters", "to_audit", "page"]
QUIET = Look(bundle="ab", exchanges=3, lost=1, first=None, last=None)
ALARM = Alarm(kind="size", since="2026-11-30", evidence={}, examples=(), message="Smaller.")


def test_the_promised_keys_come_first_and_all_attributes_follow() -> None:
    value = WatchResult(store="captures", look=QUIET, page=Path("/a.html"), labels=2, alerts=("no",)).to_json()
    assert list(value)[: len(FIRST)] == FIRST
    assert (value["page"], value["labels"], value["alerts"], value["store"]) == ("/a.html", 2, ["no"], "captures")
    assert set(value) == {*Look.__dataclass_fields__, "page", "labels", "alerts", "store"}
    assert WatchResult(store="captures", look=QUIET).to_json()["page"] is None


def test_an_alarm_or_a_broken_promise_alarms() -> None:
    assert not WatchResult(store="", look=QUIET).alarmed
    for found in (
        {"alarms": (ALARM,)},
        {"promise": Promise(asked=0.05, broken=True, evidence={})},
    ):
        look = Look(bundle="ab", exchanges=3, lost=0, first=None, last=None, **found)  # type: ignore[arg-type]
        assert WatchResult(store="", look=look).alarmed


def test_the_short_text_has_the_accuracy_and_the_page_if_there_are_any(tmp_path: Path) -> None:
    accuracy = LiveAccuracy(value=0.9, low=0.8, high=0.95, audited=40)
    look = Look(bundle="ab", exchanges=3, lost=0, first=None, last=None, accuracy=accuracy)
    text = repr(WatchResult(store="captures", look=look, page=tmp_path / "a.html"))
    assert text == f"WatchResult(exchanges=3, alarms=0, lost=0, accuracy=0.9, page={str(tmp_path / 'a.html')!r})"
    assert repr(WatchResult(store="captures", look=QUIET)) == "WatchResult(exchanges=3, alarms=0, lost=1)"
