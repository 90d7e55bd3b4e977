"""The monitor's words: what has changed, since when, and figures that overstate nothing."""

from pathlib import Path
from typing import Any

import pytest

from tests.unit.serving.page.node import run

DAY = 86_400
NOW = 1_780_311_600  # Monday 2026-06-01, 11:00 UTC
IMPORTS = 'process.env.TZ = "UTC"; const w = await import("./monitor/wording.js");'


def evaluate(folder: Path, expression: str, given: Any = None) -> Any:
    return run(folder, f"{IMPORTS} made = {expression};", given)


def figures(*, look: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    published = look and {"taken": NOW, "succeeded": NOW, "error": "", "look": look}
    return {"exchanges": 100, "lost": 0, "now": NOW, "look": published} | more


def look(*alarms: tuple[str, str], signals: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    found = [{"kind": kind, "since": since, "evidence": {}, "examples": [], "message": ""} for kind, since in alarms]
    return {"alarms": found, "signals": signals or [], "exchanges": 1234}


def changed(kind: str, since: str) -> dict[str, Any]:
    return figures(look=look((kind, since)))


def summary(folder: Path, given: dict[str, Any]) -> Any:
    return evaluate(folder, "w.summary(given)", given)


def test_a_quiet_store_is_called_quiet(tmp_path: Path) -> None:
    found = summary(tmp_path, figures(look=look()))
    assert (found["state"], found["headline"]) == ("quiet", "All quiet.")
    assert found["note"] == "1,234 pictures looked at, and no sign of a change."


def test_the_first_alarm_gives_the_day_and_the_signal_its_direction(tmp_path: Path) -> None:
    signals = [
        {"name": "brightness", "against": 500, "median": 0.3, "reference": 0.5},
        {"name": "size", "against": 500, "median": 900, "reference": 500},
    ]
    given = look(("size", "2026-05-31T10:00:00Z"), ("brightness", "2026-05-28T08:00:00Z"), signals=signals)
    found = summary(tmp_path, figures(look=given))
    assert found["state"] == "changed"
    assert found["headline"] == "Something changed since Thursday: pictures are larger, and pictures are darker."


@pytest.mark.parametrize(
    ("given", "headline"),
    [
        (figures(exchanges=0), "Nothing has been captured yet."),
        (figures(), "Captured, and not looked at yet."),
        (changed("promise", "2026-06-01T10:00:00Z"), "since 10:00 today: the promise is broken."),
        (changed("pictures", "nonsense"), "Something changed: pictures look different."),
        (changed("brightness", "2026-05-31T10:00:00Z"), "since 10:00 yesterday: brightness has changed."),
        (changed("fog", "2025-01-02T00:00:00Z"), "since 2 January 2025: “fog” has changed."),
    ],
)
def test_each_state_has_its_headline(tmp_path: Path, given: dict[str, Any], headline: str) -> None:
    assert summary(tmp_path, given)["headline"].endswith(headline)


def test_losses_and_failures_are_named_beside_any_state(tmp_path: Path) -> None:
    lost = summary(tmp_path, figures(look=look(), lost=2))
    assert lost["note"].endswith("2 exchanges could not be kept.")
    failed = figures(look=look())
    failed["look"]["error"] = "The database is down."
    (tmp_path / "second").mkdir()
    assert "The newest look failed: The database is down." in summary(tmp_path / "second", failed)["note"]


def test_shares_and_odds_overstate_nothing(tmp_path: Path) -> None:
    given = [0.999, 0.0001, 1, 0, 0.936]
    shares = evaluate(tmp_path, "given.map((each) => w.shareText(each))", given)
    assert [each.replace("\u202f", " ") for each in shares] == ["over 99 %", "under 1 %", "100 %", "0 %", "94 %"]
    (tmp_path / "second").mkdir()
    odds = evaluate(tmp_path / "second", "given.map((each) => w.oddsText(each))", [None, 1.0, 1.99, 2.5, 812.4, 1e9])
    assert odds == ["not measured yet", "none", "none", "2.5 to one", "812 to one", "over a million to one"]


def test_durations_and_ages_have_a_unit(tmp_path: Path) -> None:
    found = evaluate(tmp_path, "[0.0002, 0.0137, 1.26].map((each) => w.durationText(each))")
    assert [each.replace("\u202f", " ") for each in found] == ["1 ms", "14 ms", "1.3 s"]
    (tmp_path / "second").mkdir()
    ages = evaluate(tmp_path / "second", "given.map((each) => w.ageText(each))", [10, 600, 7200, 3 * DAY])
    assert ages == ["a minute ago", "10 minutes ago", "2 hours ago", "3 days ago"]
