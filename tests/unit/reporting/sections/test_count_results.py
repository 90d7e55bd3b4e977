"""The section on predicted numbers, for ordered and for nominal classifiers."""

import pytest

from discern.evaluating import Metrics
from discern.reporting.sections.count_results import describe_counts
from discern.reporting.verdict import notes
from tests.unit.reporting.factories import extras_for, interval_json


def metrics(gain: dict, *, labels: tuple[str, ...] | None = None) -> Metrics:
    counts = {
        "mae": interval_json(1.4, 1.3, 1.5),
        "rmse": interval_json(1.8, 1.6, 2.0),
        "within_one": interval_json(0.6, 0.5, 0.7),
        "constant_mae": interval_json(1.2, 1.1, 1.3),
        "constant": "3",
        "gain": gain,
    }
    ordered = None if labels is None else extras_for(labels)["ordered"]
    return Metrics.from_json({"counts": counts, "ordered": ordered})


WORSE = interval_json(-0.2, -0.3, -0.1)


def test_a_nominal_classifier_of_numbers_has_the_section():
    described = describe_counts(metrics(WORSE))
    assert described.constant == "3"
    assert [line.value for line in described.mean_distances] == ["1.40", "1.20"]
    assert described.gain == (
        "It is farther from the truth than the constant prediction, by 0.20 on average (95 % interval 0.10 to 0.30): "
        "the constant prediction is better."
    )
    assert [row[0] for row in described.metrics] == ["At most 1 off", "Root mean squared error"]


@pytest.mark.parametrize(
    ("gain", "title"),
    [
        (WORSE, "Always answering “3” is better"),
        (interval_json(-0.2, -0.5, 0.1), "No better than always answering “3”"),
        (interval_json(-0.2), "No better than always answering “3”"),
        (interval_json(0.2, -0.1, 0.5), "Perhaps no better than always answering “3”"),
    ],
)
def test_a_classifier_that_may_be_worse_than_the_constant_is_warned_about(gain, title):
    (note,) = (note for note in notes(metrics(gain), {}, ()) if "always answering" in note.title.lower())
    assert note.title == title
    assert note.warning
    assert "off by 1.40 on average; always answering “3” is off by 1.20" in note.text


def test_a_better_classifier_is_not_warned_about():
    assert not any("answering" in note.title for note in notes(metrics(interval_json(0.5, 0.3, 0.7)), {}, ()))


def test_ordered_labels_in_steps_of_one_are_not_shown_twice():
    assert describe_counts(metrics(WORSE, labels=("1", "2", "3"))) is None
    assert describe_counts(metrics(WORSE, labels=("0", "5", "10"))) is not None
    assert describe_counts(metrics(WORSE, labels=("ash", "birch", "cedar"))) is not None


def test_other_labels_have_no_section():
    assert describe_counts(Metrics.from_json({})) is None
