"""The mix of classes is reported beside that of the training."""

import pytest

from discern.watching.drift.class_mix import count_classes, describe_mix, difference


def test_shares_stand_beside_those_of_the_training_the_most_frequent_first() -> None:
    mix = describe_mix(
        count_classes(["pear", "pear", "apple", "pear"]), ("apple", "pear", "plum"), {"apple": 30, "pear": 10}
    )
    assert mix == (
        {"label": "pear", "exchanges": 3, "share": 0.75, "trained": 0.25},
        {"label": "apple", "exchanges": 1, "share": 0.25, "trained": 0.75},
        {"label": "plum", "exchanges": 0, "share": 0.0, "trained": 0.0},
    )
    assert difference(mix) == pytest.approx(0.5)


def test_nothing_was_predicted_yet() -> None:
    mix = describe_mix({}, ("apple",), {})
    assert mix == ({"label": "apple", "exchanges": 0, "share": 0.0, "trained": 0.0},)


def test_a_label_of_an_earlier_name_is_listed_too() -> None:
    assert [each["label"] for each in describe_mix({"old": 2}, ("apple",), {"apple": 1})] == ["old", "apple"]
