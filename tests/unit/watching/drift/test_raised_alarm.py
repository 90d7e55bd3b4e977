"""An alarm says what has changed and since when, and keeps its best examples."""

import json

from discern.watching.drift.raised_alarm import MOST_EXAMPLES, PICTURES, RaisedAlarm


def make(kind: str = "confidence", side: int = -1, median: float | None = 0.7) -> RaisedAlarm:
    reference = None if median is None else 0.95
    return RaisedAlarm(
        kind=kind, side=side, start=3, since=1.8e9, against=50.0, after=90, median=median, reference=reference
    )


def test_the_message_names_the_change_its_time_and_its_size() -> None:
    alarm = make().to_alarm(threshold=40.0)
    assert alarm.message == (
        "Predictions are less confident since about 2027-01-15T08:00:00+00:00: their median is 0.7 instead of 0.95."
    )
    assert alarm.since == "2027-01-15T08:00:00+00:00"
    assert alarm.evidence == {
        "against": 50.0,
        "threshold": 40.0,
        "exchanges": 90,
        "median": 0.7,
        "reference": 0.95,
        "side": -1,
    }


def test_the_alarm_of_pictures_shows_the_nearest_ones() -> None:
    raised = make(PICTURES, 1, None)
    raised.merge([(2.0, "b", {"pictures": [7]}), (3.0, "a", {"pictures": [9]})])
    alarm = raised.to_alarm(threshold=40.0)
    assert alarm.examples == ("a", "b")
    assert alarm.evidence["nearest"] == [{"pictures": [9]}, {"pictures": [7]}]
    assert "look different" in alarm.message


def test_the_most_extreme_examples_stay_once_each() -> None:
    alarm = make()
    alarm.merge([(float(each), f"{each:02}", {}) for each in range(20)])
    alarm.merge([(18.5, "new", {}), (19.0, "19", {}), (-1.0, "low", {})])
    names = [name for _, name, _ in alarm.found]
    assert names[:3] == ["19", "new", "18"]
    assert len(names) == len(set(names)) == MOST_EXAMPLES


def test_an_alarm_survives_json() -> None:
    alarm = make()
    alarm.merge([(1.0, "a", {"x": 1})])
    again = RaisedAlarm.from_json(json.loads(json.dumps(alarm.to_json())))
    assert again == alarm
