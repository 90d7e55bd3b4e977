"""What to do next: concrete, few, the most useful first."""

from discern.evaluating import Metrics
from discern.reporting.sections.next_steps import MOST, next_steps
from tests.unit.reporting.factories import between, extras_for, figures_json, policy_for

GOOD = {"accuracy": {"leak_free": between(0.9, 0.87, 0.93)}}
LABELS = ("ash", "birch", "cedar")


def steps(metrics: dict, faults: dict | None = None, anchors: dict | None = None) -> list[tuple[str, str, str]]:
    return [
        (step.title, step.text.replace("\N{NO-BREAK SPACE}", " "), step.anchor)
        for step in next_steps(Metrics.from_json(GOOD | metrics), faults or {}, anchors or {})
    ]


def titles(metrics: dict, faults: dict | None = None) -> list[str]:
    return [title for title, _, _ in steps(metrics, faults)]


def test_with_nothing_to_mend_it_is_to_be_tried():
    ((title, text, anchor),) = steps({})
    assert title == "Try it on pictures of your own"
    assert "discern evaluate" in text
    assert anchor == ""


def test_there_are_five_at_most_and_the_gravest_come_first():
    metrics = extras_for(LABELS) | {"baselines": {"mean_colour": between(0.89, 0.85, 0.92)}}
    metrics |= {"policy": policy_for(t_accept=None, needed=30)}
    faults = {"label_conflict": 2, "likely_wrong_label": 9, "shortcut": 1, "near_copy": 7, "small_class": 1}
    told = steps(metrics, faults)
    assert len(told) == MOST
    assert [title for title, _, _ in told] == [
        "Doubt it for now",
        "Decide on 2 pictures with two labels",
        "Look through 9 labels that are probably wrong",
        "Add at least 30 independent pictures, so that answers may stand alone",
        "Add pictures: about 30 to 80 of “common ash”",
    ]
    assert "the mean colour alone does about as well" in told[0][1]
    assert told[0][2] == "fault-shortcut"


def test_a_shortcut_is_to_be_broken():
    assert steps({}, {"shortcut": 2})[0][2] == "fault-shortcut"


def test_few_groups_are_said():
    told = steps({"accuracy": {"leak_free": between(0.9)}})
    assert "At least 20 scenes" in told[0][1]


def test_the_worst_mix_up_leads_to_its_class():
    confused = [{"truth": "ash", "predicted": "elm", "count": 7, "share": 0.2}]
    ((title, text, anchor),) = steps({"figures": figures_json(confused=confused)}, anchors={"ash": "class-0"})
    assert title == "Compare “ash” with “elm”"
    assert "20.0 % of the time" in text
    assert anchor == "class-0"


def test_a_rare_mix_up_is_not_made_much_of():
    confused = [{"truth": "ash", "predicted": "elm", "count": 1, "share": 0.2}]
    assert titles({"figures": figures_json(confused=confused)}, {"near_copy": 12}) == ["Go through the 12 findings"]


def test_findings_told_already_are_not_counted_again():
    assert titles({}, {"near_copy": 12, "label_conflict": 1}) == [
        "Decide on 1 picture with two labels",
        "Go through the other 12 findings",
    ]


def test_classes_that_could_not_be_judged_want_a_second_object():
    assert titles({"split": {"unjudged": ["elm", "oak"]}}) == [
        "Take pictures of a second object or film of elm and oak"
    ]


def test_a_gate_that_lets_strangers_in_wants_more_of_them():
    gate = extras_for(LABELS)["gate"]
    assert titles({"gate": gate}) == ["Add pictures of what is none of the classes"]
    assert titles({"gate": gate | {"rejected": between(0.9, 0.8, 0.95)}}) == ["Try it on pictures of your own"]


def test_a_kept_promise_and_a_flat_curve_ask_for_nothing():
    curve = extras_for(LABELS)["learning_curve"] | {"flat": True}
    assert titles({"policy": policy_for(), "learning_curve": curve}) == ["Try it on pictures of your own"]


def test_a_mix_up_wants_no_more_pictures_where_these_would_not_help():
    confused = [{"truth": "ash", "predicted": "elm", "count": 7, "share": 0.2}]
    metrics = {"figures": figures_json(confused=confused)}
    assert "More pictures of both" in steps(metrics)[0][1]
    assert "More pictures" not in steps(metrics | {"learning_curve": {"flat": True}})[0][1]


def test_what_most_findings_are_is_said():
    ((_, text, _),) = steps({}, {"exact_copy": 936, "near_copy": 22})
    assert text.startswith("Mostly “Exact copies”.")
    assert steps({}, {"upside_down": 1})[0][1].startswith("All “upside_down”.")
