"""A look and its parts are JSON-serialisable, with their attributes as keys."""

import json

from discern.watching.looks.look import Alarm, Cluster, LiveAccuracy, Look, Promise

ALARM = Alarm(kind="size", since="2026-11-30", evidence={"against": 30.0}, examples=("a", "b"), message="Smaller.")
LOOK = Look(
    bundle="ab",
    exchanges=3,
    lost=1,
    first="2026-11-29",
    last="2026-11-30",
    alarms=(ALARM,),
    accuracy=LiveAccuracy(value=0.9, low=0.8, high=0.95, audited=40),
    promise=Promise(asked=0.05, broken=False, evidence={"wrong": 1}),
    clusters=(Cluster(ids=("a", "b"), message="2 pictures look alike."),),
    to_audit=("c",),
    waiting=7,
    classes=({"label": "x", "exchanges": 3, "share": 1.0, "trained": 0.5},),
    notes=("A note.",),
)


def test_a_look_is_json() -> None:
    value = json.loads(json.dumps(LOOK.to_json(), allow_nan=False))
    assert value.keys() == set(Look.__dataclass_fields__)
    assert value["accuracy"] == {"value": 0.9, "low": 0.8, "high": 0.95, "audited": 40}
    assert value["promise"] == {"asked": 0.05, "broken": False, "evidence": {"wrong": 1}}
    assert value["clusters"] == [{"size": 2, "ids": ["a", "b"], "message": "2 pictures look alike."}]
    assert value["alarms"][0]["examples"] == ["a", "b"]
    assert value["waiting"] == 7


def test_a_look_at_nothing_is_json() -> None:
    value = Look(bundle="ab", exchanges=0, lost=0, first=None, last=None).to_json()
    assert (value["accuracy"], value["promise"], value["alarms"], value["first"]) == (None, None, [], None)
