"""Looks and erasures are described in plain lines."""

from typing import Any

from discern.cli.watch_lines import describe_forgotten, describe_look

LOOK: dict[str, Any] = {
    "exchanges": 1234,
    "lost": 0,
    "alarms": [],
    "accuracy": None,
    "promise": None,
    "clusters": [],
    "to_audit": [],
    "page": None,
    "first": "2026-11-20T10:00:00+00:00",
    "last": "2026-11-30T10:00:00+00:00",
    "estimated": None,
    "classes": [],
    "labels": 0,
    "waiting": 0,
    "notes": [],
}


def test_a_quiet_look_takes_two_lines() -> None:
    assert list(describe_look(LOOK)) == [
        "1,234 exchanges, from 2026-11-20T10:00:00+00:00 to 2026-11-30T10:00:00+00:00",
        "no alarm",
    ]


def test_everything_that_was_found_is_said() -> None:
    alarm = {"kind": "brightness", "since": "2026-11-24", "message": "They are darker.", "examples": ["a", "b"]}
    promise = {"asked": 0.05, "broken": True, "evidence": {"wrong": 9, "audited": 60}}
    found = LOOK | {
        "lost": 3,
        "alarms": [alarm],
        "accuracy": {"value": 0.9, "low": 0.85, "high": 0.9432, "audited": 120},
        "estimated": {"value": 0.91, "reference": 0.95},
        "promise": promise,
        "clusters": [{"message": "12 pictures look alike: a new class?", "ids": ["c", "d"]}],
        "classes": [{"label": "tench", "exchanges": 1000}, {"label": "church", "exchanges": 0}],
        "labels": 4,
        "to_audit": ["e"],
        "waiting": 7,
        "notes": ["A note."],
        "page": "/tmp/page.html",
    }
    lines = list(describe_look(found))
    assert lines[0].endswith("; 3 lost")
    assert "no alarm" not in lines
    for line in (
        "ALARM brightness: They are darker.",
        "  such as: a, b",
        "accuracy from 120 audits: 90.0 % (85.0 to 94.3 %)",
        "accuracy estimated without labels: 91.0 % (held-out pictures: 95.0 %)",
        "promise of at most 5 % wrong: BROKEN (9 wrong of 60 audited)",
        "12 pictures look alike: a new class?  such as: c, d",
        "classes: tench 1,000",
        "labels read: 4",
        "waiting for a label: 7, such as e",
        "A note.",
        "page: /tmp/page.html",
    ):
        assert line in lines


def test_an_erasure_says_what_and_where() -> None:
    value = {"store": "captures", "exchanges": 1, "feedback": 2, "pictures": 1, "bytes": 1_500_000}
    assert list(describe_forgotten(value)) == ["erased: 1 exchanges, 2 labels, 1 pictures (1.50 MB) from captures"]
