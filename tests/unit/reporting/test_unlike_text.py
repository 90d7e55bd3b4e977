"""Sentences on unlike pictures: quiet without an alarm, and a warning with one."""

from discern.evaluating import Metrics
from discern.reporting.unlike_text import describe_alarm, describe_unlike, describe_unmeasured


def metrics(*, alarm: bool, share: float = 1.0, **accuracy) -> Metrics:
    unlike = {"value": 0.51, "low": 0.44, "high": 0.58, "share": share, "alarm": alarm} | accuracy
    evidence = {"ordinary": 0.97, "fall": 0.46, "controls": [0.1, 0.14], "clusters": 32}
    return Metrics.from_json({"accuracy": {"unlike": unlike}, "unlike": evidence})


def plain(text: str) -> str:
    return text.replace("\N{NO-BREAK SPACE}", " ")


def test_the_figure_is_one_sentence_that_says_that_it_is_pessimistic():
    text = plain(describe_unlike(metrics(alarm=False)))
    assert text.startswith("On pictures unlike any it learned from, it is correct 51.0 % of the time (44.0 to 58.0 %).")
    assert "pessimistic" in text
    assert "97.0 %" in text
    assert describe_alarm(metrics(alarm=False)) is None


def test_the_alarm_states_both_falls_and_the_remedy():
    alarm = describe_alarm(metrics(alarm=True))
    assert "loses 46 points" in alarm.text
    assert "would lose 12" in alarm.text
    assert "--group-by" in alarm.remedy
    assert "“group”" in alarm.remedy


def test_a_figure_of_some_classes_says_so():
    assert "in the classes of 60 % of the pictures" in plain(describe_unlike(metrics(alarm=False, share=0.6)))


def test_without_a_figure_nothing_is_said():
    assert describe_unlike(Metrics.from_json({})) == ""
    assert describe_unlike(metrics(alarm=False, value=None)) == ""
    assert describe_alarm(Metrics.from_json({})) is None


def test_a_missing_figure_is_explained_with_what_it_means():
    text = describe_unmeasured(metrics(alarm=False, value=None, note="too few groups"))
    assert text.startswith(
        "The accuracy on pictures unlike any it learned from was not measured: too few groups. So no"
    )
    assert describe_unmeasured(metrics(alarm=False)) == ""
    assert describe_unmeasured(Metrics.from_json({})) == ""
